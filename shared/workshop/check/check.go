// Package check finds out whether code reaches a lesson: it builds and runs it
// apart from all else, sends the lesson's requests and judges their traces.
package check

import (
	"context"
	"fmt"
	"os"
	"time"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/port"
	"thinker/shared/workshop/runner"
)

const (
	patience = 20 * time.Second       // with one request
	quiet    = 120 * time.Millisecond // after which spans of a request are not waited for any more
	enough   = 500 * time.Millisecond // to wait for spans before the next request
)

// Options say what to check.
type Options struct {
	Root     string // the workshop's directory
	Target   runner.Target
	Env      []string                      // for the services, besides what is needed
	Building func(doing string)            // is given each download and each package compiled
	Log      func(service, line string)    // is given each line that a service prints
	Answered func(lesson.Exchange)         // is given each request when it is answered
	Judged   func(results []lesson.Result) // is given how things stand after each request
}

// A Report is how each expectation stands in the end, and the requests that it is
// judged by.
type Report struct {
	Results  []lesson.Result
	Requests []lesson.Request
	Took     time.Duration
}

// Reached tells whether every expectation is met.
func (r Report) Reached() bool {
	for _, result := range r.Results {
		if result.State != lesson.Met {
			return false
		}
	}
	return len(r.Results) > 0
}

// Run checks the target's code on free ports, with an agent in memory and a
// Redis of its own. The error says why it could not be run.
func Run(ctx context.Context, o Options) (_ Report, err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "workshop-check-")
	if err != nil {
		return Report{}, fmt.Errorf("make room for the built services: %w", err)
	}
	defer os.RemoveAll(dir)
	var ports runner.Ports
	for _, p := range []*int{&ports.API, &ports.Thinker} {
		if *p, err = port.Free(); err != nil {
			return Report{}, err
		}
	}
	between, err := listenBetween(ports.Thinker)
	if err != nil {
		return Report{}, err
	}
	defer between.close()

	running, err := runner.Up(ctx, runner.Options{
		Root: o.Root, Target: o.Target, Ports: ports, Dir: dir,
		Env:      append([]string{"THINK_DELAY=500ms", "THINKER_URL=" + between.url}, o.Env...),
		Building: o.Building,
		Log:      o.Log,
	})
	if err != nil {
		return Report{}, err
	}
	defer running.Stop()
	defer context.AfterFunc(ctx, running.Abandon)() // Ctrl-C: nobody waits for requests and spans

	c := &conversation{o: o, running: running, between: between, api: fmt.Sprintf("http://localhost:%d", ports.API)}
	if err := c.hold(ctx); err != nil {
		return Report{}, err
	}
	// A service that has stopped has sent every span it will ever send.
	if err := running.StopServices(); err != nil {
		return Report{}, err
	}
	requests, err := c.requests(ctx)
	if err != nil {
		return Report{}, err
	}
	return Report{lesson.Judge(o.Target.Step, requests), requests, time.Since(began)}, ctx.Err()
}
