package apmtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
)

// RequireTrace returns a trace that meets all conditions, as soon as there is
// one. If none comes in time, the test fails with every trace that did, and the
// conditions that the nearest of them do not meet. A condition that cannot be
// read fails the test at once.
//
// A trace is never known to be complete, so a condition that further spans
// could undo, such as NoErrors, is sure only once the tracers have stopped. As
// it may end the test that Run was given, it is called in that one's goroutine.
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

// await looks at the traces that are there, and then at each that changes.
func (a *Agent) await(ctx context.Context, conditions []Condition) (trace apm.Trace, found bool) {
	changes := a.agent.Store().Subscribe(ctx) // before looking, so that nothing comes unnoticed
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

// first is the first trace that meets all conditions.
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

// patience leaves time to report before the test's own time is up: a test that
// is ended from outside says nothing of its traces.
func (a *Agent) patience() time.Duration {
	const toReport = time.Second
	if test, ok := a.t.(*testing.T); ok {
		if deadline, ok := test.Deadline(); ok {
			return min(a.Patience, max(0, time.Until(deadline)-toReport))
		}
	}
	return a.Patience
}
