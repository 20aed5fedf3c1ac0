package store

import (
	"slices"
	"sort"

	"thinker/shared/apm"
)

// Recent sums up at most n traces, the one that arrived last first. before is
// 0 to begin there, or the next that an earlier call gave, to go on from where
// that one ended, however many traces have arrived since. next is 0 where no
// older trace is left.
func (m *Memory) Recent(n int, before uint64) (summaries []apm.Summary, next uint64) {
	chosen, next := m.newest(n, before)
	for i := range chosen {
		if chosen[i].stale {
			m.summarise(&chosen[i])
		}
		summaries = append(summaries, chosen[i].summary)
	}
	return summaries, next
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

// newest copies what is needed of the traces to list.
func (m *Memory) newest(n int, before uint64) (chosen []snapshot, next uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	end := len(m.order)
	if before != 0 {
		end = sort.Search(len(m.order), func(i int) bool { return m.order[i].arrival >= before })
	}
	start := max(0, end-max(0, n))
	for _, t := range slices.Backward(m.order[start:end]) {
		s := snapshot{trace: t, summary: t.summary, stale: t.summarised != t.changes}
		if s.stale {
			s.spans, s.changes = slices.Clone(t.spans), t.changes
		}
		chosen = append(chosen, s)
	}
	if start > 0 && len(chosen) > 0 {
		next = m.order[start].arrival
	}
	return chosen, next
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
