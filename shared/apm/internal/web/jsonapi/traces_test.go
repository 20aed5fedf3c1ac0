package jsonapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/webtest"
)

func TestTraces_Cursor(t *testing.T) {
	site := webtest.New(t, documented()...)
	first := webtest.Decode[api.Traces](t, site, "/api/traces?limit=1")
	if len(first.Traces) != 1 || first.Traces[0].TraceID != "5577006791947779410" || first.Next == nil {
		t.Fatalf("the first page is %+v", first)
	}
	second := webtest.Decode[api.Traces](t, site, "/api/traces?cursor="+*first.Next)
	if len(second.Traces) != 1 || second.Traces[0].TraceID != "9083546347817640113" || second.Next != nil {
		t.Errorf("the second page is %+v", second)
	}
}

// In a span without anything, lists and tags are empty, not null.
func TestTrace_EmptySpan(t *testing.T) {
	site := webtest.New(t, apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1}}))
	const want = `{"trace_id":"1","trace_id_hex":"00000000000000000000000000000001","spans":[` +
		`{"trace_id":"1","span_id":"1","parent_id":"0","service":"","name":"","resource":"","type":"",` +
		`"start":0,"duration":0,"error":0,"meta":{},"metrics":{},"links":[],"events":[]}]}` + "\n"
	if body := site.Get("/api/traces/1").Body.String(); body != want {
		t.Errorf("got  %swant %s", body, want)
	}
}

func TestTrace_FormsOfID(t *testing.T) {
	const id, high = 0x1234567812345678, 0x6b00cd7c00000000
	site := webtest.New(t, apm.NewTrace(id, []apm.Span{{TraceID: id, TraceIDHigh: high, SpanID: 1}}))
	hex := apm.HexID(high, id)
	for text, want := range map[string]int{
		"1311768465173141112": 200, hex: 200, hex[16:]: 200, strings.ToUpper(hex): 200, "0x" + hex: 200,
		"142231139138764033166318706018116149586": 404, // well-formed
		"x": 400, "-1": 400, "1.5": 400, strings.Repeat("f", 33): 400, strings.Repeat("9", 40): 400, "0x": 400, "%20": 400,
	} {
		for _, path := range []string{"/trace/", "/api/traces/"} {
			if r := site.Get(path + text); r.Code != want {
				t.Errorf("%s%s: status %d, want %d", path, text, r.Code, want)
			}
		}
	}
}

func TestTrace_Download(t *testing.T) {
	site := webtest.New(t, documented()...)
	for parameter, want := range map[string]string{
		"": "", "?download=true": `attachment; filename="trace-5577006791947779410.json"`,
	} {
		header := site.Get("/api/traces/5577006791947779410" + parameter).Header()
		if got := header.Get("Content-Disposition"); got != want {
			t.Errorf("%q: Content-Disposition is %q, want %q", parameter, got, want)
		}
	}
}

func TestProblem(t *testing.T) {
	site := webtest.New(t)
	for path, status := range map[string]int{
		"/api/traces/1": 404, "/api/traces/x": 400, "/api/traces?limit=0": 400, "/api/traces?limit=1001": 400,
		"/api/traces?cursor=-1": 400, "/api/events?trace=x": 400, "/api/nothing": 404,
	} {
		r := site.Get(path)
		var problem api.Problem
		err := json.Unmarshal(r.Body.Bytes(), &problem)
		want := api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: problem.Detail}
		if err != nil || problem != want || problem.Detail == "" ||
			r.Code != status || r.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: status %d, %v: %s", path, r.Code, err, r.Body)
		}
	}
}
