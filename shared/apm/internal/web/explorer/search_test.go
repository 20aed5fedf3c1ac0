package explorer_test

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

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/webtest"
)

func TestSearch_PageAndAPI(t *testing.T) {
	s := webtest.New(t, two()...)
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
			rec := s.Get(path + search)
			if got := listed(rec.Body.String()); rec.Code != http.StatusOK || got != want {
				t.Errorf("%s%s: %d, traces %q, want %q", path, search, rec.Code, got, want)
			}
		}
	}
}

func TestSearch_TimeRange(t *testing.T) {
	s := webtest.New(t, two()...)
	next := *webtest.Decode[api.Traces](t, s, "/api/traces?limit=1").Next
	for search, want := range map[string]string{
		"from=2000000000":           "2",
		"to=2000000000":             "1",
		"from=1000000001&to=1":      "",
		"from=1970-01-01T00:00:02Z": "2",
		"to=1970-01-01T00:00:01.5%2B00:00&query=@subject:war": "1",
		"to=9999-12-31T23:59:59Z":                             "2 1",
		"limit=1":                                             "2",
		"limit=1&cursor=" + next:                              "1",
	} {
		rec := s.Get("/api/traces?" + search)
		if got := listed(rec.Body.String()); rec.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d, traces %q, want %q", search, rec.Code, got, want)
		}
	}
	for _, search := range []string{"from=yesterday", "to=1.5", "scope=some"} {
		rec := s.Get("/api/traces?" + search)
		_, value, _ := strings.Cut(search, "=")
		if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), value) {
			t.Errorf("%s: %d %s", search, rec.Code, rec.Body)
		}
	}
}

func TestSearch_SyntaxError(t *testing.T) {
	s := webtest.New(t, two()...)
	rec := s.Get("/api/traces?query=" + url.QueryEscape("ä service:"))
	var problem api.Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &problem); err != nil {
		t.Fatal(err)
	}
	const expected = `a value right after "service:"`
	if rec.Code != 400 || rec.Header().Get("Content-Type") != "application/problem+json" || problem.Status != 400 ||
		problem.Offset == nil || *problem.Offset != 10 || problem.Expected != expected ||
		problem.Detail != "Syntax error at the end of the query: expected "+expected+"." {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if body := s.Get("/api/traces?limit=0").Body.String(); strings.Contains(body, "offset") {
		t.Errorf("a problem without a query has an offset: %s", body)
	}
	if body := s.Get("/api/traces?query=AND").Body.String(); !strings.Contains(body, `"offset":0`) {
		t.Errorf("offset 0 is left out: %s", body)
	}
}

func TestSearch_LongQuery(t *testing.T) {
	s := webtest.New(t, two()...)
	for _, path := range []string{"/traces?query=", "/api/traces?query="} {
		for bytes, want := range map[int]int{4096: 200, 4097: 400} {
			if rec := s.Get(path + strings.Repeat("a", bytes)); rec.Code != want {
				t.Errorf("%s with %d bytes: %d", path, bytes, rec.Code)
			}
		}
	}
}

func TestTraces_WrongQuery(t *testing.T) {
	s := webtest.New(t, two()...)
	rec := s.Get("/traces?scope=root&query=" + url.QueryEscape(`a "<b> @n:>x`))
	webtest.Contains(t, "the page", html.UnescapeString(rec.Body.String()), `value="a "<b> @n:>x"`,
		"a \"<b> @n:>x\n            ^</pre>", `<option value="root" selected>`)
	if rec.Code != http.StatusBadRequest || strings.Contains(rec.Body.String(), "<b>") || listed(rec.Body.String()) != "" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestTraces_WrongTime(t *testing.T) {
	s := webtest.New(t, two()...)
	for time, says := range map[string]string{
		"from=3&to=2": "ends before it starts", "from=yesterday": "yesterday", "range=1y": "15m, 1h, 4h or all",
	} {
		rec := s.Get("/traces?query=@subject:war&scope=root&" + time)
		webtest.Contains(t, time, rec.Body.String(), says, `value="@subject:war"`,
			`<option value="root" selected>`, `class="menu"`)
		if rec.Code != http.StatusBadRequest || listed(rec.Body.String()) != "" {
			t.Errorf("%s: %d", time, rec.Code)
		}
	}
}

func TestTraces_Unmatched(t *testing.T) {
	s := webtest.New(t, two()...)
	body := show(s, "/traces?scope=service-entry&query="+url.QueryEscape("@subject:war status:ok @subject:peace"))
	webtest.Contains(t, "the page", body, "None has a matching span among its Service Entry spans.",
		`<a href="/traces">Clear the search</a>`,
		`href="/traces?query=%40subject%3Awar+status%3Aok+%40subject%3Apeace">Search all spans`)
	// What each term finds alone, a link to the other terms, and what they find.
	row := regexp.MustCompile(`<bdi>([^<]*)</bdi></code></td><td class="num">([^<]*)</td>` +
		`<td class="num"><a href="([^"]*)">([^<]*)<`)
	var rows []string
	for _, match := range row.FindAllStringSubmatch(body, -1) {
		rows = append(rows, strings.Join(match[1:], " "))
	}
	want := []string{
		"@subject:war 1 span /traces?query=status%3Aok+%40subject%3Apeace&scope=service-entry none",
		"status:ok 3 spans /traces?query=%40subject%3Awar+%40subject%3Apeace&scope=service-entry none",
		"@subject:peace none /traces?query=%40subject%3Awar+status%3Aok&scope=service-entry none",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("got %q", rows)
	}
	bare := show(s, "/traces?env=nowhere&query=@subject:peace+status:ok")
	webtest.Contains(t, "an empty environment", bare, "There are no spans at all in this environment.")
	if strings.Contains(bare, "Matches by itself") {
		t.Error("the page blames the query, but the environment has no spans")
	}
	webtest.Contains(t, "an empty store", show(webtest.New(t), "/traces?query=x"), "No traces yet")
}

func TestTraces_Elsewhere(t *testing.T) {
	list := two()
	list[0].Spans[1].Meta["env"] = "prod"
	s := webtest.New(t, list...)
	item := regexp.MustCompile(`<li>([^<>]*): <a href="([^"]*)">([^<]*)</a>, from ` +
		`.*?</span>([\d:.]+).*? to .*?</span>([\d:.]+)`)
	for path, want := range map[string]string{
		"/traces?from=5000000000": "At other times: /traces 4 spans, from 00:00:01.000 to 00:00:02.000",
		"/traces?from=5000000000&query=@subject:art&columns=spans": "At other times: " +
			"/traces?columns=spans&query=%40subject%3Aart 1 span, from 00:00:02.000 to 00:00:02.000",
		"/traces?env=test&query=@subject:war": "In other environments: " +
			"/traces?query=%40subject%3Awar 1 span, from 00:00:01.000 to 00:00:01.000",
		"/traces?env=prod&range=15m": "At other times: /traces?env=prod 1 span, from 00:00:01.000 to 00:00:01.000",
		"/traces?env=test&range=15m": "At other times in other environments: " +
			"/traces 4 spans, from 00:00:01.000 to 00:00:02.000",
		"/traces?env=prod&from=2000000000&to=3000000000&query=service:api": "In other environments: " +
			"/traces?from=2000000000&query=service%3Aapi&to=3000000000 1 span, from 00:00:02.000 to 00:00:02.000",
	} {
		body := show(s, path)
		var got []string
		for _, match := range item.FindAllStringSubmatch(body, -1) {
			got = append(got, fmt.Sprintf("%s: %s %s, from %s to %s", match[1], match[2], match[3], match[4], match[5]))
		}
		webtest.Contains(t, path, body, "<h2>No traces in this ")
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %q", path, got)
		}
	}
}
