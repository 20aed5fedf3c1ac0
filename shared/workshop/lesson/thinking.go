package lesson

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// thinkSpans finds a subject without a think span below the microservice's span.
func thinkSpans(s *story) *Finding {
	var thinking time.Duration
	for _, subject := range s.subjects {
		expected := fmt.Sprintf("Below the microservice's span there is a think span with the tag subject:%s.", subject)
		think := s.think(subject)
		switch {
		case think == nil:
			return s.withoutThink(expected, subject)
		case s.below(think, s.thinker):
		case think.TraceID != s.thinker.TraceID:
			return s.finding(expected, "The think span started a trace of its own.",
				s.Code.likely("thinker", thinkApart, thinkApartClues...),
				mark{s.thinker, "no think span below it"}, mark{think, "no parent"})
		case s.parent(think) != nil:
			return s.finding(expected, fmt.Sprintf("The think span is below %s.", named(s.parent(think))),
				"think starts its span from another context. Pass it the ctx that respond gets from r.Context().",
				mark{think, "not below the microservice's span"})
		default:
			return s.finding(expected, "The think span is in the trace, but its parent is missing.",
				missingParent,
				mark{think, "its parent is missing"})
		}
		thinking += think.Duration
	}
	// A span that doesn't cover the wait takes microseconds of half a second.
	if s.thinker.Duration >= 20*time.Millisecond && thinking < s.thinker.Duration/4 && len(s.subjects) > 0 && !s.cached() {
		think := s.think(s.subjects[0])
		return s.finding("The think span lasts as long as think does.",
			fmt.Sprintf("It took %s, and the microservice's span took %s.", format.Duration(thinking),
				format.Duration(s.thinker.Duration)),
			"The span ends before the wait, because span.Finish is called without defer. Or it starts after the wait.",
			mark{think, "too short"})
	}
	return nil
}

// thinkApart is the likely reason why a think span started another trace, if no clue shows
// the reason.
const thinkApart = "think starts its span from a context that doesn't have the microservice's span. " +
	"Follow ctx from the handler to think: each call has to pass it on."

var thinkApartClues = []clue{
	{has: `StartSpanFromContext\(context\.`,
		cause: "think starts its span from context.Background(), which has no span. " +
			"Use the ctx that think gets: tracer.StartSpanFromContext(ctx, …)."},
	{has: `tracer\.StartSpan\("think"`, cause: "tracer.StartSpan starts a new trace. " +
		"Use tracer.StartSpanFromContext(ctx, …)."},
	{has: `handle\(r\)`, cause: "traced doesn't pass on the context with its span. " +
		"Give the handler the request with that context: handle(r.WithContext(ctx))."},
}

// withoutThink describes what came in place of a missing think span.
func (s *story) withoutThink(expected, subject string) *Finding {
	for _, span := range s.spans {
		switch {
		case isThink(span) && span.Meta["subject"] == "":
			return s.finding(expected, "There is a think span, but it has no tag named subject.",
				`Set the tag when you start the span: tracer.Tag("subject", subject).`,
				mark{span, "no subject tag"})
		case isThink(span) && !slices.Contains(s.subjects, span.Meta["subject"]):
			return s.finding(expected, fmt.Sprintf("There is a think span with the tag subject:%s.",
				format.Printable(span.Meta["subject"], 80)),
				"The value of the tag has to be the subject that this call of think is about.",
				mark{span, "another subject"})
		case span.Meta["subject"] == subject:
			return s.finding(expected, fmt.Sprintf("The tag is on %s.", named(span)),
				"The span has another operation name. Name it think when you start it.",
				mark{span, "not named think"})
		}
	}
	return s.finding(expected, "There is no think span.",
		"think in thinker/main.go doesn't start a span (tracer.StartSpanFromContext), or it never finishes the span.",
		mark{s.thinker, "no think span below it"})
}

// cached reports whether every subject came from Redis, without a query. A request
// that failed before its query isn't a hit.
func (s *story) cached() bool {
	return (s.Status == 0 || s.Status == http.StatusOK) && s.first(isRedis) != nil && s.first(isQuery) == nil
}

// errorOnThink finds an unknown subject whose think span isn't an error, or isn't
// the only one.
func errorOnThink(s *story) *Finding {
	const expected = "For an unknown subject, the response is a 200 with the reason \"Subject unknown\". " +
		"Its think span is an error with a type and a message, and no other span is."
	failing := map[*apm.Span]bool{}
	for _, subject := range s.subjects {
		if known(subject) {
			continue
		}
		if answer, ok := s.answer(subject); ok && (!answer.Error || answer.Reason != "Subject unknown") {
			return s.finding(expected, "The response is "+format.Printable(s.Body, 300),
				`When think returns an unknownSubject error, respond in thinker/main.go has to set the reason "Subject unknown".`)
		}
		failing[s.think(subject)] = true
	}
	var wrong, missing []mark
	for _, span := range s.spans {
		switch {
		case failing[span] && !span.Error:
			missing = append(missing, mark{span, "should be an error"})
		case span.Error && !failing[span]:
			wrong = append(wrong, mark{span, "should not be an error"})
		}
	}
	switch {
	case len(wrong) > 0 && len(missing) > 0:
		return s.finding(expected, fmt.Sprintf("%s is an error, and the think span isn't.", sentence(named(wrong[0].span))),
			"Your code sets the error on the caller's span. Set it on the span that think starts: "+
				"span.Finish(tracer.WithError(err)).",
			append(wrong, missing...)...)
	case len(wrong) > 0:
		return s.finding(expected, fmt.Sprintf("%s is an error too.", sentence(named(wrong[0].span))),
			"The caller got a normal response, so the request didn't fail. Only a status of 500 or more makes it an error.",
			wrong...)
	case len(missing) > 0:
		cause := s.Code.likely("thinker", "think finishes its span without the error. Give think's result the name err, "+
			"and finish the span in a deferred function: span.Finish(tracer.WithError(err)).",
			clue{has: `defer span\.Finish\(tracer\.WithError\(err\)\)`,
				cause: "A defer statement evaluates its arguments at once, " +
					"and err is still nil there. Put the call into a deferred function, and give think's result the name err."})
		return s.finding(expected, "No span is an error.", cause, missing...)
	}
	for span := range failing {
		if span.ErrorType() == "" || span.ErrorMessage() == "" {
			return s.finding(expected, "The think span is an error without a type and a message.",
				"Your code tells the span only that something failed. Pass the error itself: span.Finish(tracer.WithError(err)).",
				mark{span, "no type and no message"})
		}
	}
	return nil
}
