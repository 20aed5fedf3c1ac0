package lesson

func automaticPropagation() []Expectation {
	return []Expectation{
		{
			ID: "client-span", Says: "The call between the services is a span too: a client span of thinker-api.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "thinker-below-client", Says: "The thinker's span hangs below that client span.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "instrumented-routers", Says: "Each service is entered through an instrumented router, which says so: span.kind is server.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "think-each", Says: "Each subject still has its think span, and an unknown one its error there alone.",
			Asks:  []string{"/think/?subject=technology&subject=foo_bar"},
			judge: notYet,
		},
	}
}
