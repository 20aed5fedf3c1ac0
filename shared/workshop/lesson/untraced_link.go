package lesson

// untracedLink is lesson 1: both services are traced, each by itself.
func untracedLink() []Expectation {
	war := []string{"/think/?subject=war"}
	return []Expectation{
		{
			ID: "api-span", Says: "The request is a span of thinker-api, from its beginning to its answer.", Asks: war,
			judge: byLast(anySubject, firstOf(answered, apiSpan)),
		},
		{
			ID: "thinker-span", Says: "The thinker's part of it is a span of thinker-microservice.", Asks: war,
			judge: byLast(anySubject, thinkerSpan, answered, apiSpan),
		},
		{
			ID: "think-span", Says: "Below that, each subject has a span for the thinking: think, tagged with the subject.", Asks: war,
			judge: byLast(anySubject, thinkSpans, apiSpan, thinkerSpan),
		},
		{
			ID: "two-traces", Says: "They are two traces, as nothing in the request between the services joins them.", Asks: war,
			judge: byLast(anySubject, apart, apiSpan, thinkerSpan),
		},
	}
}

// apart finds services that are joined already.
func apart(s *story) *Finding {
	if s.api.TraceID != s.thinker.TraceID {
		return nil
	}
	return s.finding("Each service has a trace of its own.", "One trace crosses both services: this is lesson 2 already.",
		"The request between the services carries trace headers, and the thinker reads them. Check it with workshop check 2.",
		mark{s.thinker, "in the api's trace"})
}
