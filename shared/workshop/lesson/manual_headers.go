package lesson

import (
	"fmt"

	"thinker/shared/apm"
)

// manualHeaders is lesson 2: the api names its span in two headers, and the
// thinker goes on below it.
func manualHeaders() []Expectation {
	war := []string{"/think/?subject=war"}
	return []Expectation{
		{
			ID: "one-trace", Says: "One request is one trace, which crosses both services.", Asks: war,
			judge: byLast(anySubject, oneTrace),
		},
		{
			ID: "thinker-below-api", Says: "The thinker's span hangs below the span of the api that called it.", Asks: war,
			judge: byLast(anySubject, thinkerBelowAPI, oneTrace),
		},
		{
			ID: "think-below-thinker", Says: "Below the thinker's span, each subject has its think span.", Asks: war,
			judge: byLast(anySubject, thinkSpans, apiSpan, thinkerSpan),
		},
		{
			ID: "error-on-think", Says: "An unknown subject is an error on its think span, and only there; the caller is answered 200.",
			Asks:  []string{"/think/?subject=peace"},
			judge: byLast(someUnknown, firstOf(answered, errorOnThink), apiSpan, thinkerSpan, thinkSpans),
		},
	}
}

// entered finds what keeps both services from having a span for the request.
func entered(s *story) *Finding { return firstOf(answered, apiSpan, thinkerSpan)(s) }

// oneTrace finds why the thinker's span is not in the api's trace.
func oneTrace(s *story) *Finding {
	if finding := entered(s); finding != nil {
		return finding
	}
	if s.api.TraceID == s.thinker.TraceID {
		return nil
	}
	instead := "thinker-microservice began a trace of its own: its span has no parent."
	if s.thinker.ParentID != 0 {
		instead = fmt.Sprintf("thinker-microservice went on with a trace that is not the api's: its span says trace %d and parent %d.", s.thinker.TraceID, s.thinker.ParentID)
	}
	return s.finding("The thinker's span is in the api's trace.", instead, s.whyApart(),
		mark{s.api, fmt.Sprintf("trace %d", s.api.TraceID)}, mark{s.thinker, fmt.Sprintf("trace %d", s.thinker.TraceID)})
}

// thinkerBelowAPI finds why the thinker's span, in the api's trace, is not below
// the api's span.
func thinkerBelowAPI(s *story) *Finding {
	const expected = "The thinker's span is below the span that the api had open when it called."
	if !s.below(s.thinker, s.api) {
		says := fmt.Sprintf("its parent is said to be %d", s.thinker.ParentID)
		if s.thinker.ParentID == 0 {
			says = "no parent"
		}
		instead := fmt.Sprintf("It names a parent, %d, that is no span of this trace.", s.thinker.ParentID)
		switch parent := s.parent(s.thinker); {
		case s.thinker.ParentID == 0:
			instead = "It has the trace's ID, but no parent."
		case parent != nil:
			instead = fmt.Sprintf("It is below %s.", named(parent))
		}
		return s.finding(expected, instead, s.whyNotBelow(), mark{s.thinker, says}, mark{s.api, fmt.Sprintf("span %d", s.api.SpanID)})
	}
	for span := s.parent(s.thinker); span != s.api; span = s.parent(span) {
		if outlived(span, s.thinker) {
			return s.finding(expected, fmt.Sprintf("Its parent, %s, had ended before the thinker had answered: after %s.", named(span), apm.FormatDuration(span.Duration)),
				"The span that the headers name is finished before the request is sent. Finish it when the answer has come.",
				mark{span, "ended too soon"})
		}
	}
	return nil
}
