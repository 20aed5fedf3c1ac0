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
//
// To use it in another project on the same disk, add these lines to that project's
// go.mod, with the path to this directory's parent. Then run go mod tidy.
//
//	require thinker/shared/apm v0.0.0
//	replace thinker/shared/apm => ../thinker/shared/apm
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

// DefaultTimeout is the default of Agent.Timeout.
const DefaultTimeout = 10 * time.Second

// An Agent receives spans until its test ends.
type Agent struct {
	// Timeout is the time after which RequireTrace fails. It fails earlier if the test's
	// deadline is near.
	Timeout time.Duration

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
	return &Agent{Timeout: DefaultTimeout, t: t, agent: running}
}

// URL returns the address of the agent and its pages, for programs that don't read the
// environment.
func (a *Agent) URL() string { return a.agent.URL() }

// RequireTrace waits for a trace that meets all conditions and returns it. If none
// arrives in time, the test fails, and shows the traces that arrived and the conditions
// that the closest ones don't meet. A condition that can't be parsed fails the test at
// once.
//
// A trace is never known to be complete. So stop the tracers before a condition that a
// later span could break, such as NoErrors. Call RequireTrace in the test's goroutine,
// since it may end the test.
func (a *Agent) RequireTrace(conditions ...Condition) apm.Trace {
	a.t.Helper()
	for _, c := range conditions {
		if c.err != nil {
			a.t.Fatal(c.unreadable())
		}
	}
	timeout := a.timeout()
	ctx, cancel := context.WithTimeout(a.t.Context(), timeout)
	defer cancel()
	if trace, found := a.await(ctx, conditions); found {
		return trace
	}
	traces := a.Traces()
	trace, found := first(traces, conditions)
	if !found {
		a.t.Fatal(report(traces, conditions, timeout, a.agent.Stats().Refused))
	}
	return trace
}

// await checks the traces that have arrived, then each trace that changes.
func (a *Agent) await(ctx context.Context, conditions []Condition) (trace apm.Trace, found bool) {
	changes := a.agent.Store().Subscribe(ctx) // first, so that it misses no change
	if trace, found := first(a.Traces(), conditions); found {
		return trace, true
	}
	for ids := range changes {
		for _, id := range ids {
			if trace, kept, _ := a.agent.Store().Trace(ctx, id); kept && meetsAll(trace, conditions) {
				return trace, true
			}
		}
	}
	return apm.Trace{}, false
}

// first returns the first trace that meets all conditions.
func first(traces []apm.Trace, conditions []Condition) (trace apm.Trace, found bool) {
	i := slices.IndexFunc(traces, func(trace apm.Trace) bool { return meetsAll(trace, conditions) })
	if i < 0 {
		return apm.Trace{}, false
	}
	return traces[i], true
}

func meetsAll(trace apm.Trace, conditions []Condition) bool {
	return !slices.ContainsFunc(conditions, func(c Condition) bool { return c.unmet(trace) != "" })
}

// timeout returns how long to wait. It leaves time for a report before the test's
// deadline: a test that go test ends can't show its traces.
func (a *Agent) timeout() time.Duration {
	const toReport = time.Second
	if test, ok := a.t.(*testing.T); ok {
		if deadline, ok := test.Deadline(); ok {
			return min(a.Timeout, max(0, time.Until(deadline)-toReport))
		}
	}
	return a.Timeout
}

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
