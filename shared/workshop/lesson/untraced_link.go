package lesson

// untracedLink is lesson 1: both services are traced, but not together.
func untracedLink() judges {
	return judges{
		"api-span":     byLast(anySubject, firstOf(answered, apiSpan)),
		"thinker-span": byLast(anySubject, thinkerSpan, answered, apiSpan),
		"think-span":   byLast(anySubject, thinkSpans, apiSpan, thinkerSpan),
		"two-traces":   byLast(anySubject, apart, apiSpan, thinkerSpan),
	}
}

// apart finds services that share a trace already.
func apart(s *story) *Finding {
	if s.api.TraceID != s.thinker.TraceID {
		return nil
	}
	return s.finding("Each service starts its own trace.", "One trace covers both services. That's step 2.",
		"The api sends trace headers, and the microservice reads them. To check this code as step 2, run workshop check "+
			"2 --dir with its directory.",
		mark{s.thinker, "in the api's trace"})
}
