package lesson

import (
	"fmt"
	"slices"
	"time"

	"thinker/shared/apm"
)

// thinkSpans finds a subject without a span for its thinking, below the thinker's.
func thinkSpans(s *story) *Finding {
	var thinking time.Duration
	for _, subject := range s.subjects {
		expected := fmt.Sprintf("Below the thinker's span there is a span think with the tag subject:%s.", subject)
		think := s.think(subject)
		switch {
		case think == nil:
			return s.thoughtless(expected, subject)
		case s.below(think, s.thinker):
		case think.TraceID != s.thinker.TraceID:
			return s.finding(expected, "think began a trace of its own.",
				"Its span is started by tracer.StartSpan, or with a context that does not carry the thinker's: context.Background(), or that of a request that traced has not passed on (r.WithContext).",
				mark{s.thinker, "no think below it"}, mark{think, "nothing above it"})
		case s.parent(think) != nil:
			return s.finding(expected, fmt.Sprintf("think is below %s.", named(s.parent(think))),
				"Its span is started with another context than that of the request to the thinker.",
				mark{think, "not below the thinker's span"})
		default:
			return s.finding(expected, "think is in the trace, but its parent is not the thinker's span.",
				"The span is not started from the context that carries the thinker's: tracer.StartSpanFromContext(ctx, …).",
				mark{think, "not below the thinker's span"})
		}
		thinking += think.Duration
	}
	// A span that is not around the thinking takes microseconds of half a second.
	if s.thinker.Duration >= 20*time.Millisecond && thinking < s.thinker.Duration/4 && len(s.subjects) > 0 && !s.remembered() {
		think := s.think(s.subjects[0])
		return s.finding("think lasts as long as the thinking does.",
			fmt.Sprintf("It took %s of the thinker's %s.", apm.FormatDuration(thinking), apm.FormatDuration(s.thinker.Duration)),
			"The span is finished before the thinking: span.Finish without defer, or the span is started after it.",
			mark{think, "ended too soon"})
	}
	return nil
}

// thoughtless says what there is in the place of a missing think span.
func (s *story) thoughtless(expected, subject string) *Finding {
	for _, span := range s.spans {
		switch {
		case isThink(span) && span.Meta["subject"] == "":
			return s.finding(expected, "A span think came, but without the tag subject.",
				`The tag is given when the span is started, tracer.Tag("subject", subject), or later by span.SetTag.`,
				mark{span, "no tag subject"})
		case isThink(span) && !slices.Contains(s.subjects, span.Meta["subject"]):
			return s.finding(expected, fmt.Sprintf("A span think came with the tag subject:%s.", apm.Printable(span.Meta["subject"], 80)),
				"The tag subject must be the one subject that is thought about.",
				mark{span, "another subject"})
		case span.Meta["subject"] == subject:
			return s.finding(expected, fmt.Sprintf("The tag is on %s.", named(span)),
				"The operation's name, given when the span is started, must be think.",
				mark{span, "not called think"})
		}
	}
	return s.finding(expected, "There is no such span.",
		"think in thinker/main.go starts no span (tracer.StartSpanFromContext), or never finishes it.",
		mark{s.thinker, "no think below it"})
}

// remembered tells that nobody had to think: a database was not asked, Redis was.
func (s *story) remembered() bool { return s.first(isRedis) != nil && s.first(isQuery) == nil }

// errorOnThink finds an unknown subject that is not, or not only, an error of its
// think span.
func errorOnThink(s *story) *Finding {
	const expected = "For an unknown subject the answer is 200 with \"Subject unknown\", and exactly its think span is an error, with a type and a message."
	failing := map[*apm.Span]bool{}
	for _, subject := range s.subjects {
		if known(subject) {
			continue
		}
		if answer, ok := s.answer(subject); ok && (!answer.Error || answer.Reason != "Subject unknown") {
			return s.finding(expected, "The answer is "+apm.Printable(s.Body, 300),
				`answer in thinker/main.go replies with the reason "Subject unknown" where think returns unknownSubject.`)
		}
		failing[s.think(subject)] = true
	}
	var wrong, missing []mark
	for _, span := range s.spans {
		switch {
		case failing[span] && !span.Error:
			missing = append(missing, mark{span, "failed, and does not say so"})
		case span.Error && !failing[span]:
			wrong = append(wrong, mark{span, "an error that is not its own"})
		}
	}
	switch {
	case len(wrong) > 0 && len(missing) > 0:
		return s.finding(expected, fmt.Sprintf("The error is on %s, and not on think.", named(wrong[0].span)),
			"The error is set on the wrong span: the one in a context that came from above, or in the caller. It belongs on the span that think starts, in span.Finish(tracer.WithError(err)).",
			append(wrong, missing...)...)
	case len(wrong) > 0:
		return s.finding(expected, fmt.Sprintf("It is an error of %s as well.", named(wrong[0].span)),
			"An error that was answered is set on a span above as well: only what is answered with 500 and more is a failure of the request.",
			wrong...)
	case len(missing) > 0:
		return s.finding(expected, "No span is an error.",
			"think finishes its span without the error. With defer span.Finish(tracer.WithError(err)) it is taken before there is one: it needs a deferred function, and a named result.",
			missing...)
	}
	for span := range failing {
		if span.ErrorType() == "" || span.ErrorMessage() == "" {
			return s.finding(expected, "think is an error, but does not say which.",
				"The span is only told that it failed. Give it the error itself: span.Finish(tracer.WithError(err)).",
				mark{span, "neither type nor message"})
		}
	}
	return nil
}
