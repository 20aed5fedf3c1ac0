package runner

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strconv"
	"sync"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/web"
)

// A Workshop keeps a target running and up to date. When a file of its code is
// saved, or another target is wanted, it builds and starts that beside what runs,
// which goes on answering until the new code is healthy.
type Workshop struct {
	base         *base
	api, thinker *front
	retiring     sync.WaitGroup // processes that were replaced and finish their requests

	end   context.CancelFunc
	ended chan struct{} // closed when nothing is started any more

	mu      sync.Mutex
	state   State
	changed chan struct{}      // closed at the next change of state
	restart bool               // whether also what runs as it is wanted is to be replaced
	giveUp  context.CancelFunc // ends the turn under way, for the next to begin
}

// Open starts an agent and listens on the services' ports. It then builds and
// starts the target of its options, as Run does. The error for a port that is
// taken is syscall.EADDRINUSE, wrapped, and names the address.
func Open(ctx context.Context, o Options) (_ *Workshop, err error) {
	ctx, end := context.WithCancel(ctx)
	w := &Workshop{
		end: end, ended: make(chan struct{}), giveUp: func() {},
		state: State{Target: o.Target, Phase: Building}, changed: make(chan struct{}),
		api: &front{name: "api"}, thinker: &front{name: "thinker"},
	}
	defer func() {
		if err != nil {
			close(w.ended)
			w.Close()
		}
	}()
	if w.api.door, err = openDoor(o.address(o.Ports.API), w.absent); err != nil {
		return nil, err
	}
	if w.thinker.door, err = openDoor(o.address(o.Ports.Thinker), w.absent); err != nil {
		return nil, err
	}
	o.Ports.API, o.Ports.Thinker = w.api.port(), w.thinker.port()
	var guests func(*agent.Agent) []web.Guest
	if o.Guests != nil {
		guests = func(a *agent.Agent) []web.Guest { return o.Guests(w, a) }
	}
	if w.base, err = openBase(o, guests); err != nil {
		return nil, err
	}
	go w.keepRunning(ctx)
	return w, nil
}

// Agent takes in what the services report.
func (w *Workshop) Agent() *agent.Agent { return w.base.agent }

// Ports are where everything listens.
func (w *Workshop) Ports() Ports { return w.base.o.Ports }

// Run has the services of another target take the place of those that run. It
// returns at once; the state tells how it goes.
func (w *Workshop) Run(target Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.want(target)
}

// Restart builds what is wanted and has new processes take the place of those
// that run, also where the code is the same. It returns at once.
func (w *Workshop) Restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restart = true
	w.want(w.state.Target)
}

// want has the next turn begin. Its caller holds the lock.
func (w *Workshop) want(target Target) {
	w.state.Target, w.state.Phase, w.state.Error = target, Building, ""
	w.announce()
	w.giveUp()
}

// State is what runs, and how that goes.
func (w *Workshop) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Changed gives a notice after each change of the state, which may stand for
// several, until ctx is done. It is closed then.
func (w *Workshop) Changed(ctx context.Context) <-chan struct{} {
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
			default: // one is waiting
			}
		}
	}()
	return notices
}

func (w *Workshop) nextChange() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// announce tells of a change. Its caller holds the lock.
func (w *Workshop) announce() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// absent returns the response to a request while no version is running.
func (w *Workshop) absent() string {
	state := w.State()
	name := state.Target.Name()
	switch state.Phase {
	case Failed:
		return name + " isn't running: " + state.Error
	case Building:
		return name + " is being built. Try again in a moment"
	}
	return name + " is starting. Try again in a moment"
}

// StopServices ends the api and then the thinker, so that what they still have
// to send is received by the agent, which goes on.
func (w *Workshop) StopServices() error {
	w.end()
	<-w.ended
	var errs []error
	for _, f := range []*front{w.api, w.thinker} {
		if f.door != nil {
			errs = append(errs, f.stop())
			f.door = nil
		}
	}
	w.retiring.Wait()
	return errors.Join(errs...)
}

// Close ends everything, the agent last.
func (w *Workshop) Close() error {
	err := w.StopServices()
	if w.base == nil {
		return err
	}
	return errors.Join(err, w.base.close())
}

// address is that of a port that others are to reach.
func (o Options) address(port int) string {
	return net.JoinHostPort(cmp.Or(o.Host, "localhost"), strconv.Itoa(port))
}
