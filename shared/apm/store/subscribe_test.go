package store

import (
	"context"
	"testing"
)

func TestSubscribersLearnOfTheLastState(t *testing.T) {
	m := NewMemory(1000)
	notices := m.Subscribe(t.Context())
	// Nobody reads yet, and Add goes on all the same.
	for id := range uint64(50) {
		add(t, m, span(1, id+1), span(2, id+1))
	}
	add(t, m, span(3, 1))

	told := map[uint64]int{}
	for len(told) < 3 {
		told[<-notices]++
	}
	// One notice each is enough; one more may have been on its way.
	for id, times := range told {
		if times > 2 {
			t.Errorf("told %d times of trace %d", times, id)
		}
	}

	// A change after a notice makes another one, of the state as it is then.
	add(t, m, span(1, 99))
	for id := range notices {
		if trace, _, _ := m.Trace(t.Context(), id); id == 1 && len(trace.Spans) == 51 {
			break
		}
	}
}

func TestASubscriptionEnds(t *testing.T) {
	m := NewMemory(10)
	ctx, cancel := context.WithCancel(t.Context())
	notices := m.Subscribe(ctx)
	add(t, m, span(1, 1))
	cancel()
	for range notices { // ends when the channel is closed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.subscribers) != 0 {
		t.Error("the store still knows the subscriber")
	}
}

func TestASubscriberWhoNeverReadsCostsLittle(t *testing.T) {
	m := NewMemory(100)
	m.Subscribe(t.Context())
	for id := range uint64(10_000) {
		add(t, m, span(id+1, 1))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.subscribers {
		s.mu.Lock()
		if len(s.waiting) > 100 || len(s.queue) > 400 {
			t.Errorf("%d wait, %d are queued", len(s.waiting), len(s.queue))
		}
		s.mu.Unlock()
	}
}
