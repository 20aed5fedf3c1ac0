package web

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"thinker/shared/apm"
)

func TestTheListKeepsWhatItsReaderChose(t *testing.T) {
	var list []apm.Trace
	for id := range uint64(60) {
		list = append(list, apm.NewTrace(id+1, []apm.Span{{TraceID: id + 1, SpanID: 1, Service: "s", Start: 1e9, Meta: map[string]string{"env": "prod"}}}))
	}
	w, _ := newTest(list...)
	const chosen = "columns=date&columns=spans&env=prod&from=1&query=service%3As&scope=root"
	body := html.UnescapeString(get(w, "/traces?"+chosen).Body.String())
	for what, link := range map[string]string{
		"older traces":  `<a href="/traces?before=11&` + chosen + `">Older traces`,
		"newest traces": `data-newest="/traces?` + chosen + `"`,
		"a facet":       `<a class="not" href="/traces?columns=date&columns=spans&env=prod&from=1&query=service%3As+-status%3Aok&scope=root"`,
		"a trace":       `<a class="row" href="/trace/60?env=prod&from=1"`,
		"the API":       `<a href="/api/traces?env=prod&from=1970-01-01T00%3A00%3A00.000000001Z&query=service%3As&scope=root">`,
		"the command":   `<code>apm search --addr localhost:8126 --scope root -- 'env:prod AND service:s'</code>`,
		"the search":    `<input type="hidden" name="columns" value="spans">`,
	} {
		if !strings.Contains(body, link) {
			t.Errorf("%s: the page lacks %s", what, link)
		}
	}
	if body := get(w, "/traces?query="+`'%3B+rm+'`).Body.String(); !strings.Contains(html.UnescapeString(body), `-- ''\''; AND rm AND '\'''</code>`) {
		t.Error("a query breaks out of the command's quotes")
	}
}

func TestARefreshIsOfRowsAlone(t *testing.T) {
	w, _ := newTest(two()...)
	r := httptest.NewRequest(http.MethodGet, "/traces", nil)
	r.Host = "localhost"
	r.Header.Set("X-Refresh", "rows")
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	body := rec.Body.String()
	if got := strings.Join(listed(t, body), " "); got != "2 1" || !strings.Contains(body, `class="list"`) || !strings.Contains(body, "<footer") {
		t.Errorf("got %s", body)
	}
	for _, more := range []string{"<html", "<aside", "<form", "data-plot"} {
		if strings.Contains(body, more) {
			t.Errorf("there is %s in it", more)
		}
	}
}

func TestColumnsAreChosen(t *testing.T) {
	w, _ := newTest(workshop())
	heads := func(path string) string {
		var all []string
		for _, head := range regexp.MustCompile(`<th scope="col" class="[^"]*">([^<]*)<`).FindAllStringSubmatch(get(w, path).Body.String(), -1) {
			all = append(all, head[1])
		}
		return strings.Join(all, ", ")
	}
	for path, want := range map[string]string{
		"/traces":                  "Date, Service, Resource, Duration, Status code, Spans, Latency breakdown",
		"/traces?columns=resource": "Resource",
		"/traces?columns=trace_id&columns=errors":  "Resource, Errors, Trace ID",
		"/traces?columns=operation&columns=status": "Operation, Resource, Status code",
	} {
		if got := heads(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	body := get(w, "/traces?columns=operation&columns=errors&columns=trace_id").Body.String()
	for _, want := range []string{"<bdi>http.request</bdi>", `<span class="error">1</span>`, "<code>5577006791947779410</code>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list lacks %s", want)
		}
	}
	if rec := get(w, "/traces?columns=colour"); rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "use date, service") {
		t.Errorf("a column that is none: %d", rec.Code)
	}
}

func TestSpansAreCountedOverTime(t *testing.T) {
	w, _ := newTest(two()...)
	body := get(w, "/traces").Body.String()
	rows := regexp.MustCompile(`<th scope="row">.*?</th><td>(\d+)</td><td>(\d+)</td>`).FindAllStringSubmatch(body, -1)
	var figures []string
	for _, row := range rows {
		if row[1] != "0" || row[2] != "0" {
			figures = append(figures, row[1]+"+"+row[2])
		}
	}
	if got := strings.Join(figures, " "); got != "1+1 0+2" || len(rows) < 25 || !strings.Contains(body, "4 spans found · 1 error<") {
		t.Errorf("errors and others in %d steps: %s", len(rows), got)
	}
}

func TestExamplesOfTheSyntaxCanBeRead(t *testing.T) {
	w, _ := newTest(two()...)
	examples := regexp.MustCompile(`<dt><a href="([^"]*)">`).FindAllStringSubmatch(get(w, "/traces").Body.String(), -1)
	if len(examples) != 7 {
		t.Errorf("%d examples", len(examples))
	}
	for _, e := range examples {
		if rec := get(w, html.UnescapeString(e[1])); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", e[1], rec.Code)
		}
	}
}
