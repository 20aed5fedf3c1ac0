package store

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"thinker/shared/apm"
)

// Where single spans are too large for a store, all of them go. What comes then
// of the same trace is no part of what went, also when the file is opened again.
func TestATraceComesBackToAnEmptyStore(t *testing.T) {
	config := Config{Path: filepath.Join(t.TempDir(), "t.db"), MaxSpans: 3, MaxBytes: 6000} // so few that there are no floors
	random := rand.New(rand.NewPCG(1, 1))
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	large := func(id uint64) apm.Span {
		text := make([]byte, 12000)
		for i := range text {
			text[i] = byte(random.IntN(256))
		}
		one := span(1, id)
		one.Meta = map[string]string{"text": string(text)}
		return one
	}
	add(t, s, large(1), large(2))
	settled(t, s)
	if kept := s.Retention(); kept.Spans != 0 || kept.EvictedSpans != 2 || kept.EvictedTraces != 1 {
		t.Errorf("%+v", kept)
	}
	for id := range uint64(3) {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(config); err != nil {
			t.Fatal(err)
		}
		if id > 0 {
			if trace, _ := traceOf(t, s, 1); len(trace.Spans) != int(id) {
				t.Errorf("%d spans, want %d", len(trace.Spans), id)
			}
		}
		add(t, s, span(1, id+3))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
