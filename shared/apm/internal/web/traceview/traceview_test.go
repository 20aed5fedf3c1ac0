package traceview_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/webtest"
)

// think is a request that failed, with a span whose parent is missing.
func think() apm.Trace {
	at := func(id, parent uint64, service, name, resource string, start, duration time.Duration) apm.Span {
		return apm.Span{TraceID: 1, SpanID: id, ParentID: parent, Service: service, Name: name, Resource: resource,
			Start: 1e9 + int64(start), Duration: duration, Meta: map[string]string{"env": "workshop"}}
	}
	failed := at(3, 2, "thinker-microservice", "think", "think", 2e6, 500e6)
	failed.Error = true
	failed.Meta["error.type"] = "main.unknownSubject"
	return apm.NewTrace(1, []apm.Span{
		at(1, 0, "thinker-api", "http.request", "GET /think/", 0, 504e6),
		at(2, 1, "thinker-microservice", "http.request", "GET /", 1e6, 502e6), failed,
		at(4, 3, "sqlite.db", "sqlite.query", "SELECT quote", 500e6, 1e6),
		at(5, 999, "redis", "redis.command", "get", 2e6, 4e5),
	})
}

// check fails the test for each text that a page lacks, or has though it must not.
func check(t *testing.T, site webtest.Site, address string, wanted []string, unwanted ...string) {
	t.Helper()
	response := site.Get(address)
	if response.Code != http.StatusOK {
		t.Errorf("%s: %d", address, response.Code)
	}
	for _, want := range wanted {
		if !strings.Contains(response.Body.String(), want) {
			t.Errorf("%s lacks %q", address, want)
		}
	}
	for _, other := range unwanted {
		if strings.Contains(response.Body.String(), other) {
			t.Errorf("%s has %q", address, other)
		}
	}
}

func TestTrace_LinksKeepChoices(t *testing.T) {
	site := webtest.New(t, think())
	for view, mark := range map[string]string{
		"": "data-flame", "flame": "data-flame", "other": "data-flame", "list": `class="span-list"`,
		"waterfall": `class="waterfall"`, "map": "% of exec time",
	} {
		check(t, site, "/trace/1?env=test&range=1h&span=3&find=think&view="+view, []string{
			mark, `class="panel"`, `href="/traces?env=test&amp;range=1h">Traces`,
			`href="/compare/traces?a=1&amp;env=test&amp;range=1h"`, `href="/traces?env=test&amp;query=service%3A`,
			`href="/trace/1?env=test&amp;find=think&amp;range=1h&amp;span=3&amp;view=list"`,
			`href="/trace/1?env=test&amp;find=think&amp;range=1h&amp;span=3"`,
			`name="range" value="1h"`, `name="span" value="3"`, `value="think"`,
		})
	}
	check(t, site, "/trace/1?find=&span=3", nil, "find=&amp;") // forms send empty fields
}

func TestFlame_LargeTrace(t *testing.T) {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Service: "a", Duration: time.Second}}
	for id := range uint64(1009) {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: id + 2, ParentID: 1, Service: "b", Start: int64(id),
			Duration: time.Duration(id)})
	}
	site := webtest.New(t, apm.NewTrace(1, spans))
	check(t, site, "/trace/1?find=b", []string{
		`data-outline="/api/traces/1/outline?find=b"`, "<noscript>",
		"These are the 1000 longest spans. To see 10 more spans", `id="b1010"`,
	}, `id="b3"`)
	body := site.Do(http.MethodGet, "/trace/1?span=2", "X-Refresh", "1").Body.String() // by the script
	if strings.Contains(body, "<noscript>") || !strings.Contains(body, `data-chosen="1"`) || len(body) > 20_000 {
		t.Errorf("the script gets %d bytes", len(body))
	}
}

func TestOutline_Find(t *testing.T) {
	site := webtest.New(t, think())
	for query, want := range map[string]string{
		"": "null", "?find=THINKER-m": "[1 2]", "?find=nothing": "[]", "?errors=only": "[2]",
		"?errors=only&find=redis": "[]", "?find=subject:war": "[]", "?find=error.type:MAIN": "[2]",
		"?find=env:": "[0 1 2 3 4]",
	} {
		outline := webtest.Decode[api.Outline](t, site, "/api/traces/1/outline"+query)
		got := fmt.Sprint(outline.Found)
		if outline.Found == nil {
			got = "null"
		}
		if got != want || len(outline.Spans.SpanID) != 5 || outline.OrphansRow != 4 || outline.Rows != 6 {
			t.Errorf("%s: %s %+v, want %s", query, got, outline, want)
		}
	}
	for address, status := range map[string]int{
		"/api/traces/2/outline": 404, "/api/traces/x/outline": 400, "/api/traces/1/outline?errors=some": 400,
	} {
		if response := site.Get(address); response.Code != status {
			t.Errorf("%s: %d", address, response.Code)
		}
	}
}

func TestFind_PreviousAndNext(t *testing.T) {
	site := webtest.New(t, think())
	step := regexp.MustCompile(`href="([^"]*)" data-step="(previous|next)"`)
	for _, view := range []string{"flame", "list", "waterfall"} {
		for _, c := range []struct{ span, count, previous, next string }{
			{"", "3 matches", "4", "1"}, {"1", "1 of 3", "4", "2"}, {"2", "2 of 3", "1", "4"},
			{"4", "3 of 3", "2", "1"}, {"3", "3 matches", "2", "4"},
		} {
			body := site.Get("/trace/1?find=qUe&view=" + view + "&span=" + c.span).Body.String()
			if !strings.Contains(body, ">"+c.count+"<") {
				t.Errorf("%s, span %s: not %s", view, c.span, c.count)
			}
			for i, match := range step.FindAllStringSubmatch(body, -1) {
				if want := []string{c.previous, c.next}[i]; !strings.Contains(match[1], "span="+want+"&") {
					t.Errorf("%s, span %s: %s is %s, want span %s", view, c.span, match[2], match[1], want)
				}
			}
		}
	}
	check(t, site, "/trace/1?find=nowhere", []string{"No matches", "dimmed"}, "data-step", `hit"`)
	check(t, site, "/trace/1?find=sqlite", []string{`<rect class="hit"`})
	check(t, site, "/trace/1?find=sqlite&view=list", []string{`<tr class="listed hit">`, `<tr class="listed dimmed">`})
	check(t, site, "/trace/1", nil, `hit"`)
	if response := site.Get("/trace/1?find=" + strings.Repeat("a", 1001)); response.Code != http.StatusBadRequest {
		t.Errorf("a text of any length: %d", response.Code)
	}
}

func TestFind_AnyCase(t *testing.T) {
	for _, c := range []struct {
		find, text string
		want       bool
	}{
		{"get", "GET /", true}, {"GET /x", "get /", false}, {"a", "", false}, {"ab", "xaAB", true},
		{"größe", "GRÖSSE", false}, {"ÖL", "öl", true}, {"[", "{", false},
	} {
		site := webtest.New(t, apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Resource: c.text}}))
		outline := webtest.Decode[api.Outline](t, site, "/api/traces/1/outline?find="+url.QueryEscape(c.find))
		if found := len(outline.Found) == 1; found != c.want {
			t.Errorf("%q in %q: %v", c.find, c.text, found)
		}
	}
}

func TestTrace_OnlyErrors(t *testing.T) {
	site := webtest.New(t, think())
	check(t, site, "/trace/1?errors=only&view=waterfall",
		[]string{`id="s3"`, `id="s2" class=" dimmed"`, "1 match<", "☑"}, `id="s4"`, `id="s5"`)
	check(t, site, "/trace/1?errors=only&view=list", []string{"1 error"}, "SELECT quote")
	check(t, site, "/trace/1?errors=only", []string{`id="b4" class="box thin small dimmed"`, `id="b3" class="box failed"`})
}

// repeated is a trace with 40 similar queries below its root, each with a child. One
// query failed.
func repeated() apm.Trace {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Service: "a", Name: "root", Duration: time.Second}}
	for i := range uint64(40) {
		id, start := 10+2*i, int64(i)*1e6
		spans = append(spans,
			apm.Span{TraceID: 1, SpanID: id, ParentID: 1, Service: "db", Name: "query", Resource: "SELECT 1",
				Start: start, Duration: 3e5, Error: i == 7},
			apm.Span{TraceID: 1, SpanID: id + 1, ParentID: id, Service: "disk", Name: "read", Start: start, Duration: 1e5})
	}
	return apm.NewTrace(1, spans)
}

func TestWaterfall_SimilarSiblings(t *testing.T) {
	site := webtest.New(t, repeated())
	check(t, site, "/trace/1?view=waterfall", []string{
		"<b>40 ×</b>", "1 error", `<span class="quiet">total</span> 12 <span class="unit">ms</span>`,
		"Show 40 similar spans", "open=10",
	}, `id="s10"`)
	for address, want := range map[string]int{
		"/trace/1?view=waterfall":                     2,
		"/trace/1?view=waterfall&open=10":             82,
		"/trace/1?view=waterfall&open=10&closed=10":   81,
		"/trace/1?view=waterfall&closed=1":            1,
		"/trace/1?view=waterfall&span=31":             82, // opened, to show the selected one
		"/trace/1?view=waterfall&span=31&closed=1.30": 82,
		"/trace/1?view=waterfall&errors=only":         2,
	} {
		if got := strings.Count(site.Get(address).Body.String(), `<li id="s`); got != want {
			t.Errorf("%s: %d rows, want %d", address, got, want)
		}
	}
	// Closing the rows around the selected span selects the span that closes.
	check(t, site, "/trace/1?view=waterfall&span=31", []string{
		`href="/trace/1?closed=30&amp;span=30&amp;view=waterfall"`,
		`href="/trace/1?view=waterfall" aria-label="Hide 40 similar spans"`,
	})
	check(t, site, "/trace/1?view=waterfall&find=disk", []string{"40 matches"})
}

func TestWaterfall_ManyRows(t *testing.T) {
	var spans []apm.Span
	for id := range uint64(2050) {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: id + 1, Start: int64(id), Resource: fmt.Sprint(id)})
	}
	site := webtest.New(t, apm.NewTrace(1, spans))
	body := site.Get("/trace/1?view=waterfall").Body.String()
	if strings.Count(body, "<li") < 2000 || !strings.Contains(body, "50 spans not shown") {
		t.Error("the page does not say what it leaves out")
	}
	check(t, site, "/trace/1?view=waterfall&rows=all&span=2050", []string{`id="s2050"`}, "not shown")
}

func TestList_Sort(t *testing.T) {
	site := webtest.New(t, repeated())
	check(t, site, "/trace/1?view=list", []string{
		`<td class="num">40</td><td class="num">300 <span class="unit">µs</span></td>`,
		`<td class="num">8 <span class="unit">ms</span></td>`, "sorted, descending", "1 error",
		`href="/trace/1?sort=exec&amp;view=list"`, `href="/trace/1?sort=-spans&amp;view=list"`,
	})
	caption := regexp.MustCompile(`<caption class="hidden">Resources of (\w+)`)
	for sort, want := range map[string]string{
		"": "a db disk", "resource": "a db disk", "-resource": "disk db a", "-spans": "db disk a", "spans": "a db disk",
		"avg": "disk db a",
	} {
		var services []string
		for _, match := range caption.FindAllStringSubmatch(site.Get("/trace/1?view=list&sort="+sort).Body.String(), -1) {
			services = append(services, match[1])
		}
		if got := strings.Join(services, " "); got != want {
			t.Errorf("%s: %s, want %s", sort, got, want)
		}
	}
	check(t, site, "/trace/1?view=list&span=30", []string{`<tr class="listed" aria-current="true">`})
}

func TestLegend_Spans(t *testing.T) {
	check(t, webtest.New(t, repeated()), "/trace/1?legend=spans",
		[]string{`href="/trace/1">% Exec Time`, "<b>40</b>", "<b>1</b>"})
	var many []apm.Span
	for id := range uint64(50) {
		many = append(many, apm.Span{TraceID: 1, SpanID: id + 1, Service: fmt.Sprint("service ", id)})
	}
	check(t, webtest.New(t, apm.NewTrace(1, many)), "/trace/1?legend=spans", []string{"30 other services", "<b>30</b>"})
}

func TestTrace_Remarks(t *testing.T) {
	const ms = int64(time.Millisecond)
	span := func(id, parent uint64, service string, start, duration int64) apm.Span {
		return apm.Span{TraceID: 1, SpanID: id, ParentID: parent, Service: service, Name: "x",
			Start: 5000*ms + start*ms, Duration: time.Duration(duration * ms)}
	}
	for name, c := range map[string]struct {
		spans    []apm.Span
		wants    []string
		unwanted string
	}{
		"a clock behind": {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", -1200, 50)},
			[]string{"Clock skew: b’s clock is about 1.2 s behind", "its clock is about 1.2 s behind that of a"}, "-"},
		"a clock ahead": {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", 80, 50)},
			[]string{"Clock skew: b’s clock is about 30 ms ahead", "or the parent did not wait for it"}, "-"},
		"one of two ahead": {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", 80, 50), span(3, 1, "b", 10, 5)},
			[]string{"or the parent did not wait for it"}, "Clock skew"},
		"parent did not wait": {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "a", 50, 100)},
			[]string{"Ends 50 ms after its parent, which did not wait for it."}, "Clock skew"},
		"no root": {[]apm.Span{span(2, 9, "a", 0, 100)},
			[]string{"The root span has not arrived", "The parent, span 9, has not arrived"}, "-"},
		"a parent missing": {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 9, "b", 0, 5)},
			[]string{"1 span has a parent that has not arrived", "The parent, span 9, has not arrived"},
			"root span has not arrived"},
		"its own parent": {[]apm.Span{span(2, 2, "a", 0, 100)}, []string{"This span names itself as its parent."}, "-"},
		"a cycle": {[]apm.Span{span(2, 3, "a", 0, 100), span(3, 2, "a", 0, 100)},
			[]string{"This span’s parents form a cycle."}, "-"},
		"sent again": {[]apm.Span{span(2, 0, "a", 0, 90), span(2, 0, "a", 0, 100)},
			[]string{"1 span was sent more than once", "Sent 2 times"}, "-"},
		"an instant":       {[]apm.Span{span(2, 0, "a", 0, 0)}, []string{"Duration 0: an instant"}, "-"},
		"a clock set back": {[]apm.Span{span(2, 0, "a", 0, -5)}, []string{"Negative duration"}, "-"},
		"nothing":          {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", 10, 50)}, nil, `class="note"`},
	} {
		site := webtest.New(t)
		if err := site.Store.Add(t.Context(), c.spans); err != nil {
			t.Fatal(err)
		}
		for _, view := range []string{"flame", "list", "waterfall"} {
			body := html.UnescapeString(site.Get("/trace/1?span=2&view=" + view).Body.String())
			for _, want := range c.wants {
				if !strings.Contains(body, want) {
					t.Errorf("%s, %s: the page lacks %q", name, view, want)
				}
			}
			if c.unwanted != "-" && strings.Contains(body, c.unwanted) {
				t.Errorf("%s, %s: the page has %q", name, view, c.unwanted)
			}
		}
	}
}

func TestTrace_Deep(t *testing.T) {
	spans := make([]apm.Span, 40_000)
	for i := range spans {
		spans[i] = apm.Span{TraceID: 1, SpanID: uint64(i + 1), ParentID: uint64(i), Service: "s", Name: "call",
			Start: int64(i), Duration: time.Duration(2*len(spans) - i)}
	}
	site := webtest.New(t, apm.NewTrace(1, spans))
	check(t, site, "/trace/1", []string{"39,000 more spans"})
	check(t, site, "/trace/1?view=list", []string{"40,000"})
	check(t, site, "/trace/1?view=waterfall", []string{"38,000 spans not shown"})
}

// BenchmarkTrace opens a trace of a job that works row by row: 40,000 spans in three
// levels.
func BenchmarkTrace(b *testing.B) {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Service: "batch", Name: "job", Duration: time.Minute}}
	for row := range uint64(13_333) {
		at, id := int64(row)*int64(4*time.Millisecond), 10+3*row
		for i, service := range []string{"importer", "postgres", "redis"} {
			parent := id
			if i == 0 {
				parent = 1
			}
			spans = append(spans, apm.Span{
				TraceID: 1, SpanID: id + uint64(i), ParentID: parent, Service: service, Name: "work",
				Resource: fmt.Sprint("row ", row%50), Start: at + int64(i)*1e6,
				Duration: time.Duration(1+row%7) * time.Millisecond / time.Duration(1+i), Error: row%100 == 0,
				Meta:    map[string]string{"env": "prod", "version": "1", "language": "go", "runtime-id": "4b0f9d6c"},
				Metrics: map[string]float64{"process_id": 7},
			})
		}
	}
	site := webtest.New(b, apm.NewTrace(1, spans))
	for _, address := range []string{
		"/trace/1", "/trace/1?find=redis", "/trace/1?view=list", "/trace/1?view=waterfall", "/api/traces/1/outline",
	} {
		b.Run(address, func(b *testing.B) {
			for b.Loop() {
				site.Get(address)
			}
		})
	}
}
