package store

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
)

// Traces come, go and come back, some are spared, and the store is opened again
// at any time: that changes nothing that can be found or is counted.
func TestOpeningAgainChangesNothing(t *testing.T) {
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 0))
		k := &keeper{config: Config{Path: filepath.Join(t.TempDir(), "t.db"), MaxSpans: 160}}
		var before []string
		var kept stats.Retention
		for life := range 12 {
			k.reopened(t, func(s *Store) {
				if life > 0 {
					got := s.Retention()
					got.Bytes, kept.Bytes = 0, 0 // as what was full is packed
					if after := tracesOf(t, s); !slices.Equal(after, before) || got != kept {
						t.Errorf("seed %d, life %d: there were %+v\n%v\nand are %+v\n%v", seed, life, kept, before, got, after)
					}
				}
				for range random.IntN(60) {
					var spans []apm.Span
					for range 1 + random.IntN(4) {
						span := tagged(uint64(random.IntN(80)))
						span.SpanID = random.Uint64N(1 << 40)
						span.Service = fmt.Sprint("service ", int(random.ExpFloat64()*3))
						spans = append(spans, span)
					}
					add(t, s, spans...)
					if random.IntN(4) == 0 {
						settled(t, s)
					}
				}
				settled(t, s)
				before, kept = tracesOf(t, s), s.Retention()
			})
			if t.Failed() {
				return
			}
		}
	}
}

// tracesOf lists a store's traces, and how many spans they have.
func tracesOf(t testing.TB, s *Store) (traces []string) {
	t.Helper()
	summaries, _ := recent(t, s, 1000, 0)
	spans := 0
	for _, summary := range summaries {
		traces = append(traces, fmt.Sprint(summary.TraceID, ": ", summary.Spans))
		spans += summary.Spans
	}
	if kept := s.Retention(); kept.Spans != spans || kept.Traces != len(traces) {
		t.Errorf("%d traces are found of %d spans, and kept are %+v", len(traces), spans, kept)
	}
	return traces
}
