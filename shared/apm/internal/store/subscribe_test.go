package store

import (
	"context"
	"slices"
	"testing"
)

func TestSubscribersLearnOfTheLastState(t *testing.T) {
	m := open(t, Config{MaxSpans: 1000})
	notices := m.Subscribe(t.Context())
	// Nobody reads yet, and Add goes on all the same.
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
	// One notice each is enough; one more may have been on its way.
	for id, times := range told {
		if times > 2 {
			t.Errorf("told %d times of trace %d", times, id)
		}
	}

	// A change after a notice makes another one, of the state as it is then.
	add(t, m, span(1, 99))
	for ids := range notices {
		if trace, _ := traceOf(t, m, 1); slices.Contains(ids, 1) && len(trace.Spans) == 51 {
			break
		}
	}
}

func TestASubscriptionEnds(t *testing.T) {
	m := open(t, Config{MaxSpans: 10})
	ctx, cancel := context.WithCancel(t.Context())
	notices := m.Subscribe(ctx)
	add(t, m, span(1, 1))
	cancel()
	for range notices { // ends when the channel is closed
	}
	m.changes.mu.Lock()
	defer m.changes.mu.Unlock()
	if len(m.changes.subscribers) != 0 {
		t.Error("the store still knows the subscriber")
	}
}

func TestASubscriberWhoNeverReadsCostsLittle(t *testing.T) {
	m := open(t, Config{MaxSpans: 100})
	m.Subscribe(t.Context())
	for id := range uint64(10_000) {
		add(t, m, span(id+1, 1))
	}
	settled(t, m)
	m.changes.mu.Lock()
	defer m.changes.mu.Unlock()
	if len(m.changes.last) > 100 || len(m.changes.log) > 400 {
		t.Errorf("%d wait, %d are queued", len(m.changes.last), len(m.changes.log))
	}
}
