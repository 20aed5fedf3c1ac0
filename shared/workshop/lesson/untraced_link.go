package lesson

func untracedLink() []Expectation {
	return []Expectation{
		{
			ID: "api-span", Says: "The request is a span of thinker-api, from its beginning to its answer.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "thinker-span", Says: "The thinker's part of it is a span of thinker-microservice.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "think-span", Says: "Below that, each subject has a span for the thinking: think, tagged with the subject.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
		{
			ID: "two-traces", Says: "They are two traces, as nothing in the request between the services joins them.",
			Asks:  []string{"/think/?subject=war"},
			judge: notYet,
		},
	}
}
