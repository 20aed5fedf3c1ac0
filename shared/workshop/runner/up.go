package runner

import (
	"context"
	"errors"
	"sync"

	"thinker/shared/apm/agent"
)

// Running is a step whose services are healthy.
type Running struct {
	Agent        *agent.Agent
	API, Thinker *Process
	base         *base
	services     []*Process // both, also when they have ended
}

// Up starts the agent, builds a step and starts, in this order, a Redis where the
// step needs one, the thinker and the api, each on its port. It returns when all
// are healthy; where one is not, it leaves nothing running. What it runs stays as
// it is: a Workshop is what follows changes.
func Up(ctx context.Context, o Options) (_ *Running, err error) {
	b, err := openBase(o, nil)
	if err != nil {
		return nil, err
	}
	r := &Running{Agent: b.agent, base: b}
	defer func() {
		if err != nil {
			r.Stop()
		}
	}()
	binaries, err := b.build(ctx, o.Target)
	if err != nil {
		return nil, err
	}
	env, err := b.environment(o.Target)
	if err != nil {
		return nil, err
	}
	start := func(name, binary string, port int) (*Process, error) {
		return Start(ctx, Service{Name: name, Binary: binary, Addr: local(port), Env: env,
			Log: func(line string) { o.Log(name, line) }})
	}
	if r.Thinker, err = start("thinker", binaries.Thinker, o.Ports.Thinker); err != nil {
		return nil, err
	}
	if r.API, err = start("api", binaries.API, o.Ports.API); err != nil {
		return nil, err
	}
	r.services = []*Process{r.API, r.Thinker}
	return r, nil
}

// StopServices ends the api and then the thinker, so that what they still have
// to send is received by the agent, which goes on.
func (r *Running) StopServices() error {
	var errs []error
	for _, p := range []*Process{r.API, r.Thinker} {
		if p != nil {
			errs = append(errs, p.Stop())
		}
	}
	r.API, r.Thinker = nil, nil
	return errors.Join(errs...)
}

// Abandon ends the services at once, also while StopServices waits for them.
func (r *Running) Abandon() {
	var ending sync.WaitGroup
	for _, p := range r.services {
		ending.Go(p.abandon)
	}
	ending.Wait()
}

// Stop ends everything, the agent last.
func (r *Running) Stop() error { return errors.Join(r.StopServices(), r.base.close()) }
