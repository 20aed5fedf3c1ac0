package store

import (
	"testing"

	"thinker/shared/apm"
)

// A trace that is too large to be put together says how much of it is left out.
func TestAGiantTraceIsShownInPart(t *testing.T) {
	s := open(t, Config{})
	var spans []apm.Span
	for id := range uint64(mostShown + 10) {
		spans = append(spans, span(1, id+1))
	}
	add(t, s, spans...)
	if trace, _ := traceOf(t, s, 1); len(trace.Spans) != mostShown || trace.Truncated != 10 {
		t.Errorf("%d spans, %d left out", len(trace.Spans), trace.Truncated)
	}
	if kept := s.Retention(); kept.Spans != mostShown+10 {
		t.Errorf("%+v", kept)
	}
}
