package site

import (
	"path/filepath"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/tracegen"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// TestSite_Requests holds that only requests to the running code are judged, and none
// whose spans may still be on their way.
func TestSite_Requests(t *testing.T) {
	b := newBench(t)
	since := time.Now().Add(-10 * time.Second)
	span := func(trace, id, parent uint64, start, duration time.Duration) apm.Span {
		return apm.Span{TraceID: trace, SpanID: id, ParentID: parent, Service: "thinker-api", Name: "http.request",
			Start: since.Add(start).UnixNano(), Duration: duration}
	}
	err := tracegen.Send(t.Context(), b.url, []apm.Span{
		span(1, 1, 0, -time.Second, 2*time.Second), span(1, 2, 1, time.Second, time.Second), // began before
		span(2, 1, 0, time.Second, time.Second), // is past
		span(3, 1, 0, 9*time.Second, time.Hour), // goes on
	})
	if err != nil {
		t.Fatal(err)
	}
	b.requestsOf = func(traces []apm.Trace) (all []lesson.Request) {
		for _, trace := range traces {
			all = append(all, lesson.Request{Traces: []apm.Trace{trace}})
		}
		return all
	}
	requests, err := b.requests(t.Context(), since)
	if err != nil || len(requests) != 1 || requests[0].Traces[0].ID != 2 {
		t.Errorf("judged is %+v: %v", requests, err)
	}
}

// TestSite_JudgedCode reads the code of the running services only while it is the
// code that is wanted.
func TestSite_JudgedCode(t *testing.T) {
	b := newBench(t)
	for _, service := range []string{"api", "thinker"} {
		checkout.Write(t, filepath.Join(b.Root, "step02", service, "main.go"), "package main\n")
	}
	if code := b.runningCode(); code["api/main.go"] != "package main\n" {
		t.Errorf("the code is %q, want that of step02", code)
	}
	b.workshop.state.Phase = runner.Building
	if code := b.runningCode(); code != nil {
		t.Errorf("while it builds, the code is %q, want none", code)
	}
}
