package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSubjects(t *testing.T) {
	many := func(n int) string {
		var query []string
		for i := range n {
			query = append(query, fmt.Sprintf("subject=s%d", i))
		}
		return strings.Join(query, "&")
	}
	for query, want := range map[string]string{
		"subject=war":                          "war",
		"subject=work&subject=war&other=x":     "work war",
		"subject=war&subject=work&subject=war": "war work",
		"subject=" + strings.Repeat("é", 64):   strings.Repeat("é", 64),
		many(16):                               strings.ReplaceAll(strings.ReplaceAll(many(16), "subject=", ""), "&", " "),
		"":                                     "400 a request needs 1 to 16 subjects",
		many(17):                               "400 a request needs 1 to 16 subjects",
		"subject=":                             "400 a subject has 1 to 64 characters",
		"subject=war&subject=":                 "400 a subject has 1 to 64 characters",
		"subject=" + strings.Repeat("x", 65):   "400 a subject has 1 to 64 characters",
		"subject=%ff":                          "400 a subject has 1 to 64 characters",
		"subject=%zz":                          "400 invalid URL escape",
		"subject=war;subject=work":             "400 invalid semicolon",
		strings.Repeat("subject=war&", 20) + "&&&": "war",
	} {
		r := httptest.NewRequest("GET", "/think/", nil)
		r.URL.RawQuery = query
		subjects, err := Subjects(r)
		got := strings.Join(subjects, " ")
		if err != nil {
			got = fmt.Sprintf("%d %v", err.(*Error).Status, err)
			for _, must := range []string{"/think/?subject=war", "religion, technology, war, work, music and mankind"} {
				if !strings.Contains(got, must) {
					t.Errorf("%q: %q does not show %q", query, got, must)
				}
			}
			got = got[:min(len(want), len(got))]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestRespond(t *testing.T) {
	for _, c := range []struct {
		v      any
		err    error
		status int
		body   string
	}{
		{map[string]int{"n": 1}, nil, 200, `{"n":1}`},
		{nil, fail(400, "no"), 400, `{"error":"no"}`},
		{nil, fmt.Errorf("wrapped: %w", fail(502, "no")), 502, `{"error":"no"}`},
		{nil, fmt.Errorf("wrapped: %w", context.Canceled), 499, `{"error":"the request was cancelled"}`},
		{nil, errors.New("a secret"), 500, `{"error":"internal error; the service's log has the details"}`},
	} {
		w := httptest.NewRecorder()
		if status := Respond(w, c.v, c.err); status != c.status || w.Code != c.status {
			t.Errorf("%v: status %d, written %d, want %d", c.err, status, w.Code, c.status)
		}
		if body := strings.TrimSpace(w.Body.String()); body != c.body || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%v: body %s, want %s as JSON", c.err, body, c.body)
		}
	}
}

func TestFetch(t *testing.T) {
	release := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			fmt.Fprint(w, `{"war": {}}`)
		case "/nonsense":
			fmt.Fprint(w, `<html>`)
		case "/null":
			fmt.Fprint(w, `null`)
		case "/array":
			fmt.Fprint(w, `[]`)
		case "/huge":
			fmt.Fprintf(w, `{"x": %q}`, strings.Repeat("x", 2<<20))
		case "/broken":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"war`)
		case "/busy":
			http.Error(w, "too busy", http.StatusServiceUnavailable)
		case "/slow":
			<-release
		case "/slow-body":
			w.(http.Flusher).Flush()
			<-release
		}
	}))
	defer server.Close()
	defer close(release)
	here := strings.TrimPrefix(server.URL, "http://")

	for path, want := range map[string]string{
		"/good":      `{"war": {}}`,
		"/nonsense":  "502 " + here + " didn't respond with a JSON object",
		"/null":      "502 " + here + " didn't respond with a JSON object",
		"/array":     "502 " + here + " didn't respond with a JSON object",
		"/huge":      "502 " + here + " didn't respond with a JSON object",
		"/broken":    "502 " + here + " didn't respond: unexpected EOF",
		"/busy":      "502 " + here + " responded 503 Service Unavailable: too busy",
		"/slow":      "504 " + here + " didn't respond within 100ms",
		"/slow-body": "504 " + here + " didn't respond within 100ms",
	} {
		client := &http.Client{}
		if strings.HasPrefix(path, "/slow") {
			client.Timeout = 100 * time.Millisecond
		}
		if got := fetched(t, t.Context(), client, server.URL+path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}

	down := httptest.NewServer(nil)
	down.Close()
	if got, want := fetched(t, t.Context(), http.DefaultClient, down.URL), "502 "+strings.TrimPrefix(down.URL, "http://")+" didn't respond: "; !strings.HasPrefix(got, want) || !strings.Contains(got, "refused") {
		t.Errorf("service down: %s, want %s… refused", got, want)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if got, want := fetched(t, gone, http.DefaultClient, server.URL+"/slow"), "context canceled"; got != want {
		t.Errorf("caller gone: %s, want %s", got, want)
	}
}

func fetched(t *testing.T, ctx context.Context, client *http.Client, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := Fetch(client, req)
	if known, ok := errors.AsType[*Error](err); ok {
		return fmt.Sprintf("%d %s", known.Status, strings.TrimSpace(known.Message))
	} else if err != nil {
		return err.Error()
	}
	return string(body)
}

func FuzzSubjects(f *testing.F) {
	f.Add("subject=war&subject=%ff&;=&subject")
	f.Fuzz(func(t *testing.T, query string) {
		subjects, err := Subjects(&http.Request{URL: &url.URL{Path: "/", RawQuery: query}})
		if (err == nil) != (len(subjects) >= 1 && len(subjects) <= 16) {
			t.Errorf("%q: %q, %v", query, subjects, err)
		}
		if slices.Contains(subjects, "") {
			t.Errorf("%q: an empty subject", query)
		}
	})
}
