// Package doctor finds out why there is no trace: it checks everything between the
// code and the page, and says what to do about each problem.
package doctor

import (
	"context"
	"fmt"

	"thinker/shared/apm"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
)

// A State is the result of a check.
type State string

// A check is skipped if it isn't needed here, or if an earlier one failed.
const (
	Passed  State = "passed"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// A Check is one condition for a trace to be seen.
type Check struct {
	Name  string `json:"name"` // what it is about: thinker-api
	State State  `json:"state"`
	Says  string `json:"says"`           // the result, in a sentence
	Next  string `json:"next,omitempty"` // what to do if it failed
}

// Options say what to examine.
type Options struct {
	Client  *client.Client
	Thinker string   // the URL of thinker-microservice; empty if only the api knows it
	Up      string   // how to call workshop up, for lines to copy
	Root    string   // the workshop's directory; empty outside of it
	Env     []string // of the terminal: NAME=value each
	Socket  string   // the Agent's socket that a tracer looks for; default: /var/run/datadog/apm.socket
	Probe   bool     // send a request, and wait for its trace

	Contained bool // this program itself runs in a container
	Found     func(Check)
}

// Examine runs all checks and passes each to Found as soon as it is done. It
// continues after a failed check, because there may be more than one problem.
// See decisions/doctor-continues.md.
func Examine(ctx context.Context, o Options) []Check {
	e := &examination{Options: o, ctx: ctx}
	machine{e}.toolchain()
	machine{e}.docker()
	e.agentListens()
	e.servicesListen()
	tracers{e}.environment()
	tracers{e}.destination()
	tracers{e}.proxies()
	e.redis()
	e.probe()
	e.intake()
	e.trace()
	return e.checks
}

// FirstFailed returns the first failed check. It may have caused the later ones.
func FirstFailed(checks []Check) (Check, bool) {
	for _, c := range checks {
		if c.State == Failed {
			return c, true
		}
	}
	return Check{}, false
}

// An examination is one run of the checks, and what it has found so far.
type examination struct {
	Options
	ctx    context.Context
	checks []Check

	goHere         bool // a suitable Go toolchain is installed
	containers     int  // of the workshop, running
	agent          bool // it responds, and is the workshop's
	api            bool
	apiProgram     program // on the api's port
	thinkerProgram program
	answer         *lesson.Exchange // to the probe; nil without a response
	traces         []apm.Trace      // of the probe
}

func (e *examination) add(c Check) {
	if e.ctx.Err() != nil {
		return // what failed since then failed for that reason
	}
	e.checks = append(e.checks, c)
	if e.Found != nil {
		e.Found(c)
	}
}

func (e *examination) pass(name, format string, args ...any) {
	e.add(Check{Name: name, State: Passed, Says: fmt.Sprintf(format, args...)})
}

func (e *examination) skip(name, format string, args ...any) {
	e.add(Check{Name: name, State: Skipped, Says: fmt.Sprintf(format, args...)})
}

// fail takes what to do next before what is wrong.
func (e *examination) fail(name, next, format string, args ...any) {
	e.add(Check{Name: name, State: Failed, Says: fmt.Sprintf(format, args...), Next: next})
}
