package store

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Subscribe sends the IDs of traces that change from now on, several at a time, until ctx
// is done; then it closes the channel. Pending changes of a trace become one notice, so a
// slow subscriber blocks nobody and still learns of each trace's last state. The slices
// belong to the subscriber.
func (s *Store) Subscribe(ctx context.Context) <-chan []uint64 {
	sub := s.changes.join()
	notices := make(chan []uint64)
	go func() {
		defer close(notices)
		defer s.changes.leave(sub)
		for {
			ids, more := s.changes.next(sub)
			if len(ids) == 0 {
				select {
				case <-more:
					continue
				case <-ctx.Done():
					return
				}
			}
			select {
			case notices <- ids:
			case <-ctx.Done():
				return
			}
		}
	}()
	return notices
}

// maxNotices limits the IDs that a subscriber receives at a time.
const maxNotices = 512

// changes logs which traces changed. All subscribers read the same log at their own pace, so
// another subscriber costs neither memory nor the writer's time.
type changes struct {
	mu          sync.RWMutex
	log         []change          // in the order of their numbers
	last        map[uint64]uint64 // the number of each trace's last change, if it is in the log
	number      uint64            // of the last change
	tidyAt      int               // the log's length at which it is tidied
	more        chan struct{}     // closed with the next change
	subscribers map[*subscriber]struct{}
}

// A change is obsolete once its trace has changed again.
type change struct{ number, trace uint64 }

// A subscriber stores the number of the last change that it received.
type subscriber struct{ received atomic.Uint64 }

func newChanges() *changes {
	return &changes{last: map[uint64]uint64{}, more: make(chan struct{}), subscribers: map[*subscriber]struct{}{}}
}

func (c *changes) join() *subscriber {
	sub := &subscriber{}
	c.mu.Lock()
	defer c.mu.Unlock()
	sub.received.Store(c.number)
	c.subscribers[sub] = struct{}{}
	return sub
}

func (c *changes) leave(sub *subscriber) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.subscribers, sub)
	if len(c.subscribers) == 0 {
		c.tidy()
	}
}

// add logs changes and wakes waiting subscribers. The store must not be locked, since waking
// many of them takes long.
func (c *changes) add(traces []uint64) {
	c.mu.Lock()
	if len(c.subscribers) == 0 || len(traces) == 0 {
		c.mu.Unlock()
		return
	}
	for _, id := range traces {
		c.number++
		c.last[id] = c.number
		c.log = append(c.log, change{c.number, id})
	}
	if len(c.log) > c.tidyAt {
		c.tidy()
	}
	more := c.more
	c.more = make(chan struct{})
	c.mu.Unlock()
	close(more)
}

// forget makes the changes of an evicted trace obsolete.
func (c *changes) forget(trace uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.last, trace)
}

// tidy removes changes that every subscriber has received, and obsolete ones.
func (c *changes) tidy() {
	received := c.number
	for sub := range c.subscribers {
		received = min(received, sub.received.Load())
	}
	log, last := []change{}, map[uint64]uint64{}
	for _, change := range c.log {
		if change.number > received && c.last[change.trace] == change.number {
			log = append(log, change)
			last[change.trace] = change.number
		}
	}
	c.log, c.last, c.tidyAt = log, last, 64+2*len(log)
}

// next returns the subscriber's oldest pending traces. If there are none, more is closed
// with the next change.
func (c *changes) next(sub *subscriber) (traces []uint64, more <-chan struct{}) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	received := sub.received.Load()
	byNumber := func(c change, number uint64) int { return cmp.Compare(c.number, number) }
	from, _ := slices.BinarySearchFunc(c.log, received+1, byNumber)
	for _, change := range c.log[from:] {
		if len(traces) == maxNotices {
			break
		}
		received = change.number
		if c.last[change.trace] == change.number {
			traces = append(traces, change.trace)
		}
	}
	// The subscriber may read the trace before its next change, so that needs a new notice.
	sub.received.Store(received)
	return traces, c.more
}
