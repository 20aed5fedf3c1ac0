package explorer_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/webtest"
)

// two are a trace of subject war, which failed, and a later one of art.
func two() []apm.Trace {
	of := func(id uint64, subject string) apm.Trace {
		entry := map[string]float64{"_dd.top_level": 1}
		return apm.NewTrace(id, []apm.Span{
			{TraceID: id, SpanID: 1, Service: "api", Resource: "GET /think/", Start: int64(id) * 1e9, Metrics: entry},
			{TraceID: id, SpanID: 2, ParentID: 1, Metrics: entry, Service: "thinker", Resource: "think",
				Start: int64(id)*1e9 + 5, Error: subject == "war", Meta: map[string]string{"subject": subject}},
		})
	}
	return []apm.Trace{of(1, "war"), of(2, "art")}
}

// many returns traces of one span.
func many(n uint64, span func(id uint64) apm.Span) (all []apm.Trace) {
	for id := range n {
		s := span(id + 1)
		s.TraceID, s.SpanID = id+1, 1
		all = append(all, apm.NewTrace(id+1, []apm.Span{s}))
	}
	return all
}

// listed returns the IDs of the traces in a response.
func listed(body string) string {
	var ids []string
	for _, match := range regexp.MustCompile(`(?:data-trace="|"trace_id":")(\d+)"`).FindAllStringSubmatch(body, -1) {
		ids = append(ids, match[1])
	}
	return strings.Join(ids, " ")
}

// show returns a page's HTML with its entities as characters.
func show(s webtest.Site, address string) string {
	return html.UnescapeString(s.Get(address).Body.String())
}

func TestTraces_LinksKeepChoices(t *testing.T) {
	s := webtest.New(t, many(60, func(uint64) apm.Span {
		return apm.Span{Service: "s", Start: 1e9, Meta: map[string]string{"env": "prod"}}
	})...)
	const chosen = "columns=date&columns=spans&env=prod&from=1&query=service%3As&scope=root"
	body := regexp.MustCompile(`before=\d+`).ReplaceAllString(show(s, "/traces?"+chosen), "before=CURSOR")
	webtest.Contains(t, "the page", body, `<a href="/traces?before=CURSOR&`+chosen+`">Older traces`,
		`data-newest="/traces?`+chosen+`"`,
		`<a class="not" href="/traces?columns=date&columns=spans&env=prod&from=1`+
			`&query=service%3As+-status%3Aok&scope=root"`,
		`<a class="row" href="/trace/60?env=prod&from=1"`,
		`<a href="/api/traces?env=prod&from=1970-01-01T00%3A00%3A00.000000001Z&query=service%3As&scope=root">`,
		`<code>apm search --addr localhost:8126 --scope root -- 'env:prod AND service:s'</code>`,
		`<input type="hidden" name="columns" value="spans">`)
	// A query can't break out of the command's quotes.
	webtest.Contains(t, "the command", show(s, "/traces?query="+`'%3B+rm+'`), `-- ''\''; AND rm AND '\'''</code>`)
}

func TestTraces_RefreshRows(t *testing.T) {
	body := webtest.New(t, two()...).Do(http.MethodGet, "/traces", "X-Refresh", "rows").Body.String()
	webtest.Contains(t, "the response", body, `class="list"`, "<footer")
	if got := listed(body); got != "2 1" {
		t.Errorf("got traces %s", got)
	}
	for _, more := range []string{"<html", "<aside", "<form", "data-plot"} {
		if strings.Contains(body, more) {
			t.Errorf("the response has %s", more)
		}
	}
}

func TestTraces_Columns(t *testing.T) {
	s := webtest.New(t, two()...)
	head := regexp.MustCompile(`<th scope="col" class="[^"]*">([^<]*)<`)
	for path, want := range map[string]string{
		"/traces":                  "Date, Service, Resource, Duration, Status code, Spans, Latency breakdown",
		"/traces?columns=resource": "Resource",
		"/traces?columns=trace_id&columns=errors":  "Resource, Errors, Trace ID",
		"/traces?columns=operation&columns=status": "Operation, Resource, Status code",
	} {
		var heads []string
		for _, head := range head.FindAllStringSubmatch(show(s, path), -1) {
			heads = append(heads, head[1])
		}
		if got := strings.Join(heads, ", "); got != want {
			t.Errorf("%s: got %s", path, got)
		}
	}
	webtest.Contains(t, "the list", show(s, "/traces?columns=errors&columns=trace_id"),
		`<span class="error">1</span>`, "<code>1</code>")
	rec := s.Get("/traces?columns=colour")
	webtest.Contains(t, "the failure", rec.Body.String(), "use date, service")
	if rec.Code != http.StatusBadRequest {
		t.Errorf("unknown column: %d", rec.Code)
	}
}

func TestTraces_Activity(t *testing.T) {
	body := show(webtest.New(t, two()...), "/traces")
	rows := regexp.MustCompile(`<th scope="row">.*?</th><td>(\d+)</td><td>(\d+)</td>`).FindAllStringSubmatch(body, -1)
	var figures []string
	for _, row := range rows {
		if row[1] != "0" || row[2] != "0" {
			figures = append(figures, row[1]+"+"+row[2])
		}
	}
	webtest.Contains(t, "the graph", body, "4 spans found · 1 error<")
	if got := strings.Join(figures, " "); got != "1+1 0+2" || len(rows) < 25 {
		t.Errorf("errors and others in %d steps: %s", len(rows), got)
	}
}

func TestTraces_ExamplesParse(t *testing.T) {
	s := webtest.New(t, two()...)
	examples := regexp.MustCompile(`<dt><a href="([^"]*)">`).FindAllStringSubmatch(show(s, "/traces"), -1)
	if len(examples) != 7 {
		t.Errorf("%d examples", len(examples))
	}
	for _, e := range examples {
		if rec := s.Get(e[1]); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", e[1], rec.Code)
		}
	}
}

func TestTraces_Pages(t *testing.T) {
	s := webtest.New(t, many(120, func(id uint64) apm.Span {
		return apm.Span{Service: []string{"other", "a b"}[id%2]}
	})...)
	const newest = `/traces?query=service%3A%22a+b%22&scope=root`
	path, seen := `/traces?query=service:"a+b"&scope=root`, 0
	for pages := 1; path != ""; pages++ {
		body := show(s, path)
		seen += strings.Count(body, "data-trace=")
		webtest.Contains(t, path, body, `data-newest="`+newest+`"`)
		if (pages > 1) != strings.Contains(body, `<a href="`+newest+`">Back to the newest`) {
			t.Errorf("page %d does not lead back to the search's first page", pages)
		}
		path = ""
		if older := regexp.MustCompile(`<a href="([^"]*)">Older traces`).FindStringSubmatch(body); older != nil {
			path = older[1]
		}
	}
	if seen != 60 {
		t.Errorf("%d traces on all pages, want 60", seen)
	}
}

func TestTraces_ManyServices(t *testing.T) {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Service: "entry", Duration: time.Second}}
	for i := range 500 {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 2), Service: fmt.Sprint("service-", i),
			Start: int64(i) * int64(time.Millisecond), Duration: time.Millisecond})
	}
	body := show(webtest.New(t, apm.NewTrace(1, spans)), "/traces")
	webtest.Contains(t, "the breakdown", body, "481 other services")
	if n := strings.Count(body, "<rect"); n > 50 {
		t.Errorf("%d parts in a list of one trace", n)
	}
}
