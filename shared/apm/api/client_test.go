package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/api"
	"thinker/shared/apm/fetch"
)

// start returns a client of an agent that stores spans.
func start(t *testing.T, spans ...apm.Span) api.Client {
	t.Helper()
	a, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(t.Context()) })
	if err := a.Store().Add(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
	return api.Client{URL: a.URL()}
}

func TestClient_Endpoints(t *testing.T) {
	const at = 1_700_000_000_000_000_000
	c := start(t, apm.Span{
		TraceID: 1, TraceIDHigh: 5, SpanID: 2, ParentID: 3, Service: "api", Name: "http.request", Resource: "GET /",
		Start: at, Duration: time.Millisecond, Error: true, Meta: map[string]string{"env": "test"},
		Metrics: map[string]float64{"_top_level": 1, "lost": math.NaN()},
	})
	ctx := t.Context()

	s := api.Selection{Query: "service:api", Env: "test", Scope: "all", From: time.Unix(0, at), To: time.Unix(0, at+1)}
	traces, err := c.Traces(ctx, s, 10)
	if err != nil || len(traces.Traces) != 1 || traces.Traces[0].TraceID != "1" || traces.Next != nil {
		t.Errorf("Traces returns %+v, %v", traces, err)
	}
	s.Env = "other"
	if traces, err := c.Traces(ctx, s, 10); err != nil || len(traces.Traces) != 0 {
		t.Errorf("Traces of another environment returns %+v, %v", traces, err)
	}
	trace, err := c.Trace(ctx, "1")
	if err != nil || len(trace.Spans) != 1 || trace.TraceIDHex != "00000000000000050000000000000001" {
		t.Fatalf("Trace returns %+v, %v", trace, err)
	}
	domain, err := trace.Domain()
	if err != nil || domain.ID != 1 {
		t.Fatalf("Domain returns %+v, %v", domain, err)
	}
	span := domain.Spans[0]
	if span.ParentID != 3 || !span.Error || span.Duration != time.Millisecond || !math.IsNaN(span.Metrics["lost"]) {
		t.Errorf("Domain has the span %+v", span)
	}
	outline, err := c.Outline(ctx, "1")
	if err != nil || len(outline.Services) != 1 || len(outline.Spans.SpanID) != 1 {
		t.Errorf("Outline returns %+v, %v", outline, err)
	}
	figures, err := c.Figures(ctx, api.Selection{})
	if err != nil || figures.Total.Requests != 1 || figures.Total.ErrorRate != 1 {
		t.Errorf("Figures returns %+v, %v", figures, err)
	}
	intake, err := c.Intake(ctx)
	if err != nil || intake.Kept.Spans != 1 || intake.Since.IsZero() || len(intake.Chain) == 0 {
		t.Errorf("Intake returns %+v, %v", intake, err)
	}
	if err := c.Clear(ctx); err != nil {
		t.Error(err)
	}
	var failed *api.ResponseError
	_, err = c.Trace(ctx, "1")
	if !errors.As(err, &failed) || failed.Status != http.StatusNotFound || failed.Problem.Detail == "" {
		t.Errorf("Trace after Clear returns %v", err)
	}
	_, err = c.Traces(ctx, api.Selection{Query: "duration:>slow"}, 1)
	if !errors.As(err, &failed) || failed.Problem.Offset == nil {
		t.Errorf("Traces of an invalid query returns %v", err)
	}
}

func TestClient_OtherPrograms(t *testing.T) {
	tests := []struct {
		name, want string
		serve      http.HandlerFunc
	}{
		{"not found", "/api/traces/1 responded with 404", http.NotFound},
		{"not JSON", "/api/traces/1 did not respond like the workshop's agent: invalid character",
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }},
		{"redirect", "/api/traces/1 responded with 302", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.com", http.StatusFound)
		}},
		{"too long", "the response is longer than 64 MiB", func(w http.ResponseWriter, _ *http.Request) {
			for chunk := strings.Repeat(" ", 1<<20); ; {
				if _, err := fmt.Fprint(w, chunk); err != nil {
					return
				}
			}
		}},
		{"incomplete", " does not respond: unexpected EOF", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.serve)
			defer server.Close()
			_, err := (api.Client{URL: server.URL}).Trace(t.Context(), "1")
			if err == nil || !strings.HasPrefix(strings.TrimPrefix(err.Error(), server.URL), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestClient_Unreachable(t *testing.T) {
	_, err := (api.Client{URL: "http://localhost:1"}).Intake(t.Context())
	var unreachable *fetch.UnreachableError
	if !errors.As(err, &unreachable) || unreachable.URL != "http://localhost:1" {
		t.Error(err)
	}
}

func TestTrace_DomainInvalidID(t *testing.T) {
	for _, text := range []string{
		`{"trace_id": "x"}`,
		`{"trace_id": "1", "spans": [{"span_id": "", "parent_id": "0"}]}`,
		`{"trace_id": "1", "spans": [{"span_id": "1", "parent_id": "-1"}]}`,
	} {
		var trace api.Trace
		if err := json.Unmarshal([]byte(text), &trace); err != nil {
			t.Fatal(err)
		}
		if _, err := trace.Domain(); err == nil {
			t.Errorf("Domain accepts %s", text)
		}
	}
}

func TestNumber_JSON(t *testing.T) {
	for value, want := range map[float64]string{1.5: "1.5", math.Inf(1): "null", math.Inf(-1): "null"} {
		got, err := json.Marshal(api.Number(value))
		if err != nil || string(got) != want {
			t.Errorf("%v is %s in JSON, want %s: %v", value, got, want, err)
		}
	}
}

func TestFields(t *testing.T) {
	want := []api.Field{
		{"facets[].field", "in query syntax"}, {"facets[].spans", "number of spans that have it"},
		{"facets[].values[].value", ""}, {"facets[].values[].spans", ""},
		{"facets[].others", "number of values left out"}, {"others", "number of attributes left out"},
	}
	if got := api.Fields(api.Facets{}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Fields returns %v, want %v", got, want)
	}
	// Embedded structs, pointers, maps, times and plain lists.
	for _, test := range []struct {
		response any
		want     string
	}{
		{api.TimeSpent{}, "requests"}, {api.TimeSpent{}, "series.requests"}, {api.Trace{}, "spans[].meta{}"},
		{api.Intake{}, "since"}, {api.Outline{}, "spans.span_id"}, {api.Breakdown{}, "groups[].series.avg"},
	} {
		found := false
		for _, field := range api.Fields(test.response) {
			found = found || field.Name == test.want
		}
		if !found {
			t.Errorf("%T lacks %s", test.response, test.want)
		}
	}
}
