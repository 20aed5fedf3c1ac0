package apmtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
)

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
	patience := a.patience()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	if trace, found := a.await(ctx, conditions); found {
		return trace
	}
	traces := a.Traces()
	trace, found := first(traces, conditions)
	if !found {
		a.t.Fatal(report(traces, conditions, patience, a.agent.Stats().Refused))
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

// patience returns how long to wait. It leaves time for a report before the test's
// deadline: a test that go test ends can't show its traces.
func (a *Agent) patience() time.Duration {
	const toReport = time.Second
	if test, ok := a.t.(*testing.T); ok {
		if deadline, ok := test.Deadline(); ok {
			return min(a.Patience, max(0, time.Until(deadline)-toReport))
		}
	}
	return a.Patience
}
