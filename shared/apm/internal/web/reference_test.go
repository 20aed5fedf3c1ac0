package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
)

var update = flag.Bool("update", false, "write what the API answers now to the examples that its page shows")

// documented is what the API's page has its examples of: a request to two
// services, and one that failed.
func documented() []apm.Trace {
	const start, high = 1_700_000_000_000_000_000, 0x6553f10000000000
	request := func(id uint64, at time.Duration, subject, status string, took time.Duration) apm.Trace {
		tags := func(more ...string) map[string]string {
			all := map[string]string{"env": "workshop", "version": "step04"}
			for pair := range slices.Chunk(more, 2) {
				all[pair[0]] = pair[1]
			}
			return all
		}
		entry := map[string]float64{"_dd.top_level": 1}
		root := apm.Span{TraceID: id, TraceIDHigh: high, SpanID: id, Service: "thinker-api", Name: "http.request", Resource: "GET /think/", Type: "web",
			Start: start + int64(at), Duration: took, Meta: tags("http.status_code", status), Metrics: entry}
		think := apm.Span{TraceID: id, SpanID: id + 1, ParentID: id, Service: "thinker-microservice", Name: "think", Resource: "think",
			Start: root.Start + 1e6, Duration: took - 2e6, Error: status == "404", Meta: tags("subject", subject), Metrics: entry,
			Links:  []apm.Link{{TraceID: 7, SpanID: 8, Attributes: map[string]string{"reason": "retry"}}},
			Events: []apm.Event{{Time: root.Start + 2e6, Name: "cache.miss", Attributes: map[string]any{"key": subject, "size": 6}}}}
		return apm.NewTrace(id, []apm.Span{root, think})
	}
	return []apm.Trace{
		request(9083546347817640113, 0, "war", "200", 504*time.Millisecond),
		request(5577006791947779410, 2*time.Second, "art", "404", 12*time.Millisecond),
	}
}

// documentedWeb has all that the examples show.
func documentedWeb() (*Web, *traces) {
	w, f := newTest(documented()...)
	f.report = report()
	return w, f
}

// answerTo is what an endpoint answers to its example.
func answerTo(t *testing.T, e endpoint) string {
	t.Helper()
	w, f := documentedWeb()
	summary := f.list[len(f.list)-1].Summary()
	path := exampleURL(e.Example, []apm.Summary{summary})
	if e.Sample == "events.txt" {
		return firstEvent(t, w, f, path)
	}
	r := httptest.NewRequest(e.Method, path, nil)
	r.Host = "localhost"
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if rec.Code != e.Status {
		t.Errorf("%s %s answers %d %s, but is documented with %d", e.Method, path, rec.Code, rec.Body, e.Status)
	}
	return rec.Body.String()
}

// firstEvent is the first of a stream's events.
func firstEvent(t *testing.T, w *Web, f *traces, path string) string {
	t.Helper()
	server := httptest.NewServer(w)
	defer server.Close()
	defer w.Close()
	response, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Scan() // that the stream is open
	lines.Scan()
	f.notices <- []uint64{f.list[0].ID}
	var text strings.Builder
	for lines.Scan() && lines.Text() != "" {
		fmt.Fprintln(&text, lines.Text())
	}
	return text.String()
}

// TestTheExamplesAreAnswers holds the answers that the page shows to those that
// the API gives. With -update they are written anew.
func TestTheExamplesAreAnswers(t *testing.T) {
	w, _ := documentedWeb()
	got := map[string]string{"problem.json": readable(t, get(w, "/api/traces?query=duration:%3Eslow").Body.String())}
	for _, e := range endpoints() {
		answer := answerTo(t, e)
		switch {
		case e.Sample == "":
			if answer != "" {
				t.Errorf("%s %s: answers %s, of which nothing is shown", e.Method, e.Path, answer)
			}
		case strings.HasSuffix(e.Sample, ".json"):
			got[e.Sample] = readable(t, answer)
		default:
			got[e.Sample] = answer
		}
	}
	for name, want := range got {
		if *update {
			if err := os.WriteFile(filepath.Join("examples", name), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if w.examples[name] != want {
			t.Errorf("examples/%s is not what the API answers, which is\n%s", name, want)
		}
	}
	if files, err := os.ReadDir("examples"); err != nil || len(files) != len(got) {
		t.Errorf("%d files of examples, want %d: %v", len(files), len(got), err)
	}
}

var leaf = regexp.MustCompile(`[\[{]\s+[^\[\]{}]*?\s+[\]}]`)

// readable is JSON as people write it: indented, what is short in one line.
func readable(t *testing.T, text string) string {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(text), "", "  "); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return leaf.ReplaceAllStringFunc(indented.String(), func(lines string) string {
		line := strings.Join(strings.Fields(lines), " ")
		if line = line[:1] + strings.TrimSpace(line[1:len(line)-1]) + line[len(line)-1:]; len(line) > 80 {
			return lines
		}
		return line
	})
}

// TestEveryFieldIsDocumented holds that each part of an answer is documented,
// and that each that is documented is there.
func TestEveryFieldIsDocumented(t *testing.T) {
	for _, e := range endpoints() {
		if e.Sample == "" {
			continue
		}
		text := answerTo(t, e)
		if _, data, ok := strings.Cut(text, "data: "); ok {
			text = data
		}
		var answer any
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, f := range api.Fields(e.Response) {
			if want[f.Name] {
				t.Errorf("%s: %s is documented twice", e.Path, f.Name)
			}
			want[f.Name] = true
		}
		got := map[string]bool{}
		walk(answer, "", want, got)
		for name := range got {
			if !want[name] {
				t.Errorf("%s: %s is not documented", e.Path, name)
			}
		}
		for name := range want {
			if !got[name] {
				t.Errorf("%s: %s is documented and not in the answer", e.Path, name)
			}
		}
	}
}

// walk gathers the names of a value's parts, as far as they are documented to
// be no objects with names of their own.
func walk(value any, name string, documented, found map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		if documented[name+"{}"] {
			found[name+"{}"] = true
			return
		}
		for key, part := range value {
			walk(part, strings.TrimPrefix(name+"."+key, "."), documented, found)
		}
	case []any:
		if documented[name] { // of plain values
			found[name] = true
			return
		}
		for _, element := range value {
			walk(element, name+"[]", documented, found)
		}
	default:
		found[name] = true
	}
}

func TestEveryRouteIsDocumented(t *testing.T) {
	w, _ := newTest()
	var served, told []string
	for _, route := range w.routes {
		if strings.Contains(route.Pattern, " /api/") {
			served = append(served, route.Pattern)
		}
	}
	for _, e := range endpoints() {
		told = append(told, e.Method+" "+e.Path)
	}
	slices.Sort(served)
	slices.Sort(told)
	if !slices.Equal(served, told) {
		t.Errorf("served are\n%s\nbut documented\n%s", strings.Join(served, "\n"), strings.Join(told, "\n"))
	}
}

// TestEveryParameterIsReadAsDocumented tries values that the documentation
// allows and values that it does not.
func TestEveryParameterIsReadAsDocumented(t *testing.T) {
	w, _ := documentedWeb()
	status := func(e endpoint, parameters string) (int, string) {
		address, _, _ := strings.Cut(e.Example, "?")
		r := httptest.NewRequest(e.Method, strings.NewReplacer("{trace}", "9083546347817640113", "{service}", "api").Replace(address)+"?"+parameters, nil)
		r.Host = "localhost"
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		return rec.Code, rec.Body.String()
	}
	numbers := regexp.MustCompile(`^(\d+) to (\d+)$`)
	texts := regexp.MustCompile(`^([\d,]+) bytes$`)
	several := regexp.MustCompile(`^up to (\d+)$`)
	for _, e := range endpoints() {
		for _, p := range e.Parameters {
			var good, bad []string
			if m := numbers.FindStringSubmatch(p.Bounds); m != nil {
				good = []string{p.Name + "=" + m[1], p.Name + "=" + m[2]}
				bad = []string{p.Name + "=" + m[2] + "0", p.Name + "=x", p.Name + "=-1"}
			}
			if m := texts.FindStringSubmatch(p.Bounds); m != nil {
				var most int
				if _, err := fmt.Sscan(strings.ReplaceAll(m[1], ",", ""), &most); err != nil {
					t.Fatal(err)
				}
				good, bad = []string{p.Name + "=" + strings.Repeat("a", most)}, []string{p.Name + "=" + strings.Repeat("a", most+1)}
			}
			if m := several.FindStringSubmatch(p.Bounds); m != nil {
				var most int
				if _, err := fmt.Sscan(m[1], &most); err != nil {
					t.Fatal(err)
				}
				good, bad = []string{strings.Repeat(p.Name+"=service&", most)}, []string{strings.Repeat(p.Name+"=service&", most+1), p.Name + "=nonsense"}
			}
			if choice := strings.Split(strings.ReplaceAll(p.Type, " or ", ", "), ", "); len(choice) > 1 && e.Sample != "events.txt" {
				bad = []string{p.Name + "=nonsense"}
				for _, value := range choice {
					good = append(good, p.Name+"="+value)
				}
			}
			if p.Type == "time" {
				good, bad = []string{p.Name + "=5", p.Name + "=2026-03-01T12:00:00Z"}, []string{p.Name + "=noon"}
			}
			for _, value := range good {
				if code, body := status(e, value); code != e.Status {
					t.Errorf("%s?%.60s: %d %s", e.Path, value, code, body)
				}
			}
			for _, value := range bad {
				if code, body := status(e, value); code != http.StatusBadRequest || !strings.Contains(body, p.Name) {
					t.Errorf("%s?%.60s: %d %s", e.Path, value, code, body)
				}
			}
		}
	}
}

func TestTheReferenceCanBeReadAndClicked(t *testing.T) {
	w, _ := documentedWeb()
	rec := get(w, "/api")
	body := rec.Body.String()
	for _, want := range []string{
		`<a href="/api/traces/5577006791947779410">`, `<a href="/api/services/thinker-api/resources">`, `<a href="/api/time-spent?query=service:thinker-api&amp;buckets=3">`,
		"curl -X DELETE http://localhost:8126/api/traces", "1 to 1000", "In Datadog:", "Spans API", `<a href="/api">API</a>`, `id="get-api-services-service-resources"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	scripts := strings.ReplaceAll(body, `<script type="module" src="/static/frame.mjs"></script>`, "")
	if rec.Code != http.StatusOK || strings.Contains(body, "style=") || strings.Contains(scripts, "<script") {
		t.Errorf("%d, or what the page's policy forbids", rec.Code)
	}
	for _, link := range regexp.MustCompile(`href="(/api/[^"]*)"`).FindAllStringSubmatch(body, -1) {
		if link[1] == "/api/events" {
			continue // which goes on
		}
		if rec := get(w, strings.ReplaceAll(link[1], "&amp;", "&")); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", link[1], rec.Code)
		}
	}
	empty, _ := newTest()
	if body := get(empty, "/api").Body.String(); !strings.Contains(body, "once a trace has arrived") || strings.Contains(body, `href="/api/traces/`) {
		t.Error("the page links to what is not there")
	}
	// A service may be called anything.
	odd, _ := newTest(apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Service: `a b/"c`}}))
	if body := get(odd, "/api").Body.String(); !strings.Contains(body, `href="/api/services/a%20b%2F%22c/resources"`) || !strings.Contains(body, `href="/api/time-spent?query=service:%22a&#43;b%2F%5C%22c%22&amp;buckets=3"`) {
		t.Errorf("%s", regexp.MustCompile(`href="/api/[^"]*"`).FindAllString(body, -1))
	}
	if rec := get(w, "/api/nothing"); rec.Code != http.StatusNotFound || !strings.Contains(rec.Body.String(), "The page /api lists all endpoints.") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
