package intake

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

var update = flag.Bool("update", false, "write what captured payloads hold now to the files that say what they must hold")

// rich is the capture with most in it.
const rich = "capture/dd-trace-go-v2.12.0-v0.4.msgpack"

// TestCaptures takes in what dd-trace-go sent of one trace: two services beside
// the root's, a failure with its stack, an SQL query, links, events, numbers,
// and texts in several scripts. v1 of the library speaks v0.4; v2 speaks v1.0
// to an Agent that lists it, else v0.4. No Go tracer speaks the other formats:
// they are written from the same trace in TestOneTraceInEveryFormat.
//
// Beside each body are its headers, of which the first line is the request's;
// and what it must be decoded to, for reading, which -update writes anew.
func TestCaptures(t *testing.T) {
	bodies, err := filepath.Glob("testdata/capture/*.msgpack")
	if err != nil || len(bodies) != 3 {
		t.Fatalf("%d captures, %v", len(bodies), err)
	}
	for _, body := range bodies {
		name := strings.TrimSuffix(strings.TrimPrefix(body, "testdata/"), ".msgpack")
		lines := strings.Split(strings.TrimSpace(string(file(t, name+".headers"))), "\n")
		method, path, _ := strings.Cut(lines[0], " ")
		var headers []string
		for _, line := range lines[1:] {
			header, value, _ := strings.Cut(line, ": ")
			headers = append(headers, header, value)
		}

		in, sink := newTest()
		if w := send(in, method, path, file(t, name+".msgpack"), headers...); w.Code != http.StatusOK || in.Refused() != 0 {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		got := readable(t, sink.spans)
		golden := "testdata/" + name + ".json"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		compare(t, name, got, string(file(t, name+".json")))
	}
}

// compare shows the first line at which two texts part, and all of the one that
// there is.
func compare(t *testing.T, name, got, want string) {
	t.Helper()
	wants := strings.Split(want, "\n")
	for i, line := range strings.Split(got, "\n") {
		if i == len(wants) || line != wants[i] {
			t.Errorf("%s: line %d is %q, want %q, in\n%s", name, i+1, line, append(wants, "")[i], got)
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: ends too early:\n%s", name, got)
	}
}

// readable is spans as indented JSON. It makes no difference between a map
// without entries and none, nor between numbers of different types.
func readable(t testing.TB, spans []apm.Span) string {
	t.Helper()
	same := make([]apm.Span, len(spans))
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
		same[i] = span
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(same); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
