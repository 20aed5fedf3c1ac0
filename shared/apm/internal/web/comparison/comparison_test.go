package comparison_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web"
	"thinker/shared/apm/internal/webtest"
	"thinker/shared/apm/query"
)

// text returns the text of a page.
func text(site webtest.Site, address string) string {
	return webtest.Text(site.Get(address).Body.String())
}

// checkText fails the test unless a page's text has what it wants, and nothing else it
// misses.
func checkText(t *testing.T, site webtest.Site, name, address string, wants, misses []string) {
	t.Helper()
	response := site.Get(address)
	text := webtest.Text(response.Body.String())
	if response.Code != http.StatusOK {
		t.Errorf("%s: %d", name, response.Code)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s: lacks %q in\n%s", name, want, text)
		}
	}
	for _, miss := range misses {
		if strings.Contains(text, miss) {
			t.Errorf("%s: has %q", name, miss)
		}
	}
}

// thought is a request to the workshop in a version: the thinker thinks for some
// milliseconds, and asks its database if sql is not 0.
func thought(id uint64, version string, think, sql int) apm.Trace {
	const start = 1_700_000_000_000_000_000
	at := func(span, parent uint64, service, name, resource string, offset, took int) apm.Span {
		return apm.Span{TraceID: id, SpanID: span, ParentID: parent, Service: service, Name: name, Resource: resource,
			Start:    start + int64(id)*int64(time.Second) + int64(offset)*int64(time.Millisecond),
			Duration: time.Duration(took) * time.Millisecond,
			Meta:     map[string]string{"version": version, "env": "workshop"}, Metrics: map[string]float64{"_dd.top_level": 1}}
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

func TestCompareTraces(t *testing.T) {
	site := webtest.New(t, thought(1, "step03", 500, 0), thought(2, "step04", 8, 10), thought(3, "step04", 501,
		0))
	for _, c := range []struct {
		name, path    string
		wants, misses []string
	}{
		{"all", "/compare/traces?a=1&b=2", []string{
			"A thinker-api GET /think/ step03 502 ms OK 2", "B thinker-api GET /think/ step04 20 ms OK 3",
			"B took 20 ms instead of 502 ms (25.1 × faster). " +
				"Largest change: the exec time of think in thinker-microservice fell from " +
				"500 ms to 8 ms. 1 span is only in B.",
			"thinker-microservice 500 ms 99.6 % 8 ms 40.0 % −492 ms", "sqlite.db 0 0.0 % 10 ms 50.0 % +10 ms",
			"level 1: thinker-api http.request GET /think/ 502 ms 20 ms −482 ms 0 faster",
			"level 2: thinker-microservice think 500 ms 18 ms −482 ms −492 ms faster",
			"level 3: sqlite.db sqlite.query SELECT quote – 10 ms +10 ms +10 ms only in B",
			"Times count as equal if they differ by at most 5.02 ms, 1 % of the longer trace.",
		}, []string{"not shown", "same trace"}},
		{"the other way round", "/compare/traces?a=2&b=1", []string{
			"B took 502 ms instead of 20 ms (25.1 × slower). " +
				"Largest change: the exec time of think in thinker-microservice rose from " +
				"8 ms to 500 ms. 1 span is only in A.",
			"SELECT quote 10 ms – −10 ms −10 ms only in A", "502 ms +482 ms 0 slower",
		}, nil},
		{"hardly different", "/compare/traces?a=1&b=3",
			[]string{"B took 503 ms instead of 502 ms. A and B have the same spans."}, []string{"faster)",
				"Largest change"}},
		{"no changes", "/compare/traces?a=1&b=3&show=changes",
			[]string{"No changes: A and B have the same spans, and all times are within 5.03 ms ."}, []string{"level 1"}},
		{"itself", "/compare/traces?a=1&b=1", []string{"Both took 502 ms.", "A and B are the same trace."}, nil},
	} {
		checkText(t, site, c.name, c.path, c.wants, c.misses)
	}
	body := site.Get("/compare/traces?a=1&b=2&env=x").Body.String()
	for _, want := range []string{
		`href="/trace/1?env=x&amp;span=2"`, `href="/trace/2?env=x&amp;span=3"`,
		`href="/compare/traces?a=2&amp;b=1&amp;env=x"`,
		`aria-label="Exec time of B: thinker-microservice 8 ms, sqlite.db 10 ms, thinker-api 2 ms"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestCompareTraces_Errors(t *testing.T) {
	failed := thought(1, "v1", 5, 3)
	failed.Spans[0].Error, failed.Spans[2].Error = true, true
	other := thought(2, "v2", 5, 0)
	other.Spans[1].Error = true
	other.Spans[0].Error = true
	site := webtest.New(t, failed, other)
	checkText(t, site, "errors", "/compare/traces?a=1&b=2", []string{
		"1 span is only in A, 1 error is only in A, 1 error is only in B.", "Error in both", "Error only in B",
		"only in A Error",
	}, nil)
}

// queries is a trace with as many queries, each of which waits for a lock.
func queries(id uint64, n int) apm.Trace {
	spans := []apm.Span{{TraceID: id, SpanID: 1, Service: "shop", Name: "http.request", Resource: "GET /cart",
		Duration: time.Second}}
	for i := range n {
		query := apm.Span{TraceID: id, SpanID: uint64(2*i + 2), ParentID: 1, Service: "db", Name: "query",
			Resource: "SELECT", Start: int64(i) * int64(time.Millisecond), Duration: time.Millisecond}
		lock := apm.Span{TraceID: id, SpanID: query.SpanID + 1, ParentID: query.SpanID, Service: "db", Name: "lock",
			Start: query.Start, Duration: time.Microsecond}
		spans = append(spans, query, lock)
	}
	return apm.NewTrace(id, spans)
}

func TestCompareTraces_GroupsSimilarSiblings(t *testing.T) {
	site := webtest.New(t, queries(1, 40), queries(2, 12))
	checkText(t, site, "grouped", "/compare/traces?a=1&b=2", []string{
		"level 2: 40 × in A, 12 × in B: db query SELECT 40 ms 12 ms −28 ms", "56 spans only in A, faster",
		"Group similar siblings One row per span",
	}, []string{"level 3"})
	if n := strings.Count(text(site, "/compare/traces?a=1&b=2&fold=no"), "level 3"); n != 40 {
		t.Errorf("%d rows", n)
	}
	changes := text(site, "/compare/traces?a=1&b=2&fold=no&show=changes")
	if strings.Count(changes, "level 3") != 28 || !strings.Contains(changes, "24 unchanged rows are not shown.") {
		t.Errorf("%d rows\n%s", strings.Count(changes, "level 3"), changes)
	}
}

// truncating leaves spans out of every trace, and kinds of spans out of every anatomy.
type truncating struct{ *webtest.Store }

func (s truncating) TraceWithin(ctx context.Context, id uint64, bytes int) (apm.Trace, bool, error) {
	trace, found, err := s.Store.TraceWithin(ctx, id, bytes)
	trace.Truncated = 7000
	return trace, found, err
}

func (s truncating) Anatomy(ctx context.Context, of query.Selection, buckets int) (stats.Anatomy, error) {
	anatomy, err := s.Store.Anatomy(ctx, of, buckets)
	anatomy.OtherSpans = 1
	return anatomy, err
}

func TestCompare_LeftOut(t *testing.T) {
	site := webtest.New(t, thought(1, "step03", 500, 0), thought(2, "step04", 8, 2))
	site.Web = web.New(web.Config{Traces: truncating{site.Store}, Intake: site.Intake, Palette: &colour.Palette{},
		Logger: slog.New(slog.DiscardHandler)})
	checkText(t, site, "large traces", "/compare/traces?a=1&b=2",
		[]string{"A is too large to compare in full: 7,000 more spans are stored."}, nil)
	// A kind that is missing from a version may be among the kinds that aren't listed.
	checkText(t, site, "unlisted kinds", "/compare?service=thinker-api",
		[]string{"sqlite.db sqlite.query SELECT quote – 1 – 2 ms"}, []string{"only in B"})
}

func TestCompareTraces_ManyRows(t *testing.T) {
	site := webtest.New(t, queries(1, 1500), queries(2, 1))
	few := text(site, "/compare/traces?a=1&b=2&fold=no")
	if !strings.Contains(few, "2,501 more rows are not shown.") || strings.Count(few, "level ") != 500 {
		t.Errorf("%d rows", strings.Count(few, "level "))
	}
	if strings.Contains(text(site, "/compare/traces?a=1&b=2&fold=no&rows=all"), "not shown") {
		t.Error("not all rows are shown on request")
	}
}

func TestCompareTraces_OffersTraces(t *testing.T) {
	list := []apm.Trace{thought(1, "step03", 500, 0), queries(99, 1)}
	for id := range uint64(30) {
		list = append(list, thought(100+id, "step04", 10, 3))
	}
	site := webtest.New(t, list...)
	for _, c := range []struct {
		name, path    string
		status        int
		wants, misses []string
	}{
		{"none", "/compare/traces", 200, []string{"Choose two traces", `<option value="129">GET /think/ · 15 ms`},
			[]string{"<tr>", `role="alert"`}},
		{"one", "/compare/traces?a=1&env=workshop", 200,
			[]string{"Compare A with another trace of <bdi>GET /think/</bdi>",
				`href="/compare/traces?a=1&amp;b=129&amp;env=workshop"`, `value="1" required`}, []string{"b=99", "b=1&amp;"}},
		{"one of many", "/compare/traces?b=129", 200, []string{"Compare B with another",
			`href="/compare/traces?a=1&amp;b=129"`, `href="/compare/traces?a=128&amp;b=129"`}, []string{"a=129"}},
		{"the only one", "/compare/traces?a=99", 200, []string{"No other traces of <bdi>GET /cart</bdi> are stored."},
			nil},
		{"one is gone", "/compare/traces?a=1&b=7", 404, []string{"Trace 7 is not stored.", `value="7" required`,
			"Compare A with another trace"}, nil},
		{"no ID", "/compare/traces?a=%3Cb%3E&b=1", 404, []string{"&lt;b&gt;", "is not a trace ID",
			"Compare B with another trace"}, []string{"<b>"}},
	} {
		rec := site.Get(c.path)
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

func TestCompareTraces_NoSharedSpan(t *testing.T) {
	half := func(id uint64, service string) apm.Trace {
		return apm.NewTrace(id, []apm.Span{{TraceID: id, SpanID: id, Service: service, Name: "http.request",
			Duration: time.Duration(500+id) * time.Millisecond}})
	}
	site := webtest.New(t, half(4, "thinker-api"), half(2, "thinker-microservice"))
	checkText(t, site, "two halves", "/compare/traces?a=4&b=2",
		[]string{"B took 502 ms instead of 504 ms", "A and B share no span."}, []string{"fell from"})
}

// released are thirty requests in each of two versions, of which the second asks
// its database, and fails now and then; and one in a version that came before.
func released() (list []apm.Trace) {
	for i := range uint64(30) {
		list = append(list, thought(200+i, "step03", 500, 0), thought(300+i, "step04", 8, 2))
	}
	for i := range 3 {
		list[20*i+1].Spans[0].Error = true
	}
	return append(list, thought(100, "step02", 501, 0))
}

func TestCompareVersions(t *testing.T) {
	site := webtest.New(t, released()...)
	const of = "/compare?service=thinker-api&resource=GET+%2Fthink%2F&operation=http.request&env=workshop"
	for _, c := range []struct {
		name, path    string
		wants, misses []string
	}{
		{"the latest two", of, []string{
			"p50 502 ms → 12 ms (41.8 × faster), p95 502 ms → 12 ms, avg 502 ms → 12 ms (41.8 × faster), " +
				"error rate 0 % → 10 %",
			"First seen Nov 14 22:16:40.000 UTC Nov 14 22:18:20.000 UTC", "A step03 B step04 Difference Change",
			"Requests 30 30 0",
			"Requests per second 1.03 req/s 1.03 req/s 0", "Errors 0 3 +3", "Error rate 0 % 10 % +10 % points",
			"Avg 502 ms 12 ms −490 ms 41.8 × faster p50 502 ms 12 ms −490 ms 41.8 × faster " +
				"p75 502 ms 12 ms −490 ms 41.8 × faster p90 502 ms 12 ms −490 ms too few requests",
			"thinker-microservice 500 ms 99.6 % 8 ms 66.7 % −492 ms", "sqlite.db 0 0.0 % 2 ms 16.6 % +2 ms",
			"thinker-microservice think 1 1 500 ms 8 ms −492 ms faster",
			"sqlite.db sqlite.query SELECT quote – 1 – 2 ms +2 ms only in B",
			"Averages for A from 30 requests, for B from 30 requests.",
		}, []string{"mean much", "No requests to version", "same version"}},
		{"the other way round", of + "&a=step04&b=step03", []string{"(41.8 × slower)", "error rate 10 % → 0 %",
			"2 ms – −2 ms only in A"}, nil},
		{"with the one before", of + "&b=step03", []string{"A step02 B step03",
			"A has only 1 request: too few for these figures to mean much.",
			"p50 unchanged (502 ms), p95 unchanged (502 ms), avg unchanged (502 ms), no errors",
			"Avg 503 ms 502 ms −1 ms p50"}, []string{"too few requests"}},
		{"with the latest", of + "&a=step02", []string{"A step02 B step04"}, nil},
		{"nothing before the first", of + "&b=step02", []string{"A step04 B step02"}, nil},
		{"all of the service", "/compare?service=thinker-microservice", []string{"A step03 B step04",
			"Compare versions: thinker-microservice Swap"}, nil},
		{"none of one", of + "&a=v9&b=step04", []string{"No requests to version v9 in this time range."},
			[]string{"Figures"}},
		{"itself", of + "&a=step04&b=step04", []string{"A and B are the same version.", "p50 unchanged (12 ms)",
			"error rate unchanged (10 %)"}, nil},
		{"a time without any", of + "&from=1&to=2", []string{"No requests to version step03",
			"No requests to version step04"}, []string{"Figures"}},
		{"one version", "/compare?service=sqlite.db", []string{"Only one version found",
			"All requests went to version step04 ."}, nil},
		{"no version", "/compare?service=nobody", []string{"No versions found", "DD_VERSION=1.0",
			"Back to the service"}, nil},
	} {
		checkText(t, site, c.name, c.path, c.wants, c.misses)
	}
	body := site.Get(of).Body.String()
	for _, want := range []string{
		`<td class="num">0 <span class="unit"></span></td><td class="num error">3`,
		`href="/compare?a=step04&amp;b=step03&amp;env=workshop`, `href="/compare?a=step02&amp;b=step04&amp;env=workshop`,
		`href="/resource?env=workshop&amp;operation=http.request&amp;resource=GET`,
		`version%3Astep04`, "<title>B, 11.5 ms – 12.5 ms: 30 requests", "Deployment Tracking",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if response := site.Get("/compare"); response.Code != http.StatusBadRequest {
		t.Errorf("no service: %d", response.Code)
	}
}

// The page opens on a time in which there are requests to both versions.
func TestCompareVersions_FindsTime(t *testing.T) {
	now := time.Now().UnixNano()
	old, recent := thought(1, "v1", 500, 0), thought(2, "v2", 5, 0)
	for i := range old.Spans {
		old.Spans[i].Start, recent.Spans[i].Start = now-int64(2*time.Hour), now-int64(time.Minute)
	}
	site := webtest.New(t, old, recent)
	checkText(t, site, "any time", "/compare?service=thinker-api", []string{"Requests 1 1 0"}, []string{"faster)"})
	checkText(t, site, "15 minutes", "/compare?service=thinker-api&range=15m",
		[]string{"No requests to version v1 in this time range."}, nil)
}

// TestCompareTraces_ManyServices has more services than the bars tell apart.
func TestCompareTraces_ManyServices(t *testing.T) {
	var spans []apm.Span
	for i := range 50 {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 1), ParentID: min(1, uint64(i)),
			Service: fmt.Sprint("s", i),
			Start:   1_700_000_000_000_000_000 + int64(i)*int64(time.Second), Duration: time.Duration(50-i) * time.Millisecond})
	}
	checkText(t, webtest.New(t, apm.NewTrace(1, spans), thought(2, "v1", 5, 0)), "many", "/compare/traces?a=1&b=2",
		[]string{"32 other services 465 ms"}, nil)
}

// TestCompareVersions_ListsFewKinds has more kinds of spans than the page lists at first.
func TestCompareVersions_ListsFewKinds(t *testing.T) {
	a, b := thought(1, "v1", 500, 0), thought(2, "v2", 5, 0)
	for i := range uint64(50) {
		a.Spans = append(a.Spans, apm.Span{TraceID: 1, SpanID: 10 + i, ParentID: 2, Service: "thinker-microservice",
			Name:     "n",
			Resource: fmt.Sprint("r", i), Start: a.Spans[0].Start, Duration: time.Duration(i) * time.Microsecond})
	}
	site := webtest.New(t, a, b)
	checkText(t, site, "few", "/compare?service=thinker-api", []string{"only in A", "Show all"}, []string{" r1 "})
	checkText(t, site, "all", "/compare?service=thinker-api&kinds=all", []string{" r1 "}, []string{"Show all"})
}

func TestCompareTraces_Ratio(t *testing.T) {
	for _, test := range []struct {
		before, now int // milliseconds
		want        string
	}{
		{504, 12, "B took 12 ms instead of 504 ms (42 × faster)."}, {12, 504, "(42 × slower)."}, {100, 90, "(−10 %)."},
		{100, 150, "(+50 %)."}, {100, 50, "(2 × faster)."}, {100, 99, "B took 99 ms instead of 100 ms."},
	} {
		site := webtest.New(t, thought(1, "v1", test.before-2, 0), thought(2, "v2", test.now-2, 0))
		checkText(t, site, test.want, "/compare/traces?a=1&b=2", []string{test.want}, nil)
	}
}
