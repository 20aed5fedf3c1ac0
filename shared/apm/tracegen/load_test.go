package tracegen_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/tracegen"
)

// run loads an agent and returns the stored traces.
func run(t *testing.T, a *agent.Agent, config tracegen.LoadConfig) (tracegen.LoadResult, []apm.Trace) {
	t.Helper()
	config.URL = a.URL()
	result, err := tracegen.Load(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if result.Sent != result.Acknowledged || result.Missing() != 0 || !result.Compared || len(result.Losses) > 0 {
		t.Errorf("%+v", result)
	}
	return result, search(t, a, "")
}

func TestLoad_SpanCount(t *testing.T) {
	a := startAgent(t)
	for _, n := range []int{1, 6, 599, 600, 2405} { // in the same agent: IDs are fresh
		before := a.Stats().Spans
		result, all := run(t, a, tracegen.LoadConfig{Spans: n})
		spans := 0
		for _, trace := range all {
			spans += len(trace.Spans)
		}
		if result.Acknowledged != n || result.Received != n || a.Stats().Spans-before != n || spans != a.Stats().Spans {
			t.Errorf("%d spans: %+v, the agent received %d and stores %d", n, result, a.Stats().Spans-before, spans)
		}
	}
}

func TestLoad_TracesResembleTheWorkshop(t *testing.T) {
	a := startAgent(t)
	sent := time.Now()
	_, all := run(t, a, tracegen.LoadConfig{Spans: 6000, Payload: 60})
	if len(all) != 1000 {
		t.Fatalf("%d traces", len(all))
	}
	durations := map[time.Duration]bool{}
	for _, trace := range all {
		var tree strings.Builder
		if err := format.WriteTrace(&tree, trace, ""); err != nil {
			t.Fatal(err)
		}
		const want = `thinker-api · http.request · GET /think/
  thinker-api · http.request · http.request
    thinker-microservice · http.request · GET /
      thinker-microservice · think · think
        thinker-microservice · redis.command · get
        sqlite.db · sqlite.query · SELECT id, quote, author, subject FROM thought WHERE subject = ?
`
		if got := withoutErrors(tree.String()); got != want {
			t.Fatalf("got\n%s", got)
		}
		root := trace.Spans[0]
		if root.SpanID != trace.ID || root.TraceIDHigh>>32 != uint64(root.Start/1e9) || root.TraceIDHigh<<32 != 0 {
			t.Errorf("the root's IDs are unlike those of Go's tracer: %+v", root)
		}
		if age := sent.Sub(time.Unix(0, root.Start)); age > time.Minute || root.Duration <= 0 {
			t.Errorf("it began %s ago and took %s", age, root.Duration)
		}
		for _, span := range trace.Spans {
			if span.Start < root.Start || span.End() > root.End() {
				t.Errorf("%s is not within its trace", format.Span(&span))
			}
		}
		durations[root.Duration] = true
	}
	if len(durations) < 200 {
		t.Errorf("%d different durations", len(durations))
	}
	for _, q := range []string{
		"@subject:war", "status:error", "@http.status_code:500 status:error",
		"service:thinker-microservice resource_name:think status:error duration:>50ms",
	} {
		if n := len(search(t, a, q)); n == 0 || n > 500 {
			t.Errorf("%s: %d traces", q, n)
		}
	}
}

func withoutErrors(tree string) string {
	lines := strings.Split(tree, "\n")
	for i, line := range lines {
		lines[i], _, _ = strings.Cut(line, " · error")
	}
	return strings.Join(lines, "\n")
}

func TestLoad_Attributes(t *testing.T) {
	a := startAgent(t)
	_, all := run(t, a, tracegen.LoadConfig{Spans: 600, Attributes: 200, Unique: true})
	values, ids := map[string]map[string]bool{}, map[string]bool{}
	for _, trace := range all {
		for _, span := range trace.Spans {
			own := 0
			for name, value := range span.Meta {
				if strings.HasPrefix(name, "app.") {
					own++
					if values[name] == nil {
						values[name] = map[string]bool{}
					}
					values[name][value] = true
				}
			}
			if own != 14 {
				t.Errorf("a span has %d attributes", own)
			}
			if id := span.Meta["request.id"]; len(id) != 32 || ids[id] {
				t.Errorf("request.id is %q, again or wrong", id)
			}
			ids[span.Meta["request.id"]] = true
		}
	}
	if len(values) != 200 || len(values["app.attribute_007"]) < 10 {
		t.Errorf("%d attributes, one has the values %v", len(values), values["app.attribute_007"])
	}
	_, all = run(t, startAgent(t), tracegen.LoadConfig{Spans: 6, Attributes: 3})
	if len(all) != 1 || all[0].Spans[5].Meta["app.attribute_002"] == "" {
		t.Errorf("3 attributes: %+v", all)
	}
}

func TestLoad_Spread(t *testing.T) {
	a := startAgent(t)
	_, all := run(t, a, tracegen.LoadConfig{Spans: 2400, Spread: 4 * time.Hour})
	quarters := [4]int{}
	for _, trace := range all {
		quarters[min(3, time.Since(time.Unix(0, trace.Start()))/time.Hour)]++
	}
	for i, n := range quarters {
		if n < 98 || n > 102 { // the limits are a trace's length off
			t.Errorf("%d of 400 traces are %d h old", n, i)
		}
	}
}

func TestLoad_Rate(t *testing.T) {
	result, _ := run(t, startAgent(t), tracegen.LoadConfig{For: 300 * time.Millisecond, Rate: 600})
	if most := 3 * 60; result.Sent == 0 || result.Sent > most {
		t.Errorf("%d spans sent, want 1 to %d", result.Sent, most)
	}
}

func TestLoad_Interrupted(t *testing.T) {
	a := startAgent(t)
	ctx, interrupt := context.WithCancel(t.Context())
	config := tracegen.LoadConfig{URL: a.URL(), For: time.Hour, Rate: 6000}
	config.Progress = func(tracegen.LoadResult) { interrupt() }
	result, err := tracegen.Load(ctx, config)
	if err != nil || result.Sent == 0 || result.Unanswered > 0 || result.Received != result.Sent ||
		result.LatencyMax == 0 || result.LatencyP50 > result.LatencyP99 {
		t.Errorf("%v %+v", err, result)
	}
}

// TestLoad_Losses loads an agent that stores half of what it acknowledges, refuses the
// third payload and doesn't respond to the fourth.
func TestLoad_Losses(t *testing.T) {
	var payloads, asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/intake" {
			n := int(asked.Add(1)) - 1
			_ = json.NewEncoder(w).Encode(api.Intake{
				Spans: 7 + n*600, Losses: []api.Loss{{Reason: "forgotten", Count: n * 3}, {Reason: "old", Count: 5}},
			})
			return
		}
		switch payloads.Add(1) {
		case 3:
			w.WriteHeader(http.StatusTooManyRequests) // without having read it
		case 4:
			panic(http.ErrAbortHandler)
		default:
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}))
	defer server.Close()
	result, err := tracegen.Load(t.Context(), tracegen.LoadConfig{URL: server.URL, Spans: 6000, Connections: 1})
	if err == nil || !strings.Contains(err.Error(), "send 600 spans") {
		t.Errorf("the error is %v", err)
	}
	if result.Sent != 2400 || result.Acknowledged != 1200 || result.Refused[429] != 600 || result.Unanswered != 600 ||
		result.Received != 600 || result.Missing() != 600 || len(result.Losses) != 1 || result.Losses["forgotten"] != 3 {
		t.Errorf("%+v", result)
	}
}

func TestLoad_NotAnAgent(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	config := tracegen.LoadConfig{URL: server.URL, Spans: 6}
	if _, err := tracegen.Load(t.Context(), config); err == nil || !strings.Contains(err.Error(), "Is it an apm?") {
		t.Error(err)
	}
	server.Close()
	if result, err := tracegen.Load(t.Context(), config); err == nil || result.Sent > 0 {
		t.Error(err)
	}
}

func TestLoad_InvalidConfig(t *testing.T) {
	for want, config := range map[string]tracegen.LoadConfig{
		"needs an end":  {},
		"rate -1":       {Spans: 1, Rate: -1},
		"connections":   {Spans: 1, Connections: -1},
		"multiple of 6": {Spans: 1, Payload: 10},
		"attributes":    {Spans: 1, Attributes: tracegen.MaxAttributes + 1},
		"spread":        {Spans: 1, Spread: -1},
	} {
		if _, err := tracegen.Load(t.Context(), config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", config, err, want)
		}
	}
}
