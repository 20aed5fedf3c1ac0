package store

import (
	"fmt"
	"testing"

	"thinker/shared/apm"
)

// What is spared of two segments may be more rows than a segment takes, each
// with a value of its own.
func TestWhatIsSparedOfTwoSegmentsCanBeRead(t *testing.T) {
	s := open(t, Config{MaxSpans: 16 * maxRows})
	of := func(trace, id uint64, service string) apm.Span {
		return apm.Span{TraceID: trace, SpanID: id, Service: service, Resource: fmt.Sprint(trace, " ", id), Start: 1}
	}
	// The first segment has some traces of a quiet service, the second a large one.
	next := uint64(1)
	noise := func(n int) {
		var spans []apm.Span
		for range n {
			spans = append(spans, of(next, 1, "noisy"))
			next++
		}
		add(t, s, spans...)
	}
	var spans []apm.Span
	for range 2000 {
		spans = append(spans, of(next, 1, "quiet"))
		next++
	}
	add(t, s, spans...)
	noise(maxRows - len(spans))
	large := next
	next++
	spans = nil
	for id := range uint64(maxRows) {
		spans = append(spans, of(large, id+1, "large"))
	}
	add(t, s, spans...)
	for range 20 {
		noise(maxRows)
	}
	settled(t, s)
	trace, found := traceOf(t, s, large)
	if kept := s.Retention(); !found || len(trace.Spans) != maxRows || kept.DamagedSpans > 0 {
		t.Errorf("%d spans, %+v", len(trace.Spans), kept)
	}
}
