package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"thinker/shared/apm/internal/process"
)

// TestGuard_RefusalsSayNothingAboutTraces holds that another site's page, or one
// whose name was made to point here, gets the same response before traces are
// stored and after, for a query that matches and for one with an error.
func TestGuard_RefusalsSayNothingAboutTraces(t *testing.T) {
	a := process.Start(t)
	paths := []string{"/traces?query=service%3Ashop", "/traces?query=service%3Anobody", "/traces?query=service%3A(", "/trace/1", "/", "/static/page.mjs", "/nowhere"}
	apiPaths := []string{"/api/traces?query=service%3Ashop", "/api/traces?query=service%3A(", "/api/traces/1", "/api/events?trace=x", "/api/nowhere"}
	kinds := map[string]struct {
		method, host string
		headers      map[string]string
		status       int
	}{
		"cross-site":          {"GET", "localhost", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"same-site":           {"GET", "localhost", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "empty"}, 403},
		"unknown site":        {"GET", "localhost", map[string]string{"Sec-Fetch-Site": "galaxy"}, 403},
		"cross-site frame":    {"GET", "localhost", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}, 403},
		"cross-site form":     {"DELETE", "localhost", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, 403},
		"old browser":         {"DELETE", "localhost", map[string]string{"Origin": "https://evil.example"}, 403},
		"other host":          {"GET", "evil.example", map[string]string{"Sec-Fetch-Site": "same-origin"}, 403},
		"other host, by hand": {"GET", "evil.example", map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}, 403},
		"cross-site link":     {"GET", "localhost", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}, 200},
	}
	all := func(stored string, responses map[string]process.Response) {
		for name, kind := range kinds {
			for i, group := range [][]string{paths, apiPaths} {
				for _, path := range group {
					request, err := http.NewRequest(kind.method, a.URL+path, nil)
					if err != nil {
						t.Fatal(err)
					}
					request.Host = kind.host
					for header, value := range kind.headers {
						request.Header.Set(header, value)
					}
					response := a.Do(request)
					response.Header.Del("Date")
					group := fmt.Sprint(name, i)
					first, known := responses[group]
					if !known {
						responses[group] = response
						first = response
					}
					if response.Status != kind.status || !bytes.Equal(response.Body, first.Body) || fmt.Sprint(response.Header) != fmt.Sprint(first.Header) {
						t.Errorf("%s, %s, %s: status %d, want %d; %v %s\nwhere another gets %v %s", stored, name, path, response.Status, kind.status, response.Header, response.Body, first.Header, first.Body)
					}
				}
			}
		}
	}
	responses := map[string]process.Response{}
	all("no trace", responses)
	const span = `[[{"trace_id":1,"span_id":1,"service":"shop","name":"checkout","start":1700000000000000000,"duration":1}]]`
	if response := a.Post("/v0.4/traces", "application/json", strings.NewReader(span)); response.Status != http.StatusOK {
		t.Fatalf("status %d: %s", response.Status, response.Body)
	}
	all("one trace", responses)
	if response := a.Get("/api/traces/1"); response.Status != http.StatusOK {
		t.Errorf("the trace: status %d: %s", response.Status, response.Body)
	}
}

// TestGuard_OwnPagesAndProgramsMayRead is the other side of it.
func TestGuard_OwnPagesAndProgramsMayRead(t *testing.T) {
	a := process.Start(t)
	for _, site := range []string{"", "same-origin", "none"} {
		for _, path := range []string{"/traces", "/api/traces", "/static/page.mjs", "/healthz"} {
			request, err := http.NewRequest(http.MethodGet, a.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if site != "" {
				request.Header.Set("Sec-Fetch-Site", site)
			}
			if response := a.Do(request); response.Status != http.StatusOK || strings.Contains(string(response.Body), "Opening the page") {
				t.Errorf("Sec-Fetch-Site: %q: %s: status %d", site, path, response.Status)
			}
		}
	}
}

// TestGuard_FromAContainer starts apm as the README does for a service in a container.
// Spans are accepted under any host name, the pages and the API under an allowed one.
func TestGuard_FromAContainer(t *testing.T) {
	a := process.Start(t, "--addr", "0.0.0.0:0", "--allow-host", "host.docker.internal")
	for _, host := range []string{"host.docker.internal:8126", "another.internal:8126"} {
		want := http.StatusOK
		if host == "another.internal:8126" {
			want = http.StatusForbidden
		}
		const span = `[[{"trace_id":1,"span_id":1,"service":"shop","name":"checkout","start":1700000000000000000,"duration":1}]]`
		for _, c := range []struct {
			method, path, body string
			status             int
		}{
			{http.MethodPost, "/v0.4/traces", span, http.StatusOK},
			{http.MethodGet, "/api/traces/1", "", want},
			{http.MethodGet, "/traces", "", want},
		} {
			request, err := http.NewRequest(c.method, a.URL+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			request.Header.Set("Content-Type", "application/json")
			if response := a.Do(request); response.Status != c.status {
				t.Errorf("%s %s for %s: status %d, want %d: %s", c.method, c.path, host, response.Status, c.status, response.Body)
			}
		}
	}
}
