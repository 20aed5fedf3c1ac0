package intake_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm"
)

var update = flag.Bool("update", false, "rewrite the expected spans of the captures")

// richCapture is the capture with the most in it.
const richCapture = "testdata/capture/dd-trace-go-v2.12.0-v0.4.msgpack"

// TestIntake_Captures sends what dd-trace-go sent of one trace: two services besides the
// root's, an error with its stack, an SQL query, links, events, numbers, and texts in
// several scripts. v1 of the library uses v0.4; v2 uses v1.0 if the Agent lists it, else
// v0.4. No Go tracer uses the other formats: TestIntake_EveryFormat writes them.
//
// Each body has a file with its headers, whose first line is the request's, and one with
// the spans.
func TestIntake_Captures(t *testing.T) {
	bodies, err := filepath.Glob("testdata/capture/*.msgpack")
	if err != nil || len(bodies) != 3 {
		t.Fatalf("%d captures, %v", len(bodies), err)
	}
	for _, body := range bodies {
		t.Run(filepath.Base(body), func(t *testing.T) {
			name := strings.TrimSuffix(body, ".msgpack")
			lines := strings.Split(strings.TrimSpace(string(readFile(t, name+".headers"))), "\n")
			method, path, _ := strings.Cut(lines[0], " ")
			var headers []string
			for _, line := range lines[1:] {
				header, value, _ := strings.Cut(line, ": ")
				headers = append(headers, header, value)
			}
			in, sink := newIntake()
			w := send(in, method, path, readFile(t, body), headers...)
			if w.Code != http.StatusOK || in.Refused() != 0 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			got := readable(t, sink.spans)
			if *update {
				if err := os.WriteFile(name+".json", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			compare(t, got, string(readFile(t, name+".json")))
		})
	}
}

// compare shows the first line in which two texts differ.
func compare(t *testing.T, got, want string) {
	t.Helper()
	wants := strings.Split(want, "\n")
	for i, line := range strings.Split(got, "\n") {
		if i == len(wants) || line != wants[i] {
			t.Errorf("line %d is %q, want %q, in\n%s", i+1, line, append(wants, "")[i], got)
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("ends too early:\n%s", got)
	}
}

// readable returns spans as indented JSON, with null for empty maps.
func readable(t testing.TB, spans []apm.Span) string {
	t.Helper()
	normalized := make([]apm.Span, len(spans))
	for i, span := range spans {
		if len(span.Metrics) == 0 {
			span.Metrics = nil
		}
		span.Links, span.Events = append([]apm.Link(nil), span.Links...), append([]apm.Event(nil), span.Events...)
		for j := range span.Links {
			if len(span.Links[j].Attributes) == 0 {
				span.Links[j].Attributes = nil
			}
		}
		for j := range span.Events {
			if len(span.Events[j].Attributes) == 0 {
				span.Events[j].Attributes = nil
			}
		}
		normalized[i] = span
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(normalized); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
