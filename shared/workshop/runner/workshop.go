package runner

import (
	"context"
	"errors"
	"sync"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/guest"
	"thinker/shared/workshop/proxy"
)

// A Workshop keeps a target running and up to date. When you save a file or switch to
// another target, it builds and starts the new version. The previous one keeps running
// until the new one is healthy.
type Workshop struct {
	base         *base
	api, thinker *front
	retiring     sync.WaitGroup // replaced processes that finish their requests

	end   context.CancelFunc
	ended chan struct{} // closed when no process will be started any more

	*watched
	restart bool               // replace processes even if their build is the same
	endTurn context.CancelFunc // ends the current turn
}

// Open starts an agent and listens on the services' ports. Then it builds and starts
// the target, as Run does. For a port in use, it returns a wrapped syscall.EADDRINUSE
// that names the address.
func Open(ctx context.Context, o Options) (_ *Workshop, err error) {
	ctx, end := context.WithCancel(ctx)
	w := &Workshop{
		end: end, ended: make(chan struct{}), endTurn: func() {},
		watched: &watched{state: State{Target: o.Target, Phase: Building}, changed: make(chan struct{})},
		api:     &front{name: "api"}, thinker: &front{name: "thinker"},
	}
	defer func() {
		if err != nil {
			close(w.ended)
			w.Close()
		}
	}()
	if w.api.Proxy, err = proxy.Start(o.address(o.Ports.API), w.unavailable); err != nil {
		return nil, err
	}
	if w.thinker.Proxy, err = proxy.Start(o.address(o.Ports.Thinker), w.unavailable); err != nil {
		return nil, err
	}
	o.Ports.API, o.Ports.Thinker = w.api.Port(), w.thinker.Port()
	var guests func(*agent.Agent) []guest.Guest
	if o.Guests != nil {
		guests = func(a *agent.Agent) []guest.Guest { return o.Guests(w, a) }
	}
	if w.base, err = openBase(o, guests); err != nil {
		return nil, err
	}
	go w.keepRunning(ctx)
	return w, nil
}

// Agent returns the agent that receives the services' spans.
func (w *Workshop) Agent() *agent.Agent { return w.base.agent }

// Ports returns the ports of the services and the agent.
func (w *Workshop) Ports() Ports { return w.base.o.Ports }

// Run replaces the running services by those of another target. It returns at once;
// see State.
func (w *Workshop) Run(target Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.startTurn(target)
}

// Restart rebuilds the target and replaces the running processes, even if the code is
// the same. It returns at once.
func (w *Workshop) Restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restart = true
	w.startTurn(w.state.Target)
}

// startTurn starts the next turn. Its caller holds the lock.
func (w *Workshop) startTurn(target Target) {
	w.state.Target, w.state.Phase, w.state.Error = target, Building, ""
	w.notify()
	w.endTurn()
}

// unavailable returns the response to a request while no version is running.
func (w *Workshop) unavailable() string {
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

// StopServices ends the api and then the thinker. The agent keeps running, so it
// receives their last spans.
func (w *Workshop) StopServices() error {
	w.end()
	<-w.ended
	var errs []error
	for _, f := range []*front{w.api, w.thinker} {
		errs = append(errs, f.stop())
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
