package pages

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/tracegen"
)

// TestPages_Links follows the links of all pages, and of some hundred pages behind them. No
// link may be broken.
func TestPages_Links(t *testing.T) {
	t.Parallel()
	const most = 300
	s := serve(t, tracegen.Traces(1, 200, time.Now()))
	type link struct{ from, to string }
	var waiting []link
	known := map[string]bool{}
	add := func(from string, links []string) {
		for _, to := range links {
			if !known[to] {
				known[to] = true
				waiting = append(waiting, link{from, to})
			}
		}
	}
	for _, target := range s.targets() {
		_, body := s.get(t, target.path)
		add(target.path, s.links(t, target.path, body))
	}
	followed := 0
	for ; followed < most && len(waiting) > 0; followed++ {
		next := waiting[0]
		waiting = waiting[1:]
		status, body := s.get(t, next.to)
		if status >= http.StatusBadRequest && !refusedToo(next.from, next.to) && !yetToBeMade(next.from, next.to) {
			t.Errorf("%s links to %s, which answers %d", next.from, next.to, status)
		}
		add(next.to, s.links(t, next.to, body))
	}
	if followed < 100 {
		t.Errorf("the pages have %d links", followed)
	}
}

// refusedToo reports whether a link keeps an invalid query, so that the reader can correct it.
func refusedToo(from, to string) bool {
	query := func(path string) string {
		_, after, _ := strings.Cut(path, "?")
		values, _ := url.ParseQuery(after) // what cannot be read has none
		return values.Get("query")
	}
	return query(from) == wrongQuery && query(to) == wrongQuery
}

// yetToBeMade reports whether a link leads from a lesson to a trace that the reader hasn't
// produced yet.
func yetToBeMade(from, to string) bool {
	return strings.HasPrefix(from, "/workshop") && strings.HasPrefix(to, "/trace/")
}

// get returns the response for a path, without the body if it isn't a page.
func (s *site) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(s.origin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		return answer.StatusCode, ""
	}
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(read)
}

var reference = regexp.MustCompile(`\s(?:href|src|action)="([^"]*)"`)

// links returns the paths of a page's links within the site.
func (s *site) links(t *testing.T, path, body string) (to []string) {
	t.Helper()
	base, err := url.Parse(s.origin + path)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range reference.FindAllStringSubmatch(body, -1) {
		address, err := base.Parse(html.UnescapeString(found[1]))
		if err != nil {
			t.Errorf("%s links to %q: %v", path, found[1], err)
			continue
		}
		if address.Scheme+"://"+address.Host == s.origin {
			to = append(to, address.RequestURI())
		}
	}
	return to
}
