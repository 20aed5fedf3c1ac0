// Package apmtest runs the local agent within a test. The code under test sends its
// spans there with any Datadog tracer, and the test requires traces:
//
//	a := apmtest.Run(t)
//	tracer.Start()
//	checkout(t)
//	tracer.Stop() // flushes the remaining spans
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

// DefaultPatience is how long RequireTrace waits by default.
const DefaultPatience = 10 * time.Second

// An Agent receives spans until its test ends.
type Agent struct {
	// Patience is how long RequireTrace waits for a trace. It stops earlier if the
	// test's deadline is near.
	Patience time.Duration

	t     testing.TB
	agent *agent.Agent
}

// Run starts an agent on a free port. It sets environment variables, so that tracers
// started later in this process, or in programs that it starts, send their spans there
// and nothing else. As with t.Setenv, the test must not be parallel. The agent ends with
// the test.
func Run(t testing.TB) *Agent {
	t.Helper()
	running, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatalf("start an agent for the test: %v", err)
	}
	t.Cleanup(func() {
		// The test is over, so it doesn't wait long for a tracer's open connection.
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

// Of returns an Agent for an agent that the test has started itself.
func Of(t testing.TB, running *agent.Agent) *Agent {
	return &Agent{Patience: DefaultPatience, t: t, agent: running}
}

// URL returns the address of the agent and its pages, for programs that don't read the
// environment.
func (a *Agent) URL() string { return a.agent.URL() }

// Traces returns all traces in the order of their arrival.
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
