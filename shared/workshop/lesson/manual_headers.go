package lesson

import (
	"fmt"
	"net/http"
	"strconv"

	"thinker/shared/apm/format"
)

// manualHeaders is lesson 2: the api sends its span in two headers, and the
// microservice starts its own span below it.
// See decisions/hand-made-spans.md.
func manualHeaders() judges {
	return judges{
		"one-trace":           byLast(anySubject, oneTrace),
		"thinker-below-api":   judgeBelowAPI,
		"think-below-thinker": byLast(anySubject, thinkSpans, apiSpan, thinkerSpan),
		"error-on-think":      byLast(someUnknown, firstOf(answered, errorOnThink), apiSpan, thinkerSpan, thinkSpans),
	}
}

// The IDs in the headers of a direct request. In the api's own requests both are
// the same number, which hides it when they are swapped.
const (
	directTrace  = 111111111111
	directParent = 222222222222
)

// DirectRequest returns the path and the headers of a request that a check sends
// straight to a step's microservice, or "" if it sends none.
func DirectRequest(step int) (path string, headers http.Header) {
	if step != 2 {
		return "", nil
	}
	return "/?subject=war", http.Header{
		traceHeader: {strconv.Itoa(directTrace)}, parentHeader: {strconv.Itoa(directParent)},
	}
}

// entered finds what keeps both services from having a span for the request.
func entered(s *story) *Finding { return firstOf(answered, apiSpan, thinkerSpan)(s) }

// oneTrace finds the reason that the microservice's span isn't in the api's trace.
func oneTrace(s *story) *Finding {
	if finding := entered(s); finding != nil {
		return finding
	}
	if s.api.TraceID == s.thinker.TraceID {
		return nil
	}
	instead := "The microservice started a trace of its own: its span has no parent."
	if s.thinker.ParentID != 0 {
		instead = fmt.Sprintf("The microservice continued another trace: its span has the trace ID %d and the "+
			"parent ID %d.", s.thinker.TraceID, s.thinker.ParentID)
	}
	return s.finding("The microservice's span is in the api's trace.", instead, propagation{s}.whyApart(),
		mark{s.api, fmt.Sprintf("trace %d", s.api.TraceID)}, mark{s.thinker, fmt.Sprintf("trace %d", s.thinker.TraceID)})
}

// judgeBelowAPI judges the traces of the requests to the api, then what those can't
// show: whether each header has its own ID on both sides.
func judgeBelowAPI(requests []Request) Verdict {
	verdict := byLast(anySubject, firstOf(thinkerBelowAPI, sentSwapped), oneTrace)(requests)
	if verdict.State != Passed {
		return verdict
	}
	for _, r := range requests {
		if s := newStory(r); r.Direct {
			if finding := directBelow(s); finding != nil {
				return s.verdict(finding)
			}
		}
	}
	return verdict
}

// thinkerBelowAPI finds the reason that the microservice's span, in the api's trace,
// isn't below the api's span.
func thinkerBelowAPI(s *story) *Finding {
	const expected = "The microservice's span is below the span that the api had open when it sent the request."
	if !s.below(s.thinker, s.api) {
		says := fmt.Sprintf("parent %d", s.thinker.ParentID)
		instead := fmt.Sprintf("Its parent ID is %d, and no span in this trace has that ID.", s.thinker.ParentID)
		switch parent := s.parent(s.thinker); {
		case s.thinker.ParentID == 0:
			says, instead = "no parent", "It has the right trace ID, but no parent."
		case parent != nil:
			instead = fmt.Sprintf("It is below %s.", named(parent))
		}
		return s.finding(expected, instead, propagation{s}.whyNotBelow(), mark{s.thinker, says},
			mark{s.api, fmt.Sprintf("span %d", s.api.SpanID)})
	}
	for span := s.parent(s.thinker); span != s.api; span = s.parent(span) {
		if outlived(span, s.thinker) {
			return s.finding(expected, fmt.Sprintf("Its parent, %s, ended after %s, before the microservice responded.",
				named(span), format.Duration(span.Duration)),
				"The headers carry the ID of a span that is finished before the request is sent. "+
					"Finish it once the response has arrived.",
				mark{span, "too short"})
		}
	}
	return nil
}

const sameNumber = "The traces of your own requests can't show this. The api's span is the root of its trace, and " +
	"a root span's ID equals its trace ID, so both headers carry the same number. "

// sentSwapped finds an api that puts each ID into the header of the other.
func sentSwapped(s *story) *Finding {
	for _, set := range s.Code.headerSets() {
		if set.swapped == "" {
			continue
		}
		return s.finding(fmt.Sprintf("The api sets %s to the trace ID, and %s to the span ID.", traceHeader, parentHeader),
			fmt.Sprintf("%s sets %s to %s.", set.file, set.header, set.swapped),
			sameNumber+fmt.Sprintf("As soon as the api's span has a parent, the two differ. "+
				"Use span.Context().TraceID() for %s, and span.Context().SpanID() for %s.", traceHeader, parentHeader),
			mark{s.api, "trace ID = span ID"})
	}
	return nil
}

// directBelow finds a microservice that mistakes one ID for the other.
func directBelow(s *story) *Finding {
	expected := fmt.Sprintf("A request straight to the microservice has the trace ID %d and the parent ID %d in its "+
		"headers. The microservice's span gets both.", directTrace, directParent)
	if s.thinker == nil {
		return s.finding(expected, "No span arrived for that request.",
			"The microservice never finishes the span of a request that has both headers. "+unfinished)
	}
	trace, parent := s.thinker.TraceID, s.thinker.ParentID
	if trace == directTrace && parent == directParent {
		return nil
	}
	instead := fmt.Sprintf("Its span has the trace ID %d and the parent ID %d.", trace, parent)
	marked := mark{s.thinker, fmt.Sprintf("trace %d, parent %d", trace, parent)}
	cause := "The microservice doesn't use both IDs from the headers. Pass the result of tracer.Extract to tracer.ChildOf."
	switch {
	case trace == directParent && parent == directTrace:
		cause = sameNumber + fmt.Sprintf("The microservice swaps them. Give tracer.Extract the value of %s as "+
			"x-datadog-trace-id, and that of %s as x-datadog-parent-id.", traceHeader, parentHeader)
	case trace == directTrace && parent == directTrace:
		cause = sameNumber + fmt.Sprintf("The microservice uses %s for both. The parent ID is in %s.", traceHeader,
			parentHeader)
	case trace == directParent && parent == directParent:
		cause = sameNumber + fmt.Sprintf("The microservice uses %s for both. The trace ID is in %s.", parentHeader,
			traceHeader)
	}
	return s.finding(expected, instead, cause, marked)
}
