package web

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
)

// thought is a request to the workshop in a version: the thinker thinks for some
// milliseconds, and asks its database if sql is not 0.
func thought(id uint64, version string, think, sql int) apm.Trace {
	const start = 1_700_000_000_000_000_000
	at := func(span, parent uint64, service, name, resource string, offset, took int) apm.Span {
		return apm.Span{TraceID: id, SpanID: span, ParentID: parent, Service: service, Name: name, Resource: resource,
			Start: start + int64(id)*int64(time.Second) + int64(offset)*int64(time.Millisecond), Duration: time.Duration(took) * time.Millisecond,
			Meta: map[string]string{"version": version, "env": "workshop"}, Metrics: map[string]float64{"_dd.top_level": 1}}
	}
	spans := []apm.Span{
		at(1, 0, "thinker-api", "http.request", "GET /think/", 0, think+sql+2),
		at(2, 1, "thinker-microservice", "think", "think", 1, think+sql),
	}
	if sql > 0 {
		spans = append(spans, at(3, 2, "sqlite.db", "sqlite.query", "SELECT quote", 2, sql))
	}
	return apm.NewTrace(id, spans)
}

// page is what a page says, without its markup.
func page(w *Web, path string) (status int, text string) {
	rec := get(w, path)
	body := regexp.MustCompile(`(?s)<main.*</main>`).FindString(rec.Body.String())
	text = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")
	return rec.Code, strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

func TestTwoTracesAreCompared(t *testing.T) {
	w, _ := newTest(thought(1, "step03", 500, 0), thought(2, "step04", 8, 10), thought(3, "step04", 501, 0))
	for _, c := range []struct {
		name, path    string
		wants, misses []string
	}{
		{"all", "/compare/traces?a=1&b=2", []string{
			"A thinker-api GET /think/ step03 502 ms OK 2", "B thinker-api GET /think/ step04 20 ms OK 3",
			"B took 20 ms instead of 502 ms (25.1 × faster). Largest change: the exec time of think in thinker-microservice fell from 500 ms to 8 ms. 1 span is only in B.",
			"thinker-microservice 500 ms 99.6 % 8 ms 40.0 % −492 ms", "sqlite.db 0 0.0 % 10 ms 50.0 % +10 ms",
			"level 1: thinker-api http.request GET /think/ 502 ms 20 ms −482 ms 0 faster",
			"level 2: thinker-microservice think 500 ms 18 ms −482 ms −492 ms faster",
			"level 3: sqlite.db sqlite.query SELECT quote – 10 ms +10 ms +10 ms only in B",
			"Times count as equal if they differ by at most 5.02 ms, 1 % of the longer trace.",
		}, []string{"not shown", "same trace"}},
		{"the other way round", "/compare/traces?a=2&b=1", []string{
			"B took 502 ms instead of 20 ms (25.1 × slower). Largest change: the exec time of think in thinker-microservice rose from 8 ms to 500 ms. 1 span is only in A.",
			"SELECT quote 10 ms – −10 ms −10 ms only in A", "502 ms +482 ms 0 slower",
		}, nil},
		{"hardly different", "/compare/traces?a=1&b=3", []string{"B took 503 ms instead of 502 ms. A and B have the same spans."}, []string{"faster)", "Largest change"}},
		{"no changes", "/compare/traces?a=1&b=3&show=changes", []string{"No changes: A and B have the same spans, and all times are within 5.03 ms ."}, []string{"level 1"}},
		{"itself", "/compare/traces?a=1&b=1", []string{"Both took 502 ms.", "A and B are the same trace."}, nil},
	} {
		says(t, w, c.name, c.path, c.wants, c.misses)
	}
	body := get(w, "/compare/traces?a=1&b=2&env=x").Body.String()
	for _, want := range []string{`href="/trace/1?env=x&amp;span=2"`, `href="/trace/2?env=x&amp;span=3"`, `href="/compare/traces?a=2&amp;b=1&amp;env=x"`, `aria-label="Exec time of B: thinker-microservice 8 ms, sqlite.db 10 ms, thinker-api 2 ms"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestErrorsOfTwoTracesAreCompared(t *testing.T) {
	failed := thought(1, "v1", 5, 3)
	failed.Spans[0].Error, failed.Spans[2].Error = true, true
	other := thought(2, "v2", 5, 0)
	other.Spans[1].Error = true
	other.Spans[0].Error = true
	w, _ := newTest(failed, other)
	_, text := page(w, "/compare/traces?a=1&b=2")
	for _, want := range []string{"1 span is only in A, 1 error is only in A, 1 error is only in B.", "Error in both", "Error only in B", "only in A Error"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q in\n%s", want, text)
		}
	}
}

// queries is a trace with as many queries, each of which waits for a lock.
func queries(id uint64, n int) apm.Trace {
	spans := []apm.Span{{TraceID: id, SpanID: 1, Service: "shop", Name: "http.request", Resource: "GET /cart", Duration: time.Second}}
	for i := range n {
		query := apm.Span{TraceID: id, SpanID: uint64(2*i + 2), ParentID: 1, Service: "db", Name: "query", Resource: "SELECT", Start: int64(i) * int64(time.Millisecond), Duration: time.Millisecond}
		lock := apm.Span{TraceID: id, SpanID: query.SpanID + 1, ParentID: query.SpanID, Service: "db", Name: "lock", Start: query.Start, Duration: time.Microsecond}
		spans = append(spans, query, lock)
	}
	return apm.NewTrace(id, spans)
}

func TestAlikeSiblingsAreInOneRow(t *testing.T) {
	w, _ := newTest(queries(1, 40), queries(2, 12))
	_, text := page(w, "/compare/traces?a=1&b=2")
	for _, want := range []string{"level 2: 40 × in A, 12 × in B: db query SELECT 40 ms 12 ms −28 ms", "56 spans only in A, faster", "Group similar siblings One row per span"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "level 3") {
		t.Error("what is below them has rows")
	}
	if _, text = page(w, "/compare/traces?a=1&b=2&fold=no"); strings.Count(text, "level 3") != 40 {
		t.Errorf("%d rows", strings.Count(text, "level 3"))
	}
	if _, text = page(w, "/compare/traces?a=1&b=2&fold=no&show=changes"); strings.Count(text, "level 3") != 28 || !strings.Contains(text, "24 unchanged rows are not shown.") {
		t.Errorf("%d rows\n%s", strings.Count(text, "level 3"), text)
	}
}

func TestALargeTraceIsNotComparedWhole(t *testing.T) {
	large := queries(1, 2)
	large.Truncated = 7000
	w, _ := newTest(large, queries(2, 2))
	if _, text := page(w, "/compare/traces?a=1&b=2"); !strings.Contains(text, "A is too large to compare in full: 7,000 more spans are stored.") {
		t.Error(text)
	}
}

// says fails unless a page says what it must, and nothing that it must not.
func says(t *testing.T, w *Web, name, path string, wants, misses []string) {
	t.Helper()
	status, text := page(w, path)
	if status != http.StatusOK {
		t.Errorf("%s: %d", name, status)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s: lacks %q in\n%s", name, want, text)
		}
	}
	for _, miss := range misses {
		if strings.Contains(text, miss) {
			t.Errorf("%s: says %q", name, miss)
		}
	}
}

func TestManyRowsAreCutShort(t *testing.T) {
	w, _ := newTest(queries(1, 1500), queries(2, 1))
	if _, text := page(w, "/compare/traces?a=1&b=2&fold=no"); !strings.Contains(text, "2,501 more rows are not shown.") || strings.Count(text, "level ") != mostCompared {
		t.Errorf("%d rows", strings.Count(text, "level "))
	}
	if _, text := page(w, "/compare/traces?a=1&b=2&fold=no&rows=all"); strings.Contains(text, "not shown") {
		t.Error("not all rows are shown on request")
	}
}

func TestATraceToCompareIsChosen(t *testing.T) {
	list := []apm.Trace{thought(1, "step03", 500, 0), queries(99, 1)}
	for id := range uint64(30) {
		list = append(list, thought(100+id, "step04", 10, 3))
	}
	w, _ := newTest(list...)
	for _, c := range []struct {
		name, path    string
		status        int
		wants, misses []string
	}{
		{"none", "/compare/traces", 200, []string{"Choose two traces", `<option value="129">GET /think/ · 15 ms`}, []string{"<tr>", `role="alert"`}},
		{"one", "/compare/traces?a=1&env=workshop", 200, []string{"Compare A with another trace of <bdi>GET /think/</bdi>", `href="/compare/traces?a=1&amp;b=129&amp;env=workshop"`, `value="1" required`}, []string{"b=99", "b=1&amp;"}},
		{"one of many", "/compare/traces?b=129", 200, []string{"Compare B with another", `href="/compare/traces?a=1&amp;b=129"`, `href="/compare/traces?a=128&amp;b=129"`}, []string{"a=129"}},
		{"the only one", "/compare/traces?a=99", 200, []string{"No other traces of <bdi>GET /cart</bdi> are stored."}, nil},
		{"one is gone", "/compare/traces?a=1&b=7", 404, []string{"Trace 7 is not stored.", `value="7" required`, "Compare A with another trace"}, nil},
		{"no ID", "/compare/traces?a=%3Cb%3E&b=1", 404, []string{"&lt;b&gt;", "is not a trace ID", "Compare B with another trace"}, []string{"<b>"}},
	} {
		rec := get(w, c.path)
		if rec.Code != c.status {
			t.Errorf("%s: %d, want %d", c.name, rec.Code, c.status)
		}
		main := regexp.MustCompile(`(?s)<main.*</main>`).FindString(rec.Body.String())
		for _, want := range c.wants {
			if !strings.Contains(main, want) {
				t.Errorf("%s: lacks %s in\n%s", c.name, want, main)
			}
		}
		for _, miss := range c.misses {
			if strings.Contains(main, miss) {
				t.Errorf("%s: has %s", c.name, miss)
			}
		}
	}
}

func TestTracesWithoutASpanAlikeAreNotExplained(t *testing.T) {
	half := func(id uint64, service string) apm.Trace {
		return apm.NewTrace(id, []apm.Span{{TraceID: id, SpanID: id, Service: service, Name: "http.request", Duration: time.Duration(500+id) * time.Millisecond}})
	}
	w, _ := newTest(half(4, "thinker-api"), half(2, "thinker-microservice"))
	said := text(t, w, "/compare/traces?a=4&b=2")
	holds(t, "the page", said, "B took 502 ms instead of 504 ms", "A and B share no span.")
	if strings.Contains(said, "fell from") {
		t.Errorf("work that was not done is said to be faster: %s", said)
	}
}

func TestTimesAreComparedInWords(t *testing.T) {
	for _, c := range []struct {
		before, now float64
		want        string
	}{
		{504, 12, "42 × faster"}, {12, 504, "42 × slower"}, {100, 90, "−10 %"}, {100, 150, "+50 %"}, {100, 50, "2 × faster"},
		{100, 99, ""}, {0, 5, ""}, {5, 0, ""},
	} {
		if got := timesAs(c.before, c.now); got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.before, c.now, got, c.want)
		}
	}
}

func TestTheSmallestServicesAreComparedTogether(t *testing.T) {
	w, _ := newTest()
	var times []apm.ServiceTime
	for i := range 50 {
		times = append(times, apm.ServiceTime{Service: fmt.Sprint("s", i), Exec: time.Duration(50-i) * time.Millisecond})
	}
	compared := w.timeCompared(times, nil)
	if len(compared.Rows) != maxParts+1 || compared.Rows[maxParts].Service.Name != "30 other services" || compared.Rows[maxParts].A.String() != "465 ms" || compared.Bars[1].Total.Value != "0" {
		t.Errorf("%+v", compared)
	}
}
