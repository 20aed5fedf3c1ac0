package explorer_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/internal/webtest"
)

// panelOf returns a line for each attribute in the panel of facets.
func panelOf(body string) string {
	tags := regexp.MustCompile(`<[^>]*>`)
	facet := regexp.MustCompile(`(?s)<summary><bdi>(.*?)</summary>(.*?)</details>`)
	value := regexp.MustCompile(`(?s)<li( class="\w+")?>(.*?)</li>`)
	signs := map[string]string{` class="chosen"`: "✓", ` class="excluded"`: "✗"}
	var lines []string
	for _, facet := range facet.FindAllStringSubmatch(body, -1) {
		line := tags.ReplaceAllString(facet[1], "") + ":"
		for _, value := range value.FindAllStringSubmatch(facet[2], -1) {
			text := tags.ReplaceAllString(strings.ReplaceAll(value[2], `<span class="num">`, "="), "")
			line += " " + signs[value[1]] + strings.TrimSpace(text)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func TestFacets_Counts(t *testing.T) {
	s := webtest.New(t, two()...)
	for parameters, want := range map[string]string{
		"": "service: api−=2 thinker−=2; resource_name: GET /think/−=2 think−=2; status: ok−=3 error−=1",
		"query=service:thinker": "service: ✓thinker=2; resource_name: think−=2; " +
			"status: error−=1 ok−=1",
		"query=service:thinker&from=2000000000": "service: ✓thinker=1; resource_name: think−=1; status: ok−=1",
		"query=-service:thinker": "service: api−=2 ✗not thinker; " +
			"resource_name: GET /think/−=2; status: ok−=2",
		"query=service:th*": "service: thinker−=2 ✓th*; resource_name: think−=2; " +
			"status: error−=1 ok−=1",
		"query=service:nobody": "service: ✓nobody",
		"scope=root":           "service: api−=2; resource_name: GET /think/−=2; status: ok−=2",
		"facet=@subject&query=@subject:war": "@subject: ✓war=1; service: thinker−=1; resource_name: think−=1; " +
			"status: error−=1",
		"facet=@nothing&query=service:api+status:ok": "@nothing: None of these spans has this attribute; " +
			"service: ✓api=2; resource_name: GET /think/−=2; status: ✓ok=2",
	} {
		if got := panelOf(show(s, "/traces?"+parameters)); got != want {
			t.Errorf("%s: got %s", parameters, got)
		}
	}
}

// TestFacets_Links follows the links: each finds as many spans as it announces, and stands
// as chosen then, with a link that removes it from the query.
func TestFacets_Links(t *testing.T) {
	const odd = "a \"b\" (c) \\ AND * -d:[1 TO 2]"
	spans := []apm.Span{}
	for i, resource := range []string{odd, odd, "SELECT *\n  FROM t\r\nWHERE x", "-", "@x", "OR", "?", ""} {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 1), Service: "s", Resource: resource, Start: 1,
			Meta: map[string]string{"env": "e", "odd tag": resource}})
	}
	s := webtest.New(t, apm.NewTrace(1, spans))
	follow := func(link string) (body, found string) {
		body = s.Get(html.UnescapeString(link)).Body.String()
		if match := regexp.MustCompile(`data-summary="([\d,]+) spans? found`).FindStringSubmatch(body); match != nil {
			found = match[1]
		}
		return body, found
	}
	links := regexp.MustCompile(`(?s)<li><a class="value" href="([^"]*)"[^>]*>.*?<a class="not" href="([^"]*)"` +
		`.*?<span class="num">(\d+)</span>`)
	back := regexp.MustCompile(`<li class="chosen"><a class="value" href="([^"]*)"`)
	for _, path := range []string{"/traces?facet=" + url.QueryEscape(`@odd\ tag`),
		"/traces?query=" + url.QueryEscape("env:e OR service:t") + "&facet=resource_name"} {
		all := links.FindAllStringSubmatch(s.Get(path).Body.String(), -1)
		if len(all) < 9 {
			t.Fatalf("%d links in %s", len(all), path)
		}
		for _, link := range all {
			followed, found := follow(link[1])
			if found != link[3] {
				t.Errorf("%s announces %s spans and finds %s", link[1], link[3], found)
			}
			if _, rest := follow(link[2]); (rest == "") != (found == fmt.Sprint(len(spans))) {
				t.Errorf("%s finds %q spans, without %s", link[2], rest, link[3])
			}
			chosen := back.FindStringSubmatch(followed)
			if chosen == nil {
				t.Errorf("%s is not shown as chosen", link[1])
			} else if _, found = follow(chosen[1]); found != fmt.Sprint(len(spans)) {
				t.Errorf("%s finds %s spans", chosen[1], found)
			}
		}
	}
}

func TestFacets_Names(t *testing.T) {
	s := webtest.New(t, two()...)
	follow := func(path, link string) string {
		match := regexp.MustCompile(link).FindStringSubmatch(show(s, path))
		if match == nil {
			t.Fatalf("%s lacks %s", path, link)
		}
		return match[1]
	}
	names := follow("/traces?scope=service-entry", `<a href="([^"]*)">More facets`)
	added := follow(names, `href="([^"]*)" title="@subject"`)
	if panel := panelOf(show(s, added)); !strings.HasPrefix(panel, "@subject: art−=1 war−=1;") {
		t.Errorf("got %s", panel)
	}
	if rec := s.Get("/traces?facet=subject"); rec.Code != http.StatusBadRequest {
		t.Errorf("an attribute without @: %d", rec.Code)
	}
}

// TestFacets_LongValue has a value that no query can hold.
func TestFacets_LongValue(t *testing.T) {
	long := strings.Repeat("x", page.MaxQueryLength)
	body := show(webtest.New(t, apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Resource: long}})), "/traces")
	webtest.Contains(t, "the panel", body, `<span class="value"><bdi>xxx`)
	if strings.Contains(body, long) {
		t.Error("the value is a link")
	}
}
