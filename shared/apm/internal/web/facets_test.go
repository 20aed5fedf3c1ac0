package web

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
)

// panelOf is what a page's panel of facets says: a line for each attribute.
func panelOf(body string) (lines []string) {
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, facet := range regexp.MustCompile(`(?s)<summary><bdi>(.*?)</summary>(.*?)</details>`).FindAllStringSubmatch(body, -1) {
		line := tags.ReplaceAllString(facet[1], "") + ":"
		for _, value := range regexp.MustCompile(`(?s)<li( class="\w+")?>(.*?)</li>`).FindAllStringSubmatch(facet[2], -1) {
			sign := map[string]string{` class="chosen"`: "✓", ` class="excluded"`: "✗"}[value[1]]
			line += " " + sign + strings.TrimSpace(tags.ReplaceAllString(strings.ReplaceAll(value[2], `<span class="num">`, "="), ""))
		}
		lines = append(lines, html.UnescapeString(line))
	}
	return lines
}

func TestThePanelCountsTheSpansFound(t *testing.T) {
	w, _ := newTest(two()...)
	for path, want := range map[string]string{
		"/traces":                       "service: api−=2 thinker−=2; resource_name: GET /think/−=2 think−=2; status: ok−=3 error−=1",
		"/traces?query=service:thinker": "service: ✓thinker=2; resource_name: think−=2; status: error−=1 ok−=1",
		"/traces?query=service:thinker&from=2000000000":      "service: ✓thinker=1; resource_name: think−=1; status: ok−=1",
		"/traces?query=-service:thinker":                     "service: api−=2 ✗not thinker; resource_name: GET /think/−=2; status: ok−=2",
		"/traces?query=service:th*":                          "service: thinker−=2 ✓th*; resource_name: think−=2; status: error−=1 ok−=1",
		"/traces?query=service:nobody":                       "service: ✓nobody",
		"/traces?scope=root":                                 "service: api−=2; resource_name: GET /think/−=2; status: ok−=2",
		"/traces?facet=@subject&query=@subject:war":          "@subject: ✓war=1; service: thinker−=1; resource_name: think−=1; status: error−=1",
		"/traces?facet=@nothing&query=service:api+status:ok": "@nothing: None of these spans has this attribute; service: ✓api=2; resource_name: GET /think/−=2; status: ✓ok=2",
	} {
		body := get(w, path).Body.String()
		if got := strings.Join(panelOf(body), "; "); got != want {
			t.Errorf("%s: got %s", path, got)
		}
	}
}

// The links of a panel do what they say: whoever follows one finds as many spans as
// it announced.
func TestFacetsLeadToWhatTheyCount(t *testing.T) {
	const odd = "a \"b\" (c) \\ AND * -d:[1 TO 2]"
	spans := []apm.Span{}
	for i, resource := range []string{odd, odd, "SELECT *\n  FROM t\r\nWHERE x", "-", "@x", "OR", "?", ""} {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 1), Service: "s", Resource: resource, Start: 1, Meta: map[string]string{"env": "e", "odd tag": resource}})
	}
	w, _ := newTest(apm.NewTrace(1, spans))
	found := regexp.MustCompile(`data-summary="([\d,]+) spans? found`)
	link := regexp.MustCompile(`(?s)<li><a class="value" href="([^"]*)"[^>]*>.*?<a class="not" href="([^"]*)".*?<span class="num">(\d+)</span>`)
	for _, path := range []string{"/traces?facet=" + url.QueryEscape(`@odd\ tag`), "/traces?query=" + url.QueryEscape("env:e OR service:t") + "&facet=resource_name"} {
		body := get(w, path).Body.String()
		links := link.FindAllStringSubmatch(body, -1)
		if len(links) < 9 {
			t.Fatalf("%d links in %q", len(links), panelOf(body))
		}
		for _, match := range links {
			followed := get(w, html.UnescapeString(match[1]))
			if got := found.FindStringSubmatch(followed.Body.String()); got == nil || got[1] != match[3] {
				t.Errorf("%s announces %s spans and finds %v", match[1], match[3], got)
			}
			var rest string
			if got := found.FindStringSubmatch(get(w, html.UnescapeString(match[2])).Body.String()); got != nil {
				rest = got[1]
			}
			if want := fmt.Sprint(len(spans)); match[3] != want && rest == "" || match[3] == want && rest != "" {
				t.Errorf("%s finds %q spans, of which %s are left out", match[2], rest, match[3])
			}
			// It stands as chosen then, and its link takes it out again.
			back := regexp.MustCompile(`<li class="chosen"><a class="value" href="([^"]*)"`).FindStringSubmatch(followed.Body.String())
			if back == nil {
				t.Errorf("%s is not shown as chosen", match[1])
				continue
			}
			if got := get(w, html.UnescapeString(back[1])).Body.String(); !strings.Contains(got, fmt.Sprintf(`data-summary="%d spans found`, len(spans))) {
				t.Errorf("%s does not take it out again", back[1])
			}
		}
	}
}

func TestFurtherFacetsAreNamedOnRequest(t *testing.T) {
	w, _ := newTest(two()...)
	more := regexp.MustCompile(`<a href="([^"]*)">More facets`).FindStringSubmatch(get(w, "/traces?scope=service-entry").Body.String())
	if more == nil {
		t.Fatal("no link to more facets")
	}
	names := get(w, html.UnescapeString(more[1])).Body.String()
	name := regexp.MustCompile(`href="([^"]*)" title="@subject"`).FindStringSubmatch(names)
	if name == nil {
		t.Fatal("@subject is not named")
	}
	panel := panelOf(get(w, html.UnescapeString(name[1])).Body.String())
	if len(panel) == 0 || panel[0] != "@subject: art−=1 war−=1" {
		t.Errorf("got %q", panel)
	}
	if rec := get(w, "/traces?facet=subject"); rec.Code != http.StatusBadRequest {
		t.Errorf("an attribute without its @: %d", rec.Code)
	}
}

func TestALongValueIsNoLink(t *testing.T) {
	w, _ := newTest(apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Resource: strings.Repeat("x", page.MaxQueryLength)}}))
	body := get(w, "/traces").Body.String()
	if !strings.Contains(body, `<span class="value"><bdi>xxx`) || strings.Contains(body, strings.Repeat("x", page.MaxQueryLength)) {
		t.Error("a value that no query can hold is a link")
	}
}
