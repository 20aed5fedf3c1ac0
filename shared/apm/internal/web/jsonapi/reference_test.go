package jsonapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/jsonapi"
	"thinker/shared/apm/internal/webtest"
)

var update = flag.Bool("update", false, "write the API's responses to the examples that its page shows")

// documented returns the traces in the examples: a request to two services, and one that
// failed.
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
		root := apm.Span{TraceID: id, TraceIDHigh: high, SpanID: id, Service: "thinker-api", Name: "http.request",
			Resource: "GET /think/", Type: "web", Start: start + int64(at), Duration: took,
			Meta: tags("http.status_code", status), Metrics: entry}
		think := apm.Span{TraceID: id, SpanID: id + 1, ParentID: id, Service: "thinker-microservice",
			Name: "think", Resource: "think", Start: root.Start + 1e6, Duration: took - 2e6, Error: status == "404",
			Meta: tags("subject", subject), Metrics: entry,
			Links: []apm.Link{{TraceID: 7, SpanID: 8, Attributes: map[string]string{"reason": "retry"}}},
			Events: []apm.Event{{Time: root.Start + 2e6, Name: "cache.miss",
				Attributes: map[string]any{"key": subject, "size": 6}}}}
		return apm.NewTrace(id, []apm.Span{root, think})
	}
	return []apm.Trace{
		request(9083546347817640113, 0, "war", "200", 504*time.Millisecond),
		request(5577006791947779410, 2*time.Second, "art", "404", 12*time.Millisecond),
	}
}

// documentedSite has all that the examples show.
func documentedSite(t *testing.T) webtest.Site {
	t.Helper()
	site := webtest.New(t, documented()...)
	site.Store.Kept = &stats.Retention{Traces: 2, Spans: 7, MaxSpans: 200_000, EvictedTraces: 1, EvictedSpans: 6}
	at := time.Date(2026, 3, 1, 12, 0, 0, 345_000_000, time.UTC)
	now := api.Time{Time: at}
	site.Intake.Intake = api.Intake{
		Since: api.Time{Time: at.Add(-time.Hour)}, Payloads: 1200, Spans: 7200, Bytes: 98765, Calls: 1300,
		TracersForgotten: 2,
		Tracers: []api.Tracer{{
			Service: "thinker-api", Language: "go", TracerVersion: "v2.12.0", Format: "v1.0", Env: "workshop",
			Version: "step04", Payloads: 1200, Spans: 7200, Errors: 3, Bytes: 98765, LastContact: now,
			ClockOffset: 2 * time.Second, ClockOffsetMost: -100 * time.Hour,
		}},
		Losses: []api.Loss{{Reason: "malformed", Count: 1, Advice: "Compare what came."}},
		Refusals: []api.Refusal{{
			Time: now, Method: "POST", Path: "/v0.4/traces", Status: 400, Reason: "malformed",
			Detail: "as MessagePack: cut off", ContentType: "application/msgpack",
			Headers: map[string]string{"User-Agent": "curl"}, FirstBytes: "91918a30313233343536373839616263646566",
		}},
		Requests: []api.Request{
			{Time: now, Method: "POST", Path: "/v0.4/traces", Status: 400, Bytes: 19},
			{Time: now, Method: "PUT", Path: "/v1.0/traces", Status: 200, Bytes: 432, Spans: 6,
				Service: "thinker-api", Language: "go", TracerVersion: "v2.12.0"},
		},
	}
	return site
}

// exampleResponses returns the response to each endpoint's example, by its file.
func exampleResponses(t *testing.T) map[string]string {
	t.Helper()
	site := documentedSite(t)
	last := documented()[1].Summary()
	responses := map[string]string{"problem.json": site.Get("/api/traces?query=duration:%3Eslow").Body.String()}
	for _, e := range jsonapi.Endpoints() {
		path := jsonapi.ExampleURL(e.Example, []apm.Summary{last})
		switch {
		case e.Sample == "events.txt":
			responses[e.Sample] = firstEvent(t, site, path)
		case e.Sample == "":
			t.Cleanup(func() { // since it deletes the traces
				if r := site.Do(e.Method, path); r.Code != e.Status || r.Body.Len() > 0 {
					t.Errorf("%s %s: status %d, want %d: %s", e.Method, path, r.Code, e.Status, r.Body)
				}
			})
		default:
			r := site.Do(e.Method, path)
			if responses[e.Sample] = r.Body.String(); r.Code != e.Status {
				t.Errorf("%s %s: status %d, want %d: %s", e.Method, path, r.Code, e.Status, r.Body)
			}
		}
	}
	return responses
}

// firstEvent returns the first event of a stream.
func firstEvent(t *testing.T, site webtest.Site, path string) string {
	t.Helper()
	events := site.Open(t, path)
	if err := site.Store.Add(t.Context(), documented()[0].Spans); err != nil {
		t.Fatal(err)
	}
	return webtest.NextEvent(events)
}

// TestReference_Examples compares the page's examples with the API's responses.
func TestReference_Examples(t *testing.T) {
	responses := exampleResponses(t)
	for name, want := range responses {
		if strings.HasSuffix(name, ".json") {
			want = readable(t, want)
		}
		if *update {
			if err := os.WriteFile(filepath.Join("examples", name), []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if jsonapi.ReadExample(name) != want {
			t.Errorf("examples/%s differs from the API's response (-update rewrites it):\n%s", name, want)
		}
	}
	if files, err := os.ReadDir("examples"); err != nil || len(files) != len(responses) {
		t.Errorf("%d examples, want %d: %v", len(files), len(responses), err)
	}
}

var leaf = regexp.MustCompile(`[\[{]\s+[^\[\]{}]*?\s+[\]}]`)

// readable formats JSON as people write it: indented, with short objects in one line.
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

// TestReference_Fields checks that the fields of each response are documented, and no
// others.
func TestReference_Fields(t *testing.T) {
	responses := exampleResponses(t)
	for _, e := range jsonapi.Endpoints() {
		if e.Sample == "" {
			continue
		}
		text := responses[e.Sample]
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
				t.Errorf("%s: %s is documented, but not in the response", e.Path, name)
			}
		}
	}
}

// walk finds the names of a value's fields. It doesn't look into documented lists of plain
// values and objects with arbitrary names.
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

// samples returns valid and invalid values of a parameter, by its documentation.
func samples(name, kind, bounds string) (valid, invalid []string) {
	number := func(text string) int {
		n := 0
		_, _ = fmt.Sscan(strings.ReplaceAll(text, ",", ""), &n)
		return n
	}
	for pattern, add := range map[string]func(match []string){
		`^(\d+) to (\d+)$`: func(m []string) {
			valid, invalid = []string{m[1], m[2]}, []string{m[2] + "0", "x", "-1"}
		},
		`^([\d,]+) bytes$`: func(m []string) {
			longest := strings.Repeat("a", number(m[1]))
			valid, invalid = []string{longest}, []string{longest + "a"}
		},
		`^up to (\d+)$`: func(m []string) {
			most := strings.TrimSuffix(strings.Repeat("service&"+name+"=", number(m[1])), "&"+name+"=")
			valid, invalid = []string{most}, []string{most + "&" + name + "=service", "nonsense"}
		},
	} {
		if match := regexp.MustCompile(pattern).FindStringSubmatch(bounds); match != nil {
			add(match)
		}
	}
	if choices := strings.Split(strings.ReplaceAll(kind, " or ", ", "), ", "); len(choices) > 1 {
		valid, invalid = choices, []string{"nonsense"}
	}
	if kind == "time" {
		valid, invalid = []string{"5", "2026-03-01T12:00:00Z"}, []string{"noon"}
	}
	return valid, invalid
}

// TestReference_Parameters tries values that the documentation allows, and values that it
// doesn't.
func TestReference_Parameters(t *testing.T) {
	site := documentedSite(t)
	variables := strings.NewReplacer("{trace}", "9083546347817640113", "{service}", "api")
	for _, e := range jsonapi.Endpoints() {
		if e.Sample == "events.txt" {
			continue // a valid request would never end
		}
		address, _, _ := strings.Cut(e.Example, "?")
		for _, p := range e.Parameters {
			address := variables.Replace(address) + "?" + p.Name + "="
			valid, invalid := samples(p.Name, p.Type, p.Bounds)
			for _, value := range valid {
				if r := site.Do(e.Method, address+value); r.Code != e.Status {
					t.Errorf("%s%.60s: status %d: %s", address, value, r.Code, r.Body)
				}
			}
			for _, value := range invalid {
				r := site.Do(e.Method, address+value)
				if r.Code != http.StatusBadRequest || !strings.Contains(r.Body.String(), p.Name) {
					t.Errorf("%s%.60s: status %d: %s", address, value, r.Code, r.Body)
				}
			}
		}
	}
}

// TestReference_Links follows the links to examples.
func TestReference_Links(t *testing.T) {
	site := documentedSite(t)
	body := site.Get("/api").Body.String()
	if !strings.Contains(body, `<a href="/api/time-spent?query=service:thinker-api&amp;buckets=3">`) {
		t.Error("the page lacks a link to an example for the latest trace")
	}
	for _, link := range regexp.MustCompile(`href="(/api/[^"]*)"`).FindAllStringSubmatch(body, -1) {
		if link[1] == "/api/events" {
			continue // it never ends
		}
		if r := site.Get(strings.ReplaceAll(link[1], "&amp;", "&")); r.Code != http.StatusOK {
			t.Errorf("%s: status %d", link[1], r.Code)
		}
	}
	body = webtest.New(t).Get("/api").Body.String()
	if !strings.Contains(body, "once a trace has arrived") || strings.Contains(body, `href="/api/traces/`) {
		t.Error("without traces, the page links to one")
	}
	odd := webtest.New(t, apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Service: `a b/"c`}}))
	body = odd.Get("/api").Body.String()
	for _, want := range []string{
		`href="/api/services/a%20b%2F%22c/resources"`,
		`href="/api/time-spent?query=service:%22a&#43;b%2F%5C%22c%22&amp;buckets=3"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
