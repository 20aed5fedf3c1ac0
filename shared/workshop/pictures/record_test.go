package pictures

import (
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

var record = flag.Bool("record", false, "run the steps and record the traces that the pictures show in testdata")

// TestRecord records the traces that the pictures show, with -record alone.
func TestRecord(t *testing.T) {
	if !*record {
		return
	}
	built := t.TempDir()
	type request struct{ name, subject string }
	for _, c := range []struct {
		file     string
		step     int
		delay    string
		requests []request
	}{
		{"step01", 1, "500ms", []request{{"war", "war"}}},
		{"step02", 2, "500ms", []request{{"war", "war"}, {"peace", "peace"}}},
		{"step03", 3, "500ms", []request{{"war", "war"}}},
		{"step04", 4, "500ms", []request{{"mankind", "mankind"}, {"art", "art"}}},
		{"step05", 5, "500ms", []request{{"miss", "mankind"}, {"hit", "mankind"}}},
		{"reading", 4, "2ms", []request{{"art", "art"}}}, // so short that the network's part is visible
	} {
		t.Run(c.file, func(t *testing.T) {
			client := start(t, c.step, c.delay, built)
			// The first request also opens connections, which later ones use.
			get(t, client, "music")
			stored, begin := map[string][]api.Trace{}, time.Date(2026, time.January, 15, 14, 2, 10*c.step, 0, time.UTC)
			for i, request := range c.requests {
				stored[request.name] = tidy(get(t, client, request.subject), begin.Add(time.Duration(i)*time.Second))
			}
			text, err := json.MarshalIndent(stored, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			checkout.Write(t, filepath.Join("testdata", c.file+".json"), string(text)+"\n")
		})
	}
}

// start starts a step until the test ends.
func start(t *testing.T, step int, delay, built string) *client.Client {
	t.Helper()
	root := checkout.Root(t)
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t)}
	running, err := runner.Up(need.Context(t), runner.Options{
		Root: root, Target: runner.Target{Step: step}, Ports: ports, Dir: built,
		Env:      []string{"THINK_DELAY=" + delay},
		Building: func(string) {},
		Log:      func(service, line string) { t.Logf("%s: %s", service, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &client.Client{API: fmt.Sprintf("http://localhost:%d", ports.API), Agent: running.Agent.URL()}
}

// get returns the traces of a request about a subject.
func get(t *testing.T, c *client.Client, subject string) []apm.Trace {
	t.Helper()
	answer, err := c.Think(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	traces, err := c.TracesOf(t.Context(), answer)
	if err != nil || len(traces) == 0 {
		t.Fatalf("no trace of %s: %v", subject, err)
	}
	return traces
}

// port matches where the microservice listened while the traces were recorded.
var port = regexp.MustCompile(`http://localhost:\d+`)

// tidy returns traces as a recording stores them. Times are moved so that the
// first span starts at begin, and rounded to microseconds. IDs are counted from 1,
// and tags that differ from machine to machine are left out.
func tidy(traces []apm.Trace, begin time.Time) (stored []api.Trace) {
	shown := []string{"component", "env", "error.message", "error.type", "http.method", "http.status_code", "http.url",
		"span.kind", "subject", "version"}
	ids := map[uint64]uint64{0: 0}
	short := func(id uint64) uint64 {
		if _, known := ids[id]; !known {
			ids[id] = uint64(len(ids))
		}
		return ids[id]
	}
	first := traces[0].Start()
	for _, trace := range traces {
		first = min(first, trace.Start())
	}
	for _, trace := range traces {
		id := short(trace.ID)
		tidied := api.Trace{TraceID: api.ID(id), TraceIDHex: apm.HexID(0, id)}
		for _, s := range trace.Spans {
			s.TraceID, s.SpanID, s.ParentID = short(s.TraceID), short(s.SpanID), short(s.ParentID)
			end := time.Duration(s.End() - first).Round(time.Microsecond)
			start := time.Duration(s.Start - first).Round(time.Microsecond)
			s.TraceIDHigh, s.Start, s.Duration = 0, begin.Add(start).UnixNano(), end-start
			if s.Type == "web" {
				delete(s.Meta, "http.url") // the learner's port
			}
			meta := map[string]string{}
			for _, tag := range shown {
				if value := s.Meta[tag]; value != "" {
					meta[tag] = port.ReplaceAllString(value, "http://localhost:5001")
				}
			}
			s.Meta, s.Links, s.Events = meta, nil, nil
			if s.TopLevel() {
				s.Metrics = map[string]float64{"_dd.top_level": 1}
			} else {
				s.Metrics = nil
			}
			tidied.Spans = append(tidied.Spans, api.NewSpan(&s))
		}
		stored = append(stored, tidied)
	}
	return stored
}
