package runner

import (
	"context"
	"sync"
	"time"
)

// A Phase is the current activity of a workshop.
type Phase string

// While it builds or starts, or after that has failed, the previous version keeps
// running, if there is one.
const (
	Building Phase = "building"
	Starting Phase = "starting"
	Healthy  Phase = "healthy"
	Failed   Phase = "failed"
)

// A State describes what a workshop is running.
type State struct {
	Target  Target // the chosen code
	Phase   Phase
	Error   string    // why it failed: the compiler's message, or the last lines of a service
	Serving Target    // the running version; its Step is 0 if there is none
	Since   time.Time // when the running version became healthy
}

// A watched state notifies its watchers of changes. mu also guards the fields of Workshop
// below it.
type watched struct {
	mu      sync.Mutex
	state   State
	changed chan struct{} // closed at the next change of state
}

// State returns the current state.
func (w *watched) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Changed returns a channel that gets a notice after each change of the state, until
// ctx is done. One notice may stand for several changes.
func (w *watched) Changed(ctx context.Context) <-chan struct{} {
	notices := make(chan struct{}, 1)
	next := w.nextChange()
	go func() {
		defer close(notices)
		for {
			select {
			case <-next:
			case <-ctx.Done():
				return
			}
			next = w.nextChange()
			select {
			case notices <- struct{}{}:
			default: // a notice is waiting
			}
		}
	}()
	return notices
}

func (w *watched) nextChange() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// notify reports a change. Its caller holds the lock.
func (w *watched) notify() {
	close(w.changed)
	w.changed = make(chan struct{})
}
