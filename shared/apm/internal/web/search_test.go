package web

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm"
)

// two are a trace of subject war, which failed, and a later one of art.
func two() []apm.Trace {
	of := func(id uint64, subject string) apm.Trace {
		entry := map[string]float64{"_dd.top_level": 1}
		return apm.NewTrace(id, []apm.Span{
			{TraceID: id, SpanID: 1, Service: "api", Resource: "GET /think/", Start: int64(id) * 1e9, Metrics: entry},
			{TraceID: id, SpanID: 2, ParentID: 1, Metrics: entry, Service: "thinker", Resource: "think", Start: int64(id)*1e9 + 5, Error: subject == "war", Meta: map[string]string{"subject": subject}},
		})
	}
	return []apm.Trace{of(1, "war"), of(2, "art")}
}

func listed(t *testing.T, body string) (ids []string) {
	t.Helper()
	for _, match := range regexp.MustCompile(`(?:data-trace="|"trace_id":")(\d+)"`).FindAllStringSubmatch(body, -1) {
		ids = append(ids, match[1])
	}
	return ids
}

func TestASearchIsTheSameOnThePageAndInTheAPI(t *testing.T) {
	w, _ := newTest(two()...)
	for search, want := range map[string]string{
		"query=":                                  "2 1",
		"query=@subject:war":                      "1",
		"query=@subject:war+OR+@subject:art":      "2 1",
		"query=service:thinker&scope=all":         "2 1",
		"query=service:thinker&scope=root":        "",
		"query=service:api&scope=root":            "2 1",
		"query=status:error&scope=service-entry":  "1",
		"query=-status:error&scope=service-entry": "2 1", // the api's own did not fail
	} {
		for _, path := range []string{"/traces?", "/api/traces?"} {
			rec := get(w, path+search)
			if got := strings.Join(listed(t, rec.Body.String()), " "); rec.Code != http.StatusOK || got != want {
				t.Errorf("%s%s: %d, traces %q, want %q", path, search, rec.Code, got, want)
			}
		}
	}
}

func TestTheAPITakesATimeRange(t *testing.T) {
	w, _ := newTest(two()...)
	for search, want := range map[string]string{
		"from=2000000000":           "2",
		"to=2000000000":             "1",
		"from=1000000001&to=1":      "",
		"from=1970-01-01T00:00:02Z": "2",
		"to=1970-01-01T00:00:01.5%2B00:00&query=@subject:war": "1",
		"to=9999-12-31T23:59:59Z":                             "2 1",
		"limit=1":                                             "2",
		"limit=1&cursor=2":                                    "1",
	} {
		rec := get(w, "/api/traces?"+search)
		if got := strings.Join(listed(t, rec.Body.String()), " "); rec.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d, traces %q, want %q", search, rec.Code, got, want)
		}
	}
	for _, search := range []string{"from=yesterday", "to=1.5", "scope=some"} {
		rec := get(w, "/api/traces?"+search)
		_, value, _ := strings.Cut(search, "=")
		if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), value) {
			t.Errorf("%s: %d %s", search, rec.Code, rec.Body)
		}
	}
}

func TestTheAPISaysWhereAQueryIsWrong(t *testing.T) {
	w, _ := newTest(two()...)
	rec := get(w, "/api/traces?query="+url.QueryEscape("ä service:"))
	var problem struct {
		Status           int
		Offset           *int
		Detail, Expected string
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &problem); err != nil {
		t.Fatal(err)
	}
	if rec.Code != 400 || rec.Header().Get("Content-Type") != "application/problem+json" || problem.Status != 400 || problem.Offset == nil || *problem.Offset != 10 ||
		problem.Expected != `a value right after "service:"` || problem.Detail != `Syntax error at the end of the query: expected a value right after "service:".` {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if body := get(w, "/api/traces?limit=0").Body.String(); strings.Contains(body, "offset") {
		t.Errorf("a problem without a query has an offset: %s", body)
	}
	if body := get(w, "/api/traces?query=AND").Body.String(); !strings.Contains(body, `"offset":0`) {
		t.Errorf("offset 0 is left out: %s", body)
	}
}

func TestAQueryIsBounded(t *testing.T) {
	w, _ := newTest(two()...)
	for _, path := range []string{"/traces?query=", "/api/traces?query="} {
		for bytes, want := range map[int]int{4096: 200, 4097: 400} {
			if rec := get(w, path+strings.Repeat("a", bytes)); rec.Code != want {
				t.Errorf("%s with %d bytes: %d", path, bytes, rec.Code)
			}
		}
	}
}

func TestThePageKeepsAWrongQueryAndShowsWhere(t *testing.T) {
	w, _ := newTest(two()...)
	rec := get(w, "/traces?scope=root&query="+url.QueryEscape(`a "<b> @n:>x`))
	body := html.UnescapeString(rec.Body.String())
	for _, want := range []string{`value="a "<b> @n:>x"`, "a \"<b> @n:>x\n            ^</pre>", "expected a closing quote", `<option value="root" selected>`, `aria-invalid="true"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if rec.Code != http.StatusBadRequest || strings.Contains(rec.Body.String(), "<b>") || len(listed(t, body)) > 0 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestThePageKeepsASearchInNoTime(t *testing.T) {
	w, _ := newTest(two()...)
	for time, says := range map[string]string{"from=3&to=2": "ends before it starts", "from=yesterday": "yesterday", "range=1y": "15m, 1h, 4h or all"} {
		rec := get(w, "/traces?query=@subject:war&scope=root&"+time)
		body := rec.Body.String()
		for _, want := range []string{says, `value="@subject:war"`, `<option value="root" selected>`, `class="menu"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page lacks %q", time, want)
			}
		}
		if rec.Code != http.StatusBadRequest || len(listed(t, body)) > 0 {
			t.Errorf("%s: %d", time, rec.Code)
		}
	}
}

func TestAPageWithoutAResultSaysWhy(t *testing.T) {
	w, _ := newTest(two()...)
	body := html.UnescapeString(get(w, "/traces?scope=service-entry&query="+url.QueryEscape("@subject:war status:ok @subject:peace")).Body.String())
	for _, want := range []string{"<h2>No traces match</h2>", "<code>@subject:war status:ok @subject:peace</code>", "2 traces are stored. None has a matching span among its Service Entry spans.",
		`<a href="/traces">Clear the search</a>`, `href="/traces?query=%40subject%3Awar+status%3Aok+%40subject%3Apeace">Search all spans`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// What each part finds by itself and what all the others do, with a link to these.
	var rows []string
	for _, row := range regexp.MustCompile(`<bdi>([^<]*)</bdi></code></td><td class="num">([^<]*)</td><td class="num"><a href="([^"]*)">([^<]*)<`).FindAllStringSubmatch(body, -1) {
		rows = append(rows, strings.Join(row[1:], " "))
	}
	want := []string{
		"@subject:war 1 span /traces?query=status%3Aok+%40subject%3Apeace&scope=service-entry none",
		"status:ok 3 spans /traces?query=%40subject%3Awar+%40subject%3Apeace&scope=service-entry none",
		"@subject:peace none /traces?query=%40subject%3Awar+status%3Aok&scope=service-entry none",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("got %q", rows)
	}
	if body := get(w, "/traces?env=nowhere&query=@subject:peace+status:ok").Body.String(); !strings.Contains(body, "There are no spans at all in this environment.") || strings.Contains(body, "Matches by itself") {
		t.Error("the query is blamed where nothing is")
	}
	empty, _ := newTest()
	if body := get(empty, "/traces?query=x").Body.String(); !strings.Contains(body, "No traces yet") {
		t.Error("with no trace at all, the query is not to blame")
	}
}

func TestAWindowWithoutAResultLeadsToWhereItIs(t *testing.T) {
	list := two()
	list[0].Spans[1].Meta["env"] = "prod"
	w, _ := newTest(list...)
	for path, want := range map[string]string{
		"/traces?from=5000000000":                                          "At other times: /traces 4 spans, from 00:00:01.000 to 00:00:02.000",
		"/traces?from=5000000000&query=@subject:art&columns=spans":         "At other times: /traces?columns=spans&query=%40subject%3Aart 1 span, from 00:00:02.000 to 00:00:02.000",
		"/traces?env=test&query=@subject:war":                              "In other environments: /traces?query=%40subject%3Awar 1 span, from 00:00:01.000 to 00:00:01.000",
		"/traces?env=prod&range=15m":                                       "At other times: /traces?env=prod 1 span, from 00:00:01.000 to 00:00:01.000",
		"/traces?env=test&range=15m":                                       "At other times in other environments: /traces 4 spans, from 00:00:01.000 to 00:00:02.000",
		"/traces?env=prod&from=2000000000&to=3000000000&query=service:api": "In other environments: /traces?from=2000000000&query=service%3Aapi&to=3000000000 1 span, from 00:00:02.000 to 00:00:02.000",
	} {
		body := html.UnescapeString(get(w, path).Body.String())
		var got []string
		for _, item := range regexp.MustCompile(`<li>([^<>]*): <a href="([^"]*)">([^<]*)</a>, from .*?</span>([\d:.]+).*? to .*?</span>([\d:.]+)`).FindAllStringSubmatch(body, -1) {
			got = append(got, fmt.Sprintf("%s: %s %s, from %s to %s", item[1], item[2], item[3], item[4], item[5]))
		}
		if strings.Join(got, "; ") != want || !strings.Contains(body, "<h2>No traces in this ") {
			t.Errorf("%s: got %q", path, got)
		}
	}
}

func TestASearchStaysWhileItGoesOn(t *testing.T) {
	var list []apm.Trace
	for id := range uint64(120) {
		list = append(list, apm.NewTrace(id+1, []apm.Span{{TraceID: id + 1, SpanID: 1, Service: []string{"a b", "other"}[id%2]}}))
	}
	w, _ := newTest(list...)
	path := `/traces?query=service:"a+b"&scope=root`
	seen := 0
	for pages := 1; path != ""; pages++ {
		body := html.UnescapeString(get(w, path).Body.String())
		seen += len(listed(t, body))
		const newest = `/traces?query=service%3A%22a+b%22&scope=root`
		if !strings.Contains(body, `data-newest="`+newest+`"`) || (pages > 1) != strings.Contains(body, `<a href="`+newest+`">Back to the newest`) {
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
