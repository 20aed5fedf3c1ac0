// Package check finds out whether code reaches a lesson: it builds and runs it
// apart from all else, sends the lesson's requests and judges their traces.
package check

import (
	"context"
	"errors"
	"time"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// Options say what to check.
type Options struct {
	Root     string // the workshop's directory
	Target   runner.Target
	Env      []string                      // for the services, besides what is needed
	Building func(doing string)            // is given each download and each package compiled
	Log      func(service, line string)    // is given each line that a service prints
	Asking   func(path string)             // is given each request before it is sent
	Judged   func(results []lesson.Result) // is given how things stand after each request
}

// A Report is how each expectation stands in the end.
type Report struct {
	Results []lesson.Result
	Took    time.Duration
}

// Reached tells whether every expectation is met.
func (r Report) Reached() bool {
	for _, result := range r.Results {
		if result.State != lesson.Met {
			return false
		}
	}
	return true
}

// Run checks the target's code on free ports, with an agent in memory and a
// Redis of its own. The error says why it could not be run.
func Run(ctx context.Context, o Options) (Report, error) {
	return Report{}, errors.New("not yet")
}
