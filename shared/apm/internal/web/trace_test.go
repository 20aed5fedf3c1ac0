package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
)

const thinkTrace = "/trace/5577006791947779410"

// contains fails the test for each text that a page lacks, or has though it must not.
func contains(t *testing.T, w *Web, path string, wanted []string, unwanted ...string) {
	t.Helper()
	rec := get(w, path)
	if rec.Code != http.StatusOK {
		t.Errorf("%s: %d", path, rec.Code)
	}
	for _, want := range wanted {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
	for _, other := range unwanted {
		if strings.Contains(rec.Body.String(), other) {
			t.Errorf("%s has %q", path, other)
		}
	}
}

func TestEachViewKeepsWhatIsChosen(t *testing.T) {
	w, _ := newTest(workshop())
	for view, mark := range map[string]string{"": "data-flame", "flame": "data-flame", "other": "data-flame", "list": `class="span-list"`, "waterfall": `class="waterfall"`, "map": "% of exec time"} {
		contains(t, w, thinkTrace+"?span=3&find=think&view="+view, []string{
			mark, `class="panel"`, `href="` + thinkTrace + `?find=think&amp;span=3&amp;view=list"`, `href="` + thinkTrace + `?find=think&amp;span=3"`,
			`name="span" value="3"`, `value="think"`,
		})
	}
}

func TestATracesLinksKeepTheWindow(t *testing.T) {
	w, _ := newTest(workshop())
	for _, view := range []string{"flame", "list", "waterfall", "map"} {
		contains(t, w, thinkTrace+"?env=test&range=1h&span=3&find=&view="+view, []string{
			`href="/traces?env=test&amp;range=1h">Traces`, `href="/compare/traces?a=5577006791947779410&amp;env=test&amp;range=1h"`,
			`href="` + thinkTrace + `?env=test&amp;range=1h&amp;span=3"`, `name="range" value="1h"`, `href="/traces?env=test&amp;query=service%3A`,
		}, "find=&amp;")
	}
}

func TestAFlameGraphIsDrawnByTheServer(t *testing.T) {
	w, _ := newTest(workshop())
	contains(t, w, thinkTrace+"?span=3", []string{
		`<rect x="0.25783419%" y="40" width="99.36533122%" height="20"`, // 1.3 of 504.2 ms in
		`class="box failed" href="` + thinkTrace + `?span=3" data-parent="1" aria-current="true"`,
		`The parent of the spans below has not arrived`, `data-duration="504200000"`, "Flame graph of 5 spans over 504 ms",
		"Error · thinker-microservice · think\n501 ms · exec time 500 ms (99.2 %)", "class=\"box thin small\"",
	}, "data-outline", "<noscript>")
}

func TestALargeTraceIsDrawnByItsOutline(t *testing.T) {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Service: "a", Duration: time.Second}}
	for id := range uint64(1009) {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: id + 2, ParentID: 1, Service: "b", Start: int64(id), Duration: time.Duration(id)})
	}
	w, _ := newTest(apm.NewTrace(1, spans))
	contains(t, w, "/trace/1?find=b", []string{`data-outline="/api/traces/1/outline?find=b"`, "<noscript>", "These are the 1000 longest spans. To see 10 more spans", `id="b1010"`}, `id="b3"`)

	r := httptest.NewRequest(http.MethodGet, "/trace/1?span=2", nil)
	r.Host = "localhost"
	r.Header.Set("X-Refresh", "1")
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if body := rec.Body.String(); strings.Contains(body, "<noscript>") || !strings.Contains(body, `data-chosen="1"`) || len(body) > 20_000 {
		t.Errorf("the script is sent %d bytes", len(body))
	}
}

func TestTheOutlineTellsWhatIsFound(t *testing.T) {
	w, _ := newTest(workshop())
	for query, want := range map[string]string{"": "null", "?find=THINKER-m": "[1 2]", "?find=nothing": "[]", "?errors=only": "[2]", "?errors=only&find=redis": "[]", "?find=subject:war": "[]", "?find=error.type:MAIN": "[2]"} {
		var outline api.Outline
		if err := json.Unmarshal(get(w, "/api/traces/5577006791947779410/outline"+query).Body.Bytes(), &outline); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(outline.Found)
		if outline.Found == nil {
			got = "null"
		}
		if got != want || len(outline.Spans.SpanID) != 5 || outline.OrphansRow != 4 || outline.Rows != 6 {
			t.Errorf("%s: %s %+v, want %s", query, got, outline, want)
		}
	}
	for path, status := range map[string]int{"/api/traces/1/outline": 404, "/api/traces/x/outline": 400, "/api/traces/5577006791947779410/outline?errors=some": 400} {
		if rec := get(w, path); rec.Code != status {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestFindWalksFromHitToHit(t *testing.T) {
	w, _ := newTest(workshop())
	step := regexp.MustCompile(`href="([^"]*)" data-step="(previous|next)"`)
	for _, view := range []string{"flame", "list", "waterfall"} {
		for _, c := range []struct{ span, count, previous, next string }{
			{"", "3 matches", "4", "5577006791947779410"},
			{"5577006791947779410", "1 of 3", "4", "2"},
			{"2", "2 of 3", "5577006791947779410", "4"},
			{"4", "3 of 3", "2", "5577006791947779410"},
			{"3", "3 matches", "2", "4"},
		} {
			body := get(w, thinkTrace+"?find=qUe&view="+view+"&span="+c.span).Body.String()
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
	contains(t, w, thinkTrace+"?find=nowhere", []string{"No matches", "dimmed"}, "data-step", `hit"`)
	contains(t, w, thinkTrace+"?find=sqlite", []string{`<rect class="hit"`})
	contains(t, w, thinkTrace+"?find=sqlite&view=waterfall", []string{`id="s4" class=" hit"`})
	contains(t, w, thinkTrace+"?find=sqlite&view=list", []string{`<tr class="listed hit">`, `<tr class="listed dimmed">`})
	contains(t, w, thinkTrace, nil, `hit"`)
	if rec := get(w, thinkTrace+"?find="+strings.Repeat("a", 1001)); rec.Code != http.StatusBadRequest {
		t.Errorf("a text of any length: %d", rec.Code)
	}
}

func TestOnlyErrors(t *testing.T) {
	w, _ := newTest(workshop())
	contains(t, w, thinkTrace+"?errors=only&view=waterfall", []string{`id="s3"`, `id="s2" class=" dimmed"`, "1 match<", "☑"}, `id="s4"`, `id="s5"`)
	contains(t, w, thinkTrace+"?errors=only&view=list", []string{"1 error"}, "SELECT quote")
	contains(t, w, thinkTrace+"?errors=only", []string{`id="b4" class="box thin small dimmed"`, `id="b3" class="box failed"`})
}

// repeated has 40 queries alike, of which one failed, below its root, and each with a child.
func repeated() apm.Trace {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Service: "a", Name: "root", Duration: time.Second}}
	for i := range uint64(40) {
		id := 10 + 2*i
		spans = append(spans,
			apm.Span{TraceID: 1, SpanID: id, ParentID: 1, Service: "db", Name: "query", Resource: "SELECT 1", Start: int64(i) * 1e6, Duration: 3e5, Error: i == 7},
			apm.Span{TraceID: 1, SpanID: id + 1, ParentID: id, Service: "disk", Name: "read", Start: int64(i) * 1e6, Duration: 1e5})
	}
	return apm.NewTrace(1, spans)
}

func TestSiblingsAlikeAreOneRow(t *testing.T) {
	w, _ := newTest(repeated())
	rows := func(path string) int { return strings.Count(get(w, path).Body.String(), `<li id="s`) }
	contains(t, w, "/trace/1?view=waterfall", []string{"<b>40 ×</b>", "1 error", `<span class="quiet">total</span> 12 <span class="unit">ms</span>`, "Show 40 similar spans", "open=10"}, `id="s10"`)
	for path, want := range map[string]int{
		"/trace/1?view=waterfall":                     2,
		"/trace/1?view=waterfall&open=10":             82,
		"/trace/1?view=waterfall&open=10&closed=10":   81,
		"/trace/1?view=waterfall&closed=1":            1,
		"/trace/1?view=waterfall&span=31":             82, // opened, to show the chosen one
		"/trace/1?view=waterfall&span=31&closed=1.30": 82,
		"/trace/1?view=waterfall&errors=only":         2,
	} {
		if got := rows(path); got != want {
			t.Errorf("%s: %d rows, want %d", path, got, want)
		}
	}
	// To close what the chosen span is in takes the choice up to it.
	contains(t, w, "/trace/1?view=waterfall&span=31", []string{`href="/trace/1?closed=30&amp;span=30&amp;view=waterfall"`, `href="/trace/1?view=waterfall" aria-label="Hide 40 similar spans"`})
	contains(t, w, "/trace/1?view=waterfall&find=disk", []string{"40 matches"})
}

func TestTheSpanListSumsUp(t *testing.T) {
	w, _ := newTest(repeated())
	contains(t, w, "/trace/1?view=list", []string{
		`<td class="num">40</td><td class="num">300 <span class="unit">µs</span></td><td class="num">8 <span class="unit">ms</span></td>`, "sorted, descending", "1 error",
		`href="/trace/1?sort=exec&amp;view=list"`, `href="/trace/1?sort=-spans&amp;view=list"`,
	})
	order := func(path string) string {
		var names []string
		for _, match := range regexp.MustCompile(`<caption class="hidden">Resources of (\w+)`).FindAllStringSubmatch(get(w, path).Body.String(), -1) {
			names = append(names, match[1])
		}
		return strings.Join(names, " ")
	}
	for path, want := range map[string]string{
		"/trace/1?view=list":                "a db disk",
		"/trace/1?view=list&sort=resource":  "a db disk",
		"/trace/1?view=list&sort=-resource": "disk db a",
		"/trace/1?view=list&sort=-spans":    "db disk a",
		"/trace/1?view=list&sort=spans":     "a db disk",
		"/trace/1?view=list&sort=avg":       "disk db a",
	} {
		if got := order(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	contains(t, w, "/trace/1?view=list&span=30", []string{`<tr class="listed" aria-current="true">`})
}

func TestTheLegendCountsSpansOnRequest(t *testing.T) {
	w, _ := newTest(repeated())
	contains(t, w, "/trace/1", []string{`href="/trace/1?legend=spans">Spans`, `<b>98.8</b>`})
	contains(t, w, "/trace/1?legend=spans", []string{`href="/trace/1">% Exec Time`, "<b>40</b>", "<b>1</b>"})
	var many []apm.Span
	for id := range uint64(50) {
		many = append(many, apm.Span{TraceID: 1, SpanID: id + 1, Service: fmt.Sprint("service ", id)})
	}
	w, _ = newTest(apm.NewTrace(1, many))
	contains(t, w, "/trace/1?legend=spans", []string{"30 other services", "<b>30</b>"})
}

func TestWhatIsOddIsSaid(t *testing.T) {
	const ms = int64(time.Millisecond)
	span := func(id, parent uint64, service string, start, duration int64) apm.Span {
		return apm.Span{TraceID: 1, SpanID: id, ParentID: parent, Service: service, Name: "x", Start: 5000*ms + start*ms, Duration: time.Duration(duration * ms)}
	}
	for name, c := range map[string]struct {
		spans          []apm.Span
		wants          []string
		head, unwanted string
	}{
		"a clock behind":    {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", -1200, 50)}, []string{"Clock skew: b’s clock is about 1.2 s behind", "its clock is about 1.2 s behind that of a"}, "", ""},
		"a clock ahead":     {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", 80, 50)}, []string{"Clock skew: b’s clock is about 30 ms ahead", "or the parent did not wait for it"}, "", ""},
		"one of two ahead":  {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", 80, 50), span(3, 1, "b", 10, 5)}, []string{"or the parent did not wait for it"}, "", "Clock skew"},
		"it did not wait":   {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "a", 50, 100)}, []string{"Ends 50 ms after its parent, which did not wait for it."}, "", "Clock skew"},
		"no root":           {[]apm.Span{span(2, 9, "a", 0, 100)}, []string{"The root span has not arrived", "The parent, span 9, has not arrived"}, "", ""},
		"a parent missing":  {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 9, "b", 0, 5)}, []string{"1 span has a parent that has not arrived", "The parent, span 9, has not arrived"}, "", "root span has not arrived"},
		"it came again":     {[]apm.Span{span(2, 0, "a", 0, 90), span(2, 0, "a", 0, 100)}, []string{"1 span was sent more than once", "Sent 2 times"}, "", ""},
		"a moment":          {[]apm.Span{span(2, 0, "a", 0, 0)}, []string{"Duration 0: an instant"}, "", ""},
		"a clock set back":  {[]apm.Span{span(2, 0, "a", 0, -5)}, []string{"Negative duration"}, "", ""},
		"nothing to be odd": {[]apm.Span{span(1, 0, "a", 0, 100), span(2, 1, "b", 10, 50)}, nil, "", `class="note"`},
	} {
		w, _ := newTest(apm.NewTrace(1, c.spans))
		for _, view := range []string{"flame", "list", "waterfall"} {
			body := strings.ReplaceAll(get(w, "/trace/1?span=2&view="+view).Body.String(), "&#39;", "'")
			for _, want := range c.wants {
				if !strings.Contains(body, want) {
					t.Errorf("%s, %s: the page lacks %q", name, view, want)
				}
			}
			if c.unwanted != "" && strings.Contains(body, c.unwanted) {
				t.Errorf("%s, %s: the page has %q", name, view, c.unwanted)
			}
		}
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
	contains(t, w, thinkTrace, []string{`href="/api/traces/5577006791947779410?download=true"`})
}

func TestADeepTraceIsShownInEveryView(t *testing.T) {
	spans := make([]apm.Span, 40_000)
	for i := range spans {
		spans[i] = apm.Span{TraceID: 1, SpanID: uint64(i + 1), ParentID: uint64(i), Service: "s", Name: "call", Start: int64(i), Duration: time.Duration(2*len(spans) - i)}
	}
	w, _ := newTest(apm.NewTrace(1, spans))
	contains(t, w, "/trace/1", []string{"39,000 more spans"})
	contains(t, w, "/trace/1?view=list", []string{"40,000"})
	contains(t, w, "/trace/1?view=waterfall", []string{"38,000 spans not shown"})
}
