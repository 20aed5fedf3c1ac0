package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// traces is what the pages show in a test, newest last.
type traces struct {
	list    []apm.Trace
	err     error // of reading them
	notices chan []uint64
	calls   atomic.Int64
	report  api.Intake
	oldest  int64 // start of the earliest span
}

func (f *traces) TraceWithin(_ context.Context, id uint64, _ int) (trace apm.Trace, found bool, err error) {
	for _, t := range f.list {
		if t.ID == id {
			return t, true, f.err
		}
	}
	return apm.Trace{}, false, f.err
}

func (f *traces) EachSpan(ctx context.Context, id uint64, do func(uint64, *apm.Span) error) (bool, error) {
	trace, found, err := f.TraceWithin(ctx, id, 0)
	for i := range trace.Spans {
		err = errors.Join(err, do(trace.IDHigh(), &trace.Spans[i]))
	}
	return found, err
}

// figures calls do with a real store that holds the same traces.
func (f *traces) figures(do func(*store.Store) error) error {
	s, err := store.Open(store.Config{})
	if err != nil {
		return err
	}
	for _, trace := range f.list {
		err = errors.Join(err, s.Add(context.Background(), trace.Spans))
	}
	return errors.Join(err, do(s), s.Close(), f.err)
}

func (f *traces) Breakdown(ctx context.Context, b query.Breakdown) (answer stats.Breakdown, err error) {
	err = f.figures(func(s *store.Store) error { answer, err = s.Breakdown(ctx, b); return err })
	return answer, err
}

func (f *traces) Facets(ctx context.Context, s query.Selection, fields []query.Field, most int) (facets []stats.Facet, err error) {
	err = f.figures(func(kept *store.Store) error { facets, err = kept.Facets(ctx, s, fields, most); return err })
	return facets, err
}

func (f *traces) Anatomy(ctx context.Context, s query.Selection, buckets int) (anatomy stats.Anatomy, err error) {
	err = f.figures(func(kept *store.Store) error { anatomy, err = kept.Anatomy(ctx, s, buckets); return err })
	return anatomy, err
}

func (f *traces) Clear(context.Context) error {
	f.list = nil
	return f.err
}

func (f *traces) Search(_ context.Context, r query.Request) (summaries []apm.Summary, next uint64, err error) {
	end := len(f.list)
	if r.Before != 0 {
		end = int(r.Before) - 1
	}
	for i := end - 1; i >= 0; i-- {
		if !r.Selects(f.list[i].Spans) {
			continue
		}
		if len(summaries) == r.Limit {
			return summaries, next, nil
		}
		summaries, next = append(summaries, f.list[i].Summary()), uint64(i)+1
	}
	return summaries, 0, nil
}

func (f *traces) Subscribe(context.Context) <-chan []uint64 { return f.notices }

func (f *traces) Retention() stats.Retention {
	return stats.Retention{Traces: len(f.list), Spans: 7, MaxSpans: 200_000, Oldest: f.oldest, EvictedTraces: 1, EvictedSpans: 6}
}

func (f *traces) Refused() int { return 3 }

func (f *traces) Calls() int { return int(f.calls.Load()) }

func (f *traces) Report() api.Intake { return f.report }

func newTest(list ...apm.Trace) (*Web, *traces) {
	f := &traces{list: list, notices: make(chan []uint64)}
	return New(page.Config{Traces: f, Intake: f, Palette: &colour.Palette{}, AllowHosts: []string{"agent"}, Try: "curl http://localhost:5000/", Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}), f
}

func get(w *Web, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost:8126"
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

const low, high = 5577006791947779410, 0x6b00cd7c00000000

// workshop is one request to the workshop's services, which failed.
func workshop() apm.Trace {
	at := func(id, parent uint64, service, name, resource, kind string, start, duration int) apm.Span {
		return apm.Span{TraceID: low, TraceIDHigh: high, SpanID: id, ParentID: parent, Service: service, Name: name, Resource: resource, Type: kind,
			Start: 1_700_000_000_000_000_000 + int64(start)*1000, Duration: time.Duration(duration) * time.Microsecond,
			Meta: map[string]string{"env": "workshop", "_dd.p.dm": "-1"}, Metrics: map[string]float64{"process_id": 42}}
	}
	root := at(low, 0, "thinker-api", "http.request", "GET /think/", "web", 0, 504_200)
	root.Meta["http.status_code"] = "200"
	think := at(3, 2, "thinker-microservice", "think", "think", "", 1300, 501_000)
	think.Error = true
	think.Meta["error.message"], think.Meta["error.type"], think.Meta["error.stack"] = "no thought about art", "main.unknownSubject", "main.think\n\tthoughts.go:41"
	q := at(4, 3, "sqlite.db", "sqlite.query", "SELECT quote FROM thought", "sql", 500_000, 610)
	orphan := at(5, 999, "redis", "redis.command", "get", "redis", 2000, 400)
	orphan.Links = []apm.Link{{TraceID: 11, TraceIDHigh: 12, SpanID: 13}}
	orphan.Events = []apm.Event{{Time: orphan.Start + 1000, Name: "cache.miss", Attributes: map[string]any{"n": 1.5, "key": "war"}}}
	return apm.NewTrace(low, []apm.Span{root, at(2, low, "thinker-microservice", "http.request", "GET /", "web", 1000, 502_000), think, q, orphan})
}

func TestFirstPage(t *testing.T) {
	w, _ := newTest()
	if rec := get(w, "/"); rec.Code != http.StatusFound || rec.Header().Get("Location") != "/traces" {
		t.Errorf("/: %d", rec.Code)
	}
}

func TestATraceIsFoundByAnyFormOfItsID(t *testing.T) {
	w, _ := newTest(workshop())
	hex := apm.HexID(high, low)
	for _, id := range []string{"5577006791947779410", hex, hex[16:], strings.ToUpper(hex), "0x" + hex, "142231139138764033166318706018116149586"} {
		want := http.StatusOK
		if strings.HasPrefix(id, "14223") {
			want = http.StatusNotFound // another trace's, but well formed
		}
		for _, path := range []string{"/trace/", "/api/traces/"} {
			if rec := get(w, path+id); rec.Code != want {
				t.Errorf("%s%s: %d, want %d", path, id, rec.Code, want)
			}
		}
	}
	for _, id := range []string{"x", "-1", "1.5", strings.Repeat("f", 33), strings.Repeat("9", 40), "0x", "%20"} {
		if rec := get(w, "/trace/"+id); rec.Code != http.StatusBadRequest {
			t.Errorf("/trace/%s: %d", id, rec.Code)
		}
	}
}

func TestDigitsMayBeHexadecimal(t *testing.T) {
	const id = 0x1234567812345678
	w, _ := newTest(apm.NewTrace(id, []apm.Span{{TraceID: id, SpanID: 1}}))
	if rec := get(w, "/trace/1234567812345678"); rec.Code != http.StatusOK {
		t.Errorf("%d", rec.Code)
	}
}

func TestThePercentagesAddUp(t *testing.T) {
	for _, shares := range [][]float64{{100.0 / 3, 100.0 / 3, 100.0 / 3}, {99.96, 0.02, 0.02}, {100}, {}, {0, 0}, {12.34, 56.78, 30.88}} {
		var want, sum float64
		for _, s := range shares {
			want += s
		}
		for _, text := range page.Percentages(shares) {
			var value float64
			if _, err := fmt.Sscan(text, &value); err != nil {
				t.Fatal(err)
			}
			sum += value
		}
		if math.Abs(sum-want) > 0.01 {
			t.Errorf("%v: written as %v, which adds up to %v", shares, page.Percentages(shares), sum)
		}
	}
}

// TestSpansAreHostile puts markup into every text of a span and finds none of
// it unescaped on any page.
func TestSpansAreHostile(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}`
	s := apm.Span{TraceID: 1, SpanID: 1, ParentID: 9, Service: evil, Name: evil, Resource: evil, Type: "sql", Error: true, Duration: -5,
		Meta:    map[string]string{evil: evil, "error.message": evil, "error.type": evil, "error.stack": evil, "http.status_code": evil, "sql.query": evil},
		Metrics: map[string]float64{evil: math.NaN()},
		Links:   []apm.Link{{TraceID: 2, SpanID: 3, Attributes: map[string]string{evil: evil}}},
		Events:  []apm.Event{{Name: evil, Attributes: map[string]any{evil: evil, "list": []any{evil}}}},
	}
	w, _ := newTest(apm.NewTrace(1, []apm.Span{s}))
	for _, path := range []string{"/traces", "/api", "/trace/1", "/trace/1?span=1", "/trace/1?view=list", "/trace/1?view=waterfall", "/trace/1?find=%3Cscript%3E", "/compare?service=%3Cscript%3E&a=%3Cscript%3E&b=1", "/compare/traces?a=1&b=1", "/compare/traces?a=1&b=%3Cscript%3E", "/compare/traces?a=1&env=%3Cscript%3E", "/trace/1?rows=" + "%22%3E%3Cscript%3E", "/trace/%3Cscript%3Ealert(1)", "/%3Cscript%3E"} {
		body := get(w, path).Body.String()
		for _, bad := range []string{"<script>", "<img", "style=", " onerror=\""} {
			if strings.Contains(body, bad) {
				t.Errorf("%s contains %s", path, bad)
			}
		}
	}
	var trace api.Trace
	if err := json.Unmarshal(get(w, "/api/traces/1").Body.Bytes(), &trace); err != nil || trace.Spans[0].Resource != evil {
		t.Errorf("%v %+v", err, trace)
	}
}

func TestEveryAnswerIsKeptToItself(t *testing.T) {
	w, _ := newTest(workshop())
	for _, path := range []string{"/", "/traces", "/trace/1", "/compare/traces?a=1", "/nothing", "/api", "/api/traces", "/api/traces/1", "/api/services", "/api/figures?by=x", "/static/style.css", "/static/nothing"} {
		h := get(w, path).Header()
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: lets other origins read", path)
		}
	}
}

func TestOnlyOwnNamesAreAnswered(t *testing.T) {
	w, _ := newTest()
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8126": 200, "LOCALHOST.:1": 200, "127.0.0.1:8126": 200, "[::1]:8126": 200, "[::1]": 200, "agent:8126": 200,
		"example.com": 403, "localhost.example.com:8126": 403, "127.0.0.1.nip.io": 403, "": 403, "192.168.0.1": 403,
	} {
		for _, path := range []string{"/traces", "/api/traces", "/static/style.css"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, r)
			if rec.Code != want {
				t.Errorf("%s%s: %d, want %d", host, path, rec.Code, want)
			}
			if want == 403 && !strings.Contains(rec.Body.String(), "--allow-host") {
				t.Errorf("%s%s: does not name the flag: %s", host, path, rec.Body)
			}
		}
	}
}

func TestAPI(t *testing.T) {
	w, _ := newTest(apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1}}), workshop())
	rec := get(w, "/api/traces?limit=1")
	const list = `{"traces":[{"trace_id":"5577006791947779410","service":"thinker-api","name":"http.request","resource":"GET /think/","start":1700000000000000000,"duration":504200000,"spans":5,"errors":1}],"next":"2"}` + "\n"
	if rec.Body.String() != list {
		t.Errorf("got  %swant %s", rec.Body, list)
	}
	if body := get(w, "/api/traces?cursor=2").Body.String(); !strings.Contains(body, `"trace_id":"1"`) || !strings.Contains(body, `"next":null`) {
		t.Errorf("second page: %s", body)
	}
	const trace = `{"trace_id":"1","trace_id_hex":"00000000000000000000000000000001","spans":[{"trace_id":"1","span_id":"1","parent_id":"0","service":"","name":"","resource":"","type":"","start":0,"duration":0,"error":0,"meta":{},"metrics":{},"links":[],"events":[]}]}` + "\n"
	if body := get(w, "/api/traces/1").Body.String(); body != trace {
		t.Errorf("got  %swant %s", body, trace)
	}
}

func TestAPIErrorsAreProblemDetails(t *testing.T) {
	w, _ := newTest()
	for path, status := range map[string]int{"/api/traces/1": 404, "/api/traces/x": 400, "/api/traces?limit=0": 400, "/api/traces?limit=1001": 400, "/api/traces?cursor=-1": 400, "/api/events?trace=x": 400, "/api/nothing": 404} {
		rec := get(w, path)
		var problem api.Problem
		if err := json.Unmarshal(rec.Body.Bytes(), &problem); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if rec.Code != status || problem.Status != status || problem.Type != "about:blank" || problem.Title == "" || problem.Detail == "" ||
			rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %+v", path, rec.Code, problem)
		}
	}
}

func TestPagesAreOnlyForReading(t *testing.T) {
	w, _ := newTest()
	for _, path := range []string{"/traces", "/api/traces", "/api/events"} {
		r := httptest.NewRequest(http.MethodPost, path, nil)
		r.Host = "localhost"
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != http.StatusMethodNotAllowed || !strings.HasSuffix(rec.Header().Get("Allow"), "GET, HEAD") {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestAssetsAreSentOnce(t *testing.T) {
	w, _ := newTest()
	for name, file := range w.Static {
		if file.ContentType == "" {
			t.Errorf("%s has no content type", name)
		}
		r := httptest.NewRequest(http.MethodGet, "/static/"+name, nil)
		r.Host = "localhost"
		r.Header.Set("If-None-Match", file.Etag)
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != http.StatusNotModified {
			t.Errorf("%s: %d, want 304", name, rec.Code)
		}
	}
}

func TestEventsAreNotices(t *testing.T) {
	w, f := newTest()
	server := httptest.NewServer(w)
	defer server.Close()
	response, err := http.Get(server.URL + "/api/events?trace=2")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %s", got)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Scan()
	if lines.Text() != ": open" {
		t.Errorf("got %q", lines.Text())
	}
	f.notices <- []uint64{1} // of another trace
	f.notices <- []uint64{2}
	var got []string
	for len(got) < 3 && lines.Scan() {
		if lines.Text() != "" || len(got) > 0 {
			got = append(got, lines.Text())
		}
	}
	if want := `event: trace data: {"trace_id":"2"} `; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.Close()
	for lines.Scan() { // ends, as the stream does
	}
}

func TestFrame_StoredText(t *testing.T) {
	f := page.Frame{Kept: stats.Retention{Traces: 1, Spans: 7, MaxSpans: 2_000_000, Bytes: 5 << 20, MaxBytes: 1 << 30}}
	if got := f.StoredText() + " (" + f.LimitText() + ")"; got != "1 trace, 7 spans, 5 MiB (limit 2,000,000 spans, 1,024 MiB)" {
		t.Error(got)
	}
}

func TestAFailureIsNoPageOfTheProduct(t *testing.T) {
	w, _ := newTest()
	body := get(w, "/nothing").Body.String()
	if !strings.Contains(body, "evicted") || strings.Contains(body, "In Datadog") {
		t.Error(body)
	}
}

func TestATraceCanBeKeptAsAFile(t *testing.T) {
	w, _ := newTest(workshop())
	if got := get(w, "/api/traces/5577006791947779410?download=true").Header().Get("Content-Disposition"); got != `attachment; filename="trace-5577006791947779410.json"` {
		t.Error(got)
	}
	if got := get(w, "/api/traces/5577006791947779410").Header().Get("Content-Disposition"); got != "" {
		t.Error(got)
	}
}
