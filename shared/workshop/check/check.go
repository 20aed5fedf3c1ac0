// Package check builds and runs code for a lesson in isolation, sends the lesson's
// requests, and judges their traces.
package check

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/port"
	"thinker/shared/workshop/runner"
)

const (
	requestTimeout = 20 * time.Second
	quiet          = 120 * time.Millisecond // without a new span, after which a request's trace counts as complete
	enough         = 500 * time.Millisecond // the longest wait for spans before the next request
)

// Options choose what to check.
type Options struct {
	Root     string // the workshop's directory
	Target   runner.Target
	Dir      string                        // for the built services and their data; empty for a temporary one
	Exercise bool                          // check the step's exercise instead of its lesson
	Env      []string                      // for the services, in addition to what they need
	Building func(doing string)            // is called for each download and each package compiled
	Log      func(service, line string)    // is called for each line that a service prints
	Answered func(lesson.Exchange)         // is called for each response from the api
	Judged   func(results []lesson.Result) // is called with the outcome so far after each request
}

// A Report is the final outcome of each expectation, with the requests to the api.
type Report struct {
	Results  []lesson.Result
	Requests []lesson.Request
	Took     time.Duration
}

// Complete reports whether every expectation passed.
func (r Report) Complete() bool {
	for _, result := range r.Results {
		if result.State != lesson.Passed {
			return false
		}
	}
	return len(r.Results) > 0
}

// Run checks the target's code on free ports, with an agent in memory and a
// Redis of its own. It returns an error if the code can't be built or run.
func Run(ctx context.Context, o Options) (_ Report, err error) {
	began := time.Now()
	if o.Exercise && lesson.Exercise(o.Target.Step) == nil {
		return Report{}, fmt.Errorf("step %d has no exercise to check", o.Target.Step)
	}
	code, err := lesson.ReadCode(cmp.Or(o.Target.Dir, filepath.Join(o.Root, runner.StepName(o.Target.Step))))
	if err != nil {
		return Report{}, err
	}
	dir := o.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "workshop-check-"); err != nil {
			return Report{}, fmt.Errorf("create a directory for the built services: %w", err)
		}
		defer os.RemoveAll(dir)
	}
	var ports runner.Ports
	for _, p := range []*int{&ports.API, &ports.Thinker} {
		if *p, err = port.Free(); err != nil {
			return Report{}, err
		}
	}
	recorder, err := startRecorder(ports.Thinker)
	if err != nil {
		return Report{}, err
	}
	defer recorder.close()

	running, err := runner.Up(ctx, runner.Options{
		Root: o.Root, Target: o.Target, Ports: ports, Dir: dir,
		// A busy machine isn't a fault of the code, so Redis may take its time.
		Env:      append([]string{"THINK_DELAY=500ms", "REDIS_TIMEOUT=2s", "THINKER_URL=" + recorder.url}, o.Env...),
		Building: o.Building,
		Log:      o.Log,
	})
	if err != nil {
		return Report{}, err
	}
	defer running.Stop()
	defer context.AfterFunc(ctx, running.Abandon)() // on Ctrl-C, don't wait for requests and spans

	c := &conversation{
		o: o, code: code, running: running, recorder: recorder,
		api: fmt.Sprintf("http://localhost:%d", ports.API), thinker: fmt.Sprintf("http://localhost:%d", ports.Thinker),
	}
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
	return Report{c.judge(requests), requests[c.direct:], time.Since(began)}, ctx.Err()
}
