package tracegen

import (
	"math/rand/v2"
	"slices"
	"time"

	"thinker/shared/apm"
)

// An oddity makes a trace odd. Its tracers send the late spans long after the others.
type oddity func(random *rand.Rand, spans []apm.Span) (sent, late []apm.Span)

func oddities() []oddity {
	// edit returns an oddity that changes spans in place.
	edit := func(change func(random *rand.Rand, spans []apm.Span)) oddity {
		return func(random *rand.Rand, spans []apm.Span) (sent, late []apm.Span) {
			change(random, spans)
			return spans, nil
		}
	}
	// shift sets the clock of one service wrong.
	shift := func(by time.Duration) oddity {
		return edit(func(random *rand.Rand, spans []apm.Span) {
			service := spans[random.IntN(len(spans))].Service
			for i := range spans {
				if spans[i].Service == service {
					spans[i].Start += int64(by)
				}
			}
		})
	}
	return []oddity{
		func(_ *rand.Rand, spans []apm.Span) (sent, late []apm.Span) { // a parent is missing
			parent := spans[len(spans)-1].ParentID
			return slices.DeleteFunc(spans, func(s apm.Span) bool { return s.SpanID == parent }), nil
		},
		func(_ *rand.Rand, spans []apm.Span) (sent, late []apm.Span) { // the root hasn't finished
			return spans[min(1, len(spans)-1):], nil
		},
		edit(func(_ *rand.Rand, spans []apm.Span) { // the root is a child of its descendant
			spans[0].ParentID = spans[len(spans)-1].SpanID
		}),
		shift(time.Hour),
		shift(-35 * time.Millisecond), // spans start before their parents
		func(_ *rand.Rand, spans []apm.Span) (sent, late []apm.Span) { // the root is sent twice: unfinished, then whole
			partial := spans[0]
			partial.Duration /= 2
			partial.Meta = map[string]string{"env": partial.Meta["env"], "partial": "true"}
			return append([]apm.Span{partial}, spans...), nil
		},
		func(_ *rand.Rand, spans []apm.Span) (sent, late []apm.Span) { // half of the spans are late
			middle := len(spans) / 2
			return spans[:middle], spans[middle:]
		},
		edit(func(_ *rand.Rand, spans []apm.Span) { // the root began hours ago
			const hours = 5 * time.Hour
			spans[0].Start -= int64(hours)
			spans[0].Duration += hours
		}),
		edit(func(_ *rand.Rand, spans []apm.Span) { // a coarse clock measured nothing
			for i := range spans {
				spans[i].Start, spans[i].Duration = spans[0].Start, 0
			}
		}),
		edit(func(_ *rand.Rand, spans []apm.Span) { // a span is its own parent
			last := &spans[len(spans)-1]
			last.ParentID = last.SpanID
		}),
	}
}
