package runner

import (
	"context"
	"errors"
	"sync"

	"thinker/shared/apm/agent"
)

// Running is a step with healthy services.
type Running struct {
	Agent        *agent.Agent
	API, Thinker *Process
	base         *base
	services     []*Process // both, even after they have ended
}

// Up starts the agent, builds a step, and starts a Redis if the step needs one, then
// the thinker and the api, each on its port. It returns when all are healthy. If one
// isn't, it leaves nothing running. Unlike a Workshop, it doesn't follow changes.
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

// StopServices ends the api and then the thinker. The agent keeps running, so it
// receives their last spans.
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

// Abandon ends the services at once, even while StopServices waits for them.
func (r *Running) Abandon() {
	var ending sync.WaitGroup
	for _, p := range r.services {
		ending.Go(p.abandon)
	}
	ending.Wait()
}

// Stop ends everything, the agent last.
func (r *Running) Stop() error { return errors.Join(r.StopServices(), r.base.close()) }
