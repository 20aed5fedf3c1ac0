package store

import (
	"context"
	"slices"
	"sort"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// Recent sums up at most n traces, the one that arrived last first. before is
// 0 to begin there, or the next that an earlier call gave, to go on from where
// that one ended, however many traces have arrived since. next is 0 where no
// older trace is left.
func (m *Memory) Recent(n int, before uint64) (summaries []apm.Summary, next uint64) {
	// Its only error is that of a context that ends.
	summaries, next, _ = m.Search(context.Background(), search.Request{Limit: n, Before: before})
	return summaries, next
}

// Search is Recent for the traces that have a span that the request looks for.
// It ends early, with ctx's error, when ctx does.
func (m *Memory) Search(ctx context.Context, r search.Request) (summaries []apm.Summary, next uint64, err error) {
	if r.Limit <= 0 {
		return nil, 0, nil
	}
	for from := r.Before; ; {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		found := m.scan(r, from, r.Limit-len(summaries))
		for i := range found.traces {
			if found.traces[i].stale {
				m.summarise(&found.traces[i])
			}
			summaries = append(summaries, found.traces[i].summary)
			next = found.traces[i].trace.arrival
		}
		switch {
		case found.more:
			return summaries, next, nil
		case found.end:
			return summaries, 0, nil
		}
		from = found.at
	}
}

// A find is what a scan has come to.
type find struct {
	traces []snapshot
	more   bool   // another trace matches, and is too many
	end    bool   // no older trace is left
	at     uint64 // else the scan stopped here, to let others have the store
}

// A snapshot is a trace's summary or, where that has become stale, the spans
// to make a new one from.
type snapshot struct {
	trace   *trace
	summary apm.Summary
	stale   bool
	spans   []apm.Span
	changes int
}

// scan goes through the traces that arrived before a given one, the newest
// first, and takes at most limit of those that match. A search that finds
// little must not hold up the intake, so it stops after a while.
func (m *Memory) scan(r search.Request, before uint64, limit int) find {
	const atOnce = 5 * time.Millisecond
	m.mu.Lock()
	defer m.mu.Unlock()
	began := time.Now()
	end := len(m.order)
	if before != 0 {
		end = sort.Search(len(m.order), func(i int) bool { return m.order[i].arrival >= before })
	}
	var found find
	for _, t := range slices.Backward(m.order[:end]) {
		if found.at != 0 && time.Since(began) > atOnce {
			return found
		}
		found.at = t.arrival
		if !r.Selects(t.spans) {
			continue
		}
		if len(found.traces) == limit {
			found.more = true
			return found
		}
		found.traces = append(found.traces, t.snapshot())
	}
	found.end = true
	return found
}

func (t *trace) snapshot() snapshot {
	s := snapshot{trace: t, summary: t.summary, stale: t.summarised != t.changes}
	if s.stale {
		s.spans, s.changes = slices.Clone(t.spans), t.changes
	}
	return s
}

// summarise makes a stale summary anew and keeps it for the next reader. It
// works on a copy, so that a large trace does not hold up the intake.
func (m *Memory) summarise(s *snapshot) {
	s.summary = apm.NewTrace(s.trace.id, s.spans).Summary()
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.changes > s.trace.summarised {
		s.trace.summary, s.trace.summarised = s.summary, s.changes
	}
}
