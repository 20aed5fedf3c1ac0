package lesson

func manualHeaders() []Expectation {
	return []Expectation{
		{
			ID: "one-trace", Says: "One request is one trace, which crosses both services.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "thinker-below-api", Says: "The thinker's span hangs below the span of the api that called it.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "think-below-thinker", Says: "Below the thinker's span, each subject has its think span.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "error-on-think", Says: "An unknown subject is an error on its think span, and only there; the caller is answered 200.",
			Asks:  []string{"/think/?subject=peace"},
			judge: notYet,
		},
	}
}
