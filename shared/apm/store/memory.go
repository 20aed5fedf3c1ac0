// Package store keeps spans, joined into traces, in memory and within bounds.
package store

import (
	"context"
	"slices"
	"sync"

	"thinker/shared/apm"
)

const (
	// DefaultMaxSpans is how many spans a Memory keeps if it is not told.
	DefaultMaxSpans = 200_000
	// maxBytes is about how much memory the spans may take, however few they are.
	maxBytes = 256 << 20
)

// Memory keeps the newest traces until it is dropped. When it is full, the
// oldest trace goes, whole. It is safe for concurrent use.
type Memory struct {
	maxSpans int // of all traces
	maxTrace int // of one trace

	mu     sync.Mutex
	traces map[uint64]*trace
	order  []*trace // by arrival of their first span; the oldest comes first
	arrive uint64   // the number given to the trace that arrived last
	kept   apm.Retention
	bytes  int // of all traces, about

	subscribers map[*subscriber]struct{}
}

// A trace is what has arrived of one trace so far.
type trace struct {
	id        uint64
	arrival   uint64         // place in the order of arrival; from 1, never given twice
	spans     []apm.Span     // in the order of their arrival
	index     map[uint64]int // into spans, by span ID
	bytes     int            // of the spans, about
	truncated int            // spans that came and found no room

	changes    int // how often Add has touched it
	summary    apm.Summary
	summarised int // changes when summary was made
}

// NewMemory makes a store for at most maxSpans spans; DefaultMaxSpans where
// that is not positive. One trace may take a quarter of them, and of the memory.
func NewMemory(maxSpans int) *Memory {
	if maxSpans <= 0 {
		maxSpans = DefaultMaxSpans
	}
	return &Memory{
		maxSpans:    maxSpans,
		maxTrace:    max(1, maxSpans/4),
		traces:      map[uint64]*trace{},
		kept:        apm.Retention{MaxSpans: maxSpans},
		subscribers: map[*subscriber]struct{}{},
	}
}

// Add keeps spans. A span with the trace and span ID of one kept before takes
// its place. Add never fails; it takes over the spans' maps, which nobody may
// change from then on.
func (m *Memory) Add(_ context.Context, spans []apm.Span) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := map[uint64]bool{}
	for i := range spans {
		t := m.traceOf(spans[i].TraceID)
		m.put(t, spans[i])
		if !changed[t.id] {
			changed[t.id] = true
			t.changes++
		}
		for m.kept.Spans > m.maxSpans || m.bytes > maxBytes {
			delete(changed, m.evict(t))
		}
	}
	for s := range m.subscribers {
		s.notify(changed)
	}
	return nil
}

// traceOf is the trace with that ID, a new one if need be.
func (m *Memory) traceOf(id uint64) *trace {
	t, ok := m.traces[id]
	if !ok {
		m.arrive++
		t = &trace{id: id, arrival: m.arrive, index: map[uint64]int{}}
		m.traces[id] = t
		m.order = append(m.order, t)
		m.kept.Traces++
	}
	return t
}

// put keeps the span in its trace, in the place of an earlier one with its ID.
func (m *Memory) put(t *trace, span apm.Span) {
	if span.Meta == nil {
		span.Meta = map[string]string{}
	}
	at, known := t.index[span.SpanID]
	more := sizeOf(&span)
	if known {
		more -= sizeOf(&t.spans[at])
	}
	switch {
	case t.bytes+more > maxBytes/4, !known && len(t.spans) >= m.maxTrace:
		t.truncated++
		m.kept.TruncatedSpans++
		return
	case known:
		t.spans[at] = span
	default:
		t.index[span.SpanID] = len(t.spans)
		t.spans = append(t.spans, span)
		m.kept.Spans++
	}
	t.bytes += more
	m.bytes += more
}

// evict drops the trace that arrived first, sparing the one that is being
// added to, and returns its ID. There always is another one, as no trace may
// fill the store by itself.
func (m *Memory) evict(spared *trace) uint64 {
	oldest := m.order[0]
	if oldest == spared {
		oldest, m.order[1] = m.order[1], spared // which keeps the order by arrival
	}
	m.order[0] = nil
	m.order = m.order[1:]
	delete(m.traces, oldest.id)
	m.kept.Traces--
	m.kept.Spans -= len(oldest.spans)
	m.bytes -= oldest.bytes
	m.kept.EvictedTraces++
	m.kept.EvictedSpans += len(oldest.spans)
	for s := range m.subscribers {
		s.forget(oldest.id)
	}
	return oldest.id
}

// Trace is what is kept of the trace with that ID. Its maps are shared: nobody
// may change them. The error is always nil.
func (m *Memory) Trace(_ context.Context, id uint64) (trace apm.Trace, found bool, err error) {
	m.mu.Lock()
	t, ok := m.traces[id]
	if !ok {
		m.mu.Unlock()
		return apm.Trace{}, false, nil
	}
	spans, truncated := slices.Clone(t.spans), t.truncated
	m.mu.Unlock()

	whole := apm.NewTrace(id, spans)
	whole.Truncated = truncated
	return whole, true, nil
}

// Clear drops every trace, and forgets what had to go before. Subscribers get
// one notice, of the trace that came last: whoever shows a list looks again.
func (m *Memory) Clear(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.subscribers {
		for id := range m.traces {
			s.forget(id)
		}
		if len(m.order) > 0 {
			s.notify(map[uint64]bool{m.order[len(m.order)-1].id: true})
		}
	}
	m.traces, m.order, m.bytes = map[uint64]*trace{}, nil, 0
	m.kept = apm.Retention{MaxSpans: m.maxSpans}
	return nil
}

// Retention is what is kept, and what had to go.
func (m *Memory) Retention() apm.Retention {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept
}
