package store

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Subscribe sends the IDs of the traces that change from now on, some at a time,
// until ctx is done; then it closes the channel. Changes of one trace that the
// subscriber hasn't received yet become one notice, so a slow subscriber holds
// nobody up and still learns of the last state of each trace that is kept. The
// slices are the subscriber's own.
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

// maxNotices is how many IDs a subscriber receives at a time.
const maxNotices = 512

// changes are the traces that have changed, each at the place of its last change.
// All subscribers read the same log, each at its own pace, so a subscriber takes
// no memory and the writer no time for what it hasn't read.
type changes struct {
	mu          sync.RWMutex
	log         []change          // in the order of their numbers
	last        map[uint64]uint64 // the number of each trace's last change, if it is in the log
	number      uint64            // of the last change of all
	tidyAt      int               // the length of the log at which it is tidied
	more        chan struct{}     // closed with the next change
	subscribers map[*subscriber]struct{}
}

// A change counts as long as it is its trace's last.
type change struct{ number, trace uint64 }

// A subscriber has received all changes up to a number.
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

// add notes changes and wakes those who wait for one. It must not be called with
// the store locked: waking takes the longer, the more wait.
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

// forget takes back the changes of a trace that is gone.
func (c *changes) forget(trace uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.last, trace)
}

// tidy drops what every subscriber has received, and what counts no more.
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

// next returns the traces that changed longest ago, of those that the subscriber
// hasn't received. If there are none, more is closed when there are some.
func (c *changes) next(sub *subscriber) (traces []uint64, more <-chan struct{}) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	received := sub.received.Load()
	from, _ := slices.BinarySearchFunc(c.log, received+1, func(c change, number uint64) int { return cmp.Compare(c.number, number) })
	for _, change := range c.log[from:] {
		if len(traces) == maxNotices {
			break
		}
		received = change.number
		if c.last[change.trace] == change.number {
			traces = append(traces, change.trace)
		}
	}
	// From here on a change makes a new notice: the reader may look at the trace
	// before that change.
	sub.received.Store(received)
	return traces, c.more
}
