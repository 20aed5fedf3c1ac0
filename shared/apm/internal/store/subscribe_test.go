package store_test

import (
	"context"
	"slices"
	"testing"

	"thinker/shared/apm/internal/store"
)

func TestStore_Subscribe_LatestState(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 1000})
	notices := m.Subscribe(t.Context())
	// Add doesn't wait for a reader.
	for id := range uint64(50) {
		add(t, m, span(1, id+1), span(2, id+1))
	}
	add(t, m, span(3, 1))

	told := map[uint64]int{}
	for len(told) < 3 {
		for _, id := range <-notices {
			told[id]++
		}
	}
	// Each trace has one notice, or two if one was already being sent.
	for id, times := range told {
		if times > 2 {
			t.Errorf("notified %d times of trace %d", times, id)
		}
	}

	// A later change causes another notice, for the state at that time.
	add(t, m, span(1, 99))
	for ids := range notices {
		if trace, _ := traceOf(t, m, 1); slices.Contains(ids, 1) && len(trace.Spans) == 51 {
			break
		}
	}
}

func TestStore_Subscribe_Ends(t *testing.T) {
	s := open(t, store.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	notices := s.Subscribe(ctx)
	add(t, s, span(1, 1))
	cancel()
	for range notices { // which ends
	}
}
