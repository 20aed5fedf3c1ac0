package lesson

// untracedLink is lesson 1: both services are traced, but not together.
func untracedLink() []Expectation {
	war := []string{"/think/?subject=war"}
	return []Expectation{
		{
			ID: "api-span", Says: "The request is a span of the service thinker-api, and it lasts until the response.", Asks: war, Given: true,
			judge: byLast(anySubject, firstOf(answered, apiSpan)),
		},
		{
			ID: "thinker-span", Says: "The microservice's part is a span of the service thinker-microservice.", Asks: war,
			judge: byLast(anySubject, thinkerSpan, answered, apiSpan),
		},
		{
			ID: "think-span", Says: "Below that span, each subject has a span named think, tagged with the subject.", Asks: war,
			judge: byLast(anySubject, thinkSpans, apiSpan, thinkerSpan),
		},
		{
			ID: "two-traces", Says: "One request produces two traces, because nothing connects the services yet.", Asks: war, Given: true,
			judge: byLast(anySubject, apart, apiSpan, thinkerSpan),
		},
	}
}

// apart finds services that share a trace already.
func apart(s *story) *Finding {
	if s.api.TraceID != s.thinker.TraceID {
		return nil
	}
	return s.finding("Each service starts its own trace.", "One trace covers both services. That's step 2.",
		"The api sends trace headers, and the microservice reads them. To check this code as step 2, run workshop check 2 --dir with its directory.",
		mark{s.thinker, "in the api's trace"})
}
