// Package apmtest is the whole local agent within a test. The code under test
// reports to it with whatever Datadog tracer it uses, and the test asks for the
// traces that must come of it:
//
//	a := apmtest.Run(t)
//	tracer.Start()
//	checkout(t)
//	tracer.Stop() // which sends what is left
//	trace := a.RequireTrace(
//		apmtest.Span("service:checkout @http.status_code:500"),
//		apmtest.Child("service:checkout", "service:payments status:error"),
//	)
package apmtest

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
)

// DefaultPatience is how long RequireTrace waits where nobody says otherwise.
const DefaultPatience = 10 * time.Second

// An Agent takes in spans until its test ends.
type Agent struct {
	// Patience is how long RequireTrace waits for a trace, though never to the
	// end of the test's own time.
	Patience time.Duration

	t     testing.TB
	agent *agent.Agent
}

// Run starts an agent on a free port, and tells the tracers that are started
// from now on in this process, or in programs that it starts, to report to it
// and to keep quiet otherwise. It does so in the environment, so the test must
// not be parallel, as for t.Setenv. The agent ends with the test.
func Run(t testing.TB) *Agent {
	t.Helper()
	running, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatalf("start an agent for the test: %v", err)
	}
	t.Cleanup(func() {
		// A tracer that still holds a connection is cut off: its test is over.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = running.Close(ctx)
	})
	for _, variable := range running.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	return Of(t, running)
}

// Of has a test ask an agent that it has started itself.
func Of(t testing.TB, running *agent.Agent) *Agent {
	return &Agent{Patience: DefaultPatience, t: t, agent: running}
}

// URL is where the agent listens, and shows its pages: for what is not
// configured by the environment.
func (a *Agent) URL() string { return a.agent.URL() }

// Traces are all that have arrived, the first to arrive first.
func (a *Agent) Traces() []apm.Trace {
	a.t.Helper()
	kept := a.agent.Store()
	summaries, _, err := kept.Recent(math.MaxInt, 0)
	if err != nil {
		a.t.Fatalf("list the traces: %v", err)
	}
	var traces []apm.Trace
	for _, summary := range slices.Backward(summaries) {
		trace, ok, err := kept.Trace(context.Background(), summary.TraceID)
		if err != nil {
			a.t.Fatalf("read a trace: %v", err)
		}
		if ok {
			traces = append(traces, trace)
		}
	}
	return traces
}
