package intake

import (
	"cmp"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
)

// maxTracers bounds how many tracers are told apart.
const maxTracers = 200

// tracers keeps book of those who send spans. When there are too many, the one
// not heard of for longest is forgotten.
type tracers struct {
	known     map[stats.TracerID]*tracer
	calls     int // so far
	forgotten int
}

type tracer struct {
	stats.Tracer
	call int // the last
}

// tell enters a payload that has spans.
func (t *tracers) tell(c contact) {
	known := t.known[c.id]
	if known == nil {
		if len(t.known) == maxTracers {
			t.forget()
		}
		if t.known == nil {
			t.known = map[stats.TracerID]*tracer{}
		}
		known = &tracer{Tracer: stats.Tracer{TracerID: c.id}}
		t.known[c.id] = known
	}
	t.calls++
	known.call = t.calls
	known.Payloads++
	known.Spans += c.spans
	known.Errors += c.errors
	known.Bytes += int64(c.bytes)
	known.LastContact = c.at
	known.Clock = c.clock
	known.ClockMost = further(known.ClockMost, c.clock)
}

func (t *tracers) forget() {
	var oldest *tracer
	for _, known := range t.known {
		if oldest == nil || known.call < oldest.call {
			oldest = known
		}
	}
	delete(t.known, oldest.TracerID)
	t.forgotten++
}

// list is a copy of what is known of each, by service.
func (t *tracers) list() []stats.Tracer {
	list := make([]stats.Tracer, 0, len(t.known))
	for _, known := range t.known {
		list = append(list, known.Tracer)
	}
	slices.SortFunc(list, func(a, b stats.Tracer) int {
		return cmp.Or(
			cmp.Compare(a.Service, b.Service), cmp.Compare(a.Language, b.Language), cmp.Compare(a.Library, b.Library),
			cmp.Compare(a.Format, b.Format), cmp.Compare(a.Env, b.Env), cmp.Compare(a.Version, b.Version),
		)
	})
	return list
}

// clockOffset returns how far the clock of a span's tracer seems to be ahead, by the
// span's arrival.
func clockOffset(s *apm.Span, arrival time.Time) time.Duration {
	offset := time.Duration(s.End() - arrival.UnixNano())
	if offset < 0 && offset > -stats.LongAgo {
		return 0
	}
	return offset
}
