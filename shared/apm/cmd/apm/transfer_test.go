package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
)

// started starts an empty agent and returns it with its address.
func started(t *testing.T) (a *agent.Agent, addr string) {
	t.Helper()
	a, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.WithoutCancel(t.Context())) })
	return a, strings.TrimPrefix(a.URL(), "http://")
}

const richID = 5577006791947779410

// rich returns a trace with every field that a span can have.
func rich() []apm.Span {
	const start, high = 1_700_000_000_000_000_001, 0x6b00cd7c00000000
	root := apm.Span{
		TraceID: richID, TraceIDHigh: high, SpanID: richID, Service: "api", Name: "http.request",
		Resource: "GET /\n\"<&>\u2028", Type: "web", Start: start, Duration: 504e6,
		Meta:    map[string]string{"_dd.p.tid": "6b00cd7c00000000", "env": "test", "empty": ""},
		Metrics: map[string]float64{"_dd.top_level": 1, "pi": math.Pi, "large": 1e300, "not": math.NaN()},
	}
	failed := apm.Span{
		TraceID: richID, SpanID: math.MaxUint64, ParentID: richID, Service: "thinker",
		Start: start + 1, Duration: 1, Error: true,
		Meta: map[string]string{"error.message": "no thought", "error.stack": "a\n\tb"},
		Links: []apm.Link{
			{TraceID: 1 << 63, TraceIDHigh: 7, SpanID: 9, Attributes: map[string]string{"why": "retry"}},
			{TraceID: 1, SpanID: 2},
		},
		Events: []apm.Event{
			{Time: start + 5, Name: "cache.miss", Attributes: map[string]any{
				"text": "war", "yes": true, "whole": int64(math.MaxInt64), "half": 0.5,
				"list": []any{"a", int64(1), 1.5, false}, "nothing": []any{},
			}},
			{Time: start + 6, Name: "bare"},
		},
	}
	deep := map[string]any{"within": map[string]any{"list": []any{}, "n": 2.0}}
	nested := apm.Span{
		TraceID: richID, SpanID: 3, ParentID: 99, Service: "thinker", Start: start + 1, Duration: 1,
		Events: []apm.Event{{Time: start, Name: "deep", Attributes: deep}},
	}
	return []apm.Span{root, failed, nested}
}

// TestImport_RoundTrip exports, clears, imports and exports again.
func TestImport_RoundTrip(t *testing.T) {
	a, addr := started(t)
	if err := a.Store().Add(t.Context(), rich()); err != nil {
		t.Fatal(err)
	}
	// Traces of real tracers.
	for file, path := range map[string]string{
		"dd-trace-go.v1-v1.74.8-v0.4.msgpack": "/v0.4/traces", "dd-trace-go-v2.12.0-v1.0.msgpack": "/v1.0/traces",
	} {
		payload, err := os.ReadFile(filepath.Join("..", "..", "internal", "intake", "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.Post(a.URL()+path, "application/msgpack", bytes.NewReader(payload))
		if err != nil || response.Body.Close() != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
	}
	summaries, _, _ := a.Store().Recent(100, 0)
	if len(summaries) < 3 {
		t.Fatalf("%d traces", len(summaries))
	}

	directory := t.TempDir()
	var files []string
	before := map[string]string{}
	for _, summary := range summaries {
		out, _, err := try(t, "export", "--addr", addr, apm.HexID(summary.TraceIDHigh, summary.TraceID))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(directory, fmt.Sprint(summary.TraceID, ".json"))
		if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		before[fmt.Sprint(summary.TraceID)] = out
	}
	if !strings.Contains(before[fmt.Sprint(richID)], `"trace_id_hex": "6b00cd7c000000004d65822107fcfd52"`) {
		t.Errorf("%s", before[fmt.Sprint(richID)])
	}
	out, _, err := try(t, "clear", "--addr", addr, "--yes")
	if err != nil || out != "Deleted every trace of the apm at "+addr+"\n" {
		t.Errorf("%q, %v", out, err)
	}
	_, _, err = try(t, "export", "--addr", addr, fmt.Sprint(richID))
	wantError(t, err, "No span of this trace is stored")
	out, stderr, err := try(t, append([]string{"import", "--addr", addr}, files...)...)
	imported := fmt.Sprintf("trace %d · 3 spans · http://%s/trace/%[1]d\n", uint64(richID), addr)
	if err != nil || stderr != "" || strings.Count(out, "\n") != len(files) || !strings.Contains(out, imported) {
		t.Errorf("%v %s%s", err, out, stderr)
	}
	for id, want := range before {
		got, _, err := try(t, "export", "--addr", addr, id)
		if !strings.Contains(want, `"_dd.p.tid"`) { // v1.0 has another place for it
			got = strings.Replace(got, `"_dd.p.tid": "`+hexHigh(want)+`",`, "", 1)
		}
		if err != nil || strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
			t.Errorf("%v: got\n%s\nwant\n%s", err, got, want)
		}
	}
}

// hexHigh returns the upper half of the ID in an exported trace.
func hexHigh(exported string) string {
	_, rest, _ := strings.Cut(exported, `"trace_id_hex": "`)
	return rest[:16]
}

// TestImport_LargeTrace imports a trace that is too large for one payload.
func TestImport_LargeTrace(t *testing.T) {
	a, addr := started(t)
	var spans []string
	tag := strings.Repeat("x", 1<<20)
	for id := range 30 {
		spans = append(spans, fmt.Sprintf(`{"trace_id":"7","span_id":"%d","meta":{"tag":"%s"}}`, id+1, tag))
	}
	file := `{"trace_id":"7","trace_id_hex":"00000000000000090000000000000007","spans":[` + strings.Join(spans, ",") + `]}`
	out, _, err := tryWith(t, file, "import", "--addr", addr, "-")
	if err != nil || !strings.Contains(out, "30 spans") {
		t.Fatalf("%v %s", err, out)
	}
	trace, _, err := a.Store().Trace(t.Context(), 7)
	if err != nil || len(trace.Spans) != 30 || trace.IDHigh() != 9 || a.Stats().Payloads != 5 {
		t.Errorf("%d spans, upper half %d, %d payloads, %v", len(trace.Spans), trace.IDHigh(), a.Stats().Payloads, err)
	}
}

func TestImport_SeveralTraces(t *testing.T) {
	const one = `{"trace_id":"1","spans":[{"trace_id":"1","span_id":"1"}]}`
	const two = `{"trace_id":"2","spans":[{"trace_id":"2","span_id":"1"}]}`
	for name, content := range map[string]string{
		"list": "[" + one + "," + two + "]", "after one another": one + "\n" + two, "both": "[" + one + "]" + two,
	} {
		a, addr := started(t)
		out, _, err := tryWith(t, content, "import", "--addr", addr, "-")
		if err != nil || a.Store().Retention().Traces != 2 || strings.Count(out, "/trace/") != 2 {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

func TestImport_BadFile(t *testing.T) {
	a, addr := started(t)
	directory := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const span, two = `{"trace_id":"1","span_id":"1"`, "00000000000000000000000000000002"
	trace := func(rest string) string {
		return `{"trace_id":"1","spans":[` + span + `},{"trace_id":"1","span_id":"2"` + rest + `}]}`
	}
	for content, want := range map[string]string{
		"":                                 "it contains no trace: expected a trace written by apm export",
		"[]":                               "it contains no trace",
		"5":                                "trace 1: expected a trace written by apm export",
		"{\n\"trace_id\": \"1\",\n oops}":  "not JSON: line 3: invalid character 'o'",
		`{"trace_id":"1","spans":[` + span: "it ends in the middle of a trace",
		`{"traces":[],"next":null}`:        "trace 1: it has no trace_id: expected",
		`{"trace_id":"1","spans":[]}`:      "trace 1: it has no spans",
		`{"trace_id":"1","spans":{}}`:      "spans: unexpected object",
		`{"trace_id":1,"spans":[]}`:        "trace_id: unexpected number",
		`{"trace_id":"0x1"}`:               `trace_id "0x1" is not an ID`,
		`{"trace_id":"1","trace_id_hex":"` + two + `"}`: `trace_id_hex "` + two + `" is not the trace_id in 32`,
		trace(`,"span_id":"1"`):                         "span 2: another span has the same span_id 1",
		trace(`,"span_id":"0"`):                         `span 2: span_id "0" is not an ID`,
		trace(`,"trace_id":"2"`):                        "span 2: its trace_id 2 is not the ID of the trace",
		trace(`,"parent_id":"x"`):                       `span 2: parent_id "x" is not an ID`,
		trace(`,"start":-1`):                            "span 2: start -1 is before 1970",
		trace(`,"duration":-1`):                         "span 2: duration -1 is negative",
		trace(`,"duration":1.5`):                        "spans.duration: unexpected number 1.5",
		trace(`,"error":2`):                             "span 2: error 2 is neither 0 nor 1",
		trace(`,"links":[{"trace_id":"5"}]`):            "span 2: link 1: it has no span_id",
		trace(`,"events":[{"time":-1}]`):                "span 2: event 1: time -1 is before 1970",
		trace(`,"meta":{"events":"x"},"events":[{"attributes":{"a":{}}}]`): "span 2: its events have nested attributes",
		"[" + trace("") + `,{"trace_id":""}]`:                              "trace 2: it has no trace_id",
	} {
		file := write("bad.json", content)
		out, _, err := try(t, "import", "--addr", addr, file)
		wantError(t, err, "import "+file+": ", want)
		if out != "" {
			t.Errorf("%s is imported: %s", content, out)
		}
	}
	if kept := a.Store().Retention(); kept.Spans != 0 {
		t.Errorf("%d spans were sent", kept.Spans)
	}
	// The others are.
	out, stderr, err := try(t, "import", "--addr", addr,
		write("bad.json", "oops"), write("good.json", trace("")), filepath.Join(directory, "none.json"))
	if fmt.Sprint(err) != "2 of 3 files not imported" || strings.Count(stderr, "\n") != 2 ||
		!strings.Contains(stderr, "none.json: ") || strings.Count(out, "/trace/1\n") != 1 {
		t.Errorf("%v\n%s%s", err, out, stderr)
	}
}

func TestClear_Confirmation(t *testing.T) {
	for answer, cleared := range map[string]bool{
		"y\n": true, " YES \n": true, "\n": false, "": false, "no\n": false, "yesterday\n": false,
	} {
		addr := running(t)
		_, stderr, err := tryWith(t, answer, "clear", "--addr", addr)
		_, _, gone := try(t, "export", "--addr", addr, "1")
		asked := strings.Contains(stderr, "at "+addr+"? This cannot be undone. [y/N]")
		if (err == nil) != cleared || (gone != nil) != cleared || !asked {
			t.Errorf("%q: %v, %v, %s", answer, err, gone, stderr)
		}
	}
}

// TestClear_WithoutTerminal checks that input from a file, even from the null device,
// doesn't count as a terminal to ask.
func TestClear_WithoutTerminal(t *testing.T) {
	addr := running(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	err = run(t.Context(), []string{"clear", "--addr", addr}, null, io.Discard, io.Discard)
	if _, wrong := errors.AsType[usageError](err); !wrong {
		t.Errorf("%v is no mistake in usage", err)
	}
	wantError(t, err, "--yes")
	if _, _, err := try(t, "export", "--addr", addr, "1"); err != nil {
		t.Errorf("the traces were deleted: %v", err)
	}
}

func TestClear_Interrupted(t *testing.T) {
	addr := running(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, _ := io.Pipe()
	err := run(ctx, []string{"clear", "--addr", addr}, silent, io.Discard, io.Discard)
	wantError(t, err, "not confirmed, so nothing was deleted")
	if _, _, err := try(t, "export", "--addr", addr, "1"); err != nil {
		t.Errorf("the traces were deleted: %v", err)
	}
}

func TestExport_FormsOfID(t *testing.T) {
	addr := running(t)
	for _, id := range []string{"2", "0000000000000002", "0x2", apm.HexID(5, 2)} {
		out, _, err := try(t, "export", "--addr", addr, id)
		if err != nil || !strings.HasPrefix(out, "{\n  \"trace_id\": \"2\",\n") || !strings.HasSuffix(out, "}\n") {
			t.Errorf("%s: %v %s", id, err, out)
		}
	}
	for id, want := range map[string]string{
		"4": "No span of this trace is stored", "war": `"war" is not a trace ID`, "../2": "is not a trace ID",
	} {
		out, _, err := try(t, "export", "--addr", addr, id)
		if wantError(t, err, want); out != "" {
			t.Errorf("%s: it prints %s", id, out)
		}
	}
}

// TestImport_Refused uses an intake that refuses the trace.
func TestImport_Refused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Datadog-Agent-Version", "7")
		http.Error(w, "too \x1b[2Jlarge", http.StatusRequestEntityTooLarge)
	}))
	defer server.Close()
	const trace = `{"trace_id":"1","spans":[{"trace_id":"1","span_id":"1"}]}`
	_, _, err := tryWith(t, trace, "import", "--addr", strings.TrimPrefix(server.URL, "http://"), "-")
	wantError(t, err, ": too  [2Jlarge")
}
