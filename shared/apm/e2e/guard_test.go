package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"thinker/shared/apm/fetch"
	"thinker/shared/apm/internal/process"
)

// TestGuard_RefusalsRevealNothing checks that a page of another site, or one with a name
// that points here, gets the same response before traces are stored and after, for a
// query that matches and for an invalid one.
func TestGuard_RefusalsRevealNothing(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	pages := []string{
		"/traces?query=service%3Ashop", "/traces?query=service%3Anobody", "/traces?query=service%3A(",
		"/trace/1", "/", "/static/page.mjs", "/nowhere",
	}
	api := []string{
		"/api/traces?query=service%3Ashop", "/api/traces?query=service%3A(", "/api/traces/1",
		"/api/events?trace=x", "/api/nowhere",
	}
	kinds := map[string]struct {
		method string
		status int
		header []string
	}{
		"cross-site": {"GET", 403, []string{"Host", "localhost", "Sec-Fetch-Site", "cross-site"}},
		"same-site": {"GET", 403,
			[]string{"Host", "localhost", "Sec-Fetch-Site", "same-site", "Sec-Fetch-Dest", "empty"}},
		"unknown site": {"GET", 403, []string{"Host", "localhost", "Sec-Fetch-Site", "galaxy"}},
		"cross-site frame": {"GET", 403,
			[]string{"Host", "localhost", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Mode",
				"navigate"}},
		"cross-site form": {"DELETE", 403,
			[]string{"Host", "localhost", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}},
		"old browser": {"DELETE", 403, []string{"Host", "localhost", "Origin", "https://evil.example"}},
		"other host":  {"GET", 403, []string{"Host", "evil.example", "Sec-Fetch-Site", "same-origin"}},
		"typed other host": {"GET", 403,
			[]string{"Host", "evil.example", "Sec-Fetch-Site", "none", "Sec-Fetch-Dest", "document"}},
		"cross-site link": {"GET", 200,
			[]string{"Host", "localhost", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document",
				"Sec-Fetch-Mode", "navigate"}},
	}
	expected := map[string]fetch.Response{} // of the first request in each group
	for _, stored := range []bool{false, true} {
		if stored {
			store(t, a, 1)
		}
		for name, kind := range kinds {
			for i, paths := range [][]string{pages, api} {
				for _, path := range paths {
					response := a.Request(kind.method, path, nil, kind.header...)
					response.Header.Del("Date")
					group := fmt.Sprint(name, i)
					want, known := expected[group]
					if !known {
						expected[group], want = response, response
					}
					same := bytes.Equal(response.Body, want.Body) &&
						fmt.Sprint(response.Header) == fmt.Sprint(want.Header)
					if response.Status != kind.status || !same {
						t.Errorf("stored %v, %s, %s: status %d, want %d; %v %s\nanother path gets %v %s", stored, name,
							path,
							response.Status, kind.status, response.Header, response.Body, want.Header, want.Body)
					}
				}
			}
		}
	}
	wantTraces(t, a, 1, 1)
}

// TestGuard_FromAContainer starts apm as the README does for a service in a container.
// apm accepts spans under any host name, but serves pages and the API only under allowed
// ones.
func TestGuard_FromAContainer(t *testing.T) {
	t.Parallel()
	a := process.Start(t, "--addr", "0.0.0.0:0", "--allow-host", "host.docker.internal")
	for host, want := range map[string]int{
		"host.docker.internal:8126": http.StatusOK, "another.internal:8126": http.StatusForbidden,
	} {
		body := strings.NewReader(oneSpan(1, ""))
		sent := a.Request(http.MethodPost, "/v0.4/traces", body, "Host", host, "Content-Type", "application/json")
		if sent.Status != http.StatusOK {
			t.Errorf("sending to %s: status %d: %s", host, sent.Status, sent.Body)
		}
		for _, path := range []string{"/api/traces/1", "/traces"} {
			if response := a.Request(http.MethodGet, path, nil, "Host", host); response.Status != want {
				t.Errorf("%s for %s: status %d, want %d: %s", path, host, response.Status, want, response.Body)
			}
		}
	}
}
