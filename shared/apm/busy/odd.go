package busy

import (
	"math/rand/v2"
	"slices"
	"time"

	"thinker/shared/apm"
)

// An oddity makes a trace odd. rest are spans that are sent long after the others.
type oddity func(random *rand.Rand, spans []apm.Span) (sent, rest []apm.Span)

var oddities = [...]oddity{orphaned, unfinished, circular, ahead, early, twice, late, longRunning, instant, ownParent}

// orphaned lacks a span that others have as their parent.
func orphaned(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	parent := spans[len(spans)-1].ParentID
	return slices.DeleteFunc(spans, func(s apm.Span) bool { return s.SpanID == parent }), nil
}

// unfinished lacks its root, which is still under way.
func unfinished(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	if len(spans) == 1 {
		return spans, nil
	}
	return spans[1:], nil
}

// circular has a root that is below another of its spans.
func circular(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	spans[0].ParentID = spans[len(spans)-1].SpanID
	return spans, nil
}

// ahead has a service whose clock is an hour fast.
func ahead(random *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	return shift(random, spans, time.Hour), nil
}

// early has a service whose spans begin before their parents.
func early(random *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	return shift(random, spans, -35*time.Millisecond), nil
}

// shift sets one service's clock wrong.
func shift(random *rand.Rand, spans []apm.Span, by time.Duration) []apm.Span {
	service := spans[random.IntN(len(spans))].Service
	for i := range spans {
		if spans[i].Service == service {
			spans[i].Start += int64(by)
		}
	}
	return spans
}

// twice has a span that its tracer sent when it was half done, and once more.
func twice(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	half := spans[0]
	half.Duration /= 2
	half.Meta = map[string]string{"env": half.Meta["env"], "partial": "true"}
	return append([]apm.Span{half}, spans...), nil
}

// late has services that send when all others have long done so.
func late(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	middle := len(spans) / 2
	return spans[:middle], spans[middle:]
}

// longRunning has a root that began hours ago.
func longRunning(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	const hours = 5 * time.Hour
	spans[0].Start -= int64(hours)
	spans[0].Duration += hours
	return spans, nil
}

// instant took no time at all, by a clock that ticks seldom.
func instant(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	for i := range spans {
		spans[i].Start, spans[i].Duration = spans[0].Start, 0
	}
	return spans, nil
}

// ownParent has a span that names itself as its parent.
func ownParent(_ *rand.Rand, spans []apm.Span) (sent, rest []apm.Span) {
	last := &spans[len(spans)-1]
	last.ParentID = last.SpanID
	return spans, nil
}
