package events_test

import (
	"net/http"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/webtest"
)

func TestEvents_Traces(t *testing.T) {
	site := webtest.New(t)
	events := site.Open(t, "/api/events?trace=2")
	for id := range uint64(2) {
		if err := site.Store.Add(t.Context(), []apm.Span{{TraceID: id + 1, SpanID: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	const want = "event: trace\ndata: {\"trace_id\":\"2\"}\n"
	if got := webtest.NextEvent(events); got != want {
		t.Errorf("the first event is %q, want %q", got, want)
	}
	site.Close()
	for events.Scan() { // until the stream ends
	}
}

func TestEvents_Intake(t *testing.T) {
	site := webtest.New(t)
	events := site.Open(t, "/api/events?kind=intake")
	site.Intake.AddCalls(3)
	const want = "event: intake\ndata: {\"calls\":3}\n"
	if got := webtest.NextEvent(events); got != want {
		t.Errorf("the first event is %q, want %q", got, want)
	}
	site.Close()
	for events.Scan() { // until the stream ends
	}
}

func TestEvents_Invalid(t *testing.T) {
	site := webtest.New(t)
	for _, parameter := range []string{"kind=metrics", "trace=x"} {
		if r := site.Get("/api/events?" + parameter); r.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", parameter, r.Code)
		}
	}
}
