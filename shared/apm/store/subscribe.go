package store

import (
	"context"
	"sync"
)

// Subscribe tells which traces change from now on, by ID, until ctx is done;
// then the channel is closed. Changes of one trace that the subscriber has not
// yet been told of become one notice, so a slow subscriber holds nobody up and
// still learns of the last state of each trace that is kept.
func (s *Store) Subscribe(ctx context.Context) <-chan uint64 {
	sub := &subscriber{waiting: map[uint64]bool{}, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	s.subscribers[sub] = struct{}{}
	s.mu.Unlock()

	notices := make(chan uint64)
	go func() {
		defer close(notices)
		defer func() {
			s.mu.Lock()
			delete(s.subscribers, sub)
			s.mu.Unlock()
		}()
		sub.deliver(ctx, notices)
	}()
	return notices
}

// A subscriber has a set of traces to be told of, first changed first.
type subscriber struct {
	wake chan struct{} // holds one token when the set may have grown

	mu      sync.Mutex
	waiting map[uint64]bool
	queue   []uint64 // waiting in order; may hold IDs that wait no more
}

func (s *subscriber) notify(changed map[uint64]bool) {
	if len(changed) == 0 {
		return
	}
	s.mu.Lock()
	for id := range changed {
		if !s.waiting[id] {
			s.waiting[id] = true
			s.queue = append(s.queue, id)
		}
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it has been woken and has not looked yet
	}
}

// forget takes back what was to be told of a trace that is gone.
func (s *subscriber) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
	// The queue must not outgrow what waits, however long nobody reads.
	if len(s.queue) > 64+2*len(s.waiting) {
		queue := make([]uint64, 0, len(s.waiting))
		queued := map[uint64]bool{}
		for _, id := range s.queue {
			if s.waiting[id] && !queued[id] {
				queued[id] = true
				queue = append(queue, id)
			}
		}
		s.queue = queue
	}
}

// next takes the trace that has waited longest.
func (s *subscriber) next() (id uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) > 0 {
		id, s.queue = s.queue[0], s.queue[1:]
		if s.waiting[id] {
			// From here on a change makes a new notice: the reader may look at
			// the trace before that change.
			delete(s.waiting, id)
			return id, true
		}
	}
	return 0, false
}

func (s *subscriber) deliver(ctx context.Context, notices chan<- uint64) {
	for {
		id, ok := s.next()
		if !ok {
			select {
			case <-s.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case notices <- id:
		case <-ctx.Done():
			return
		}
	}
}
