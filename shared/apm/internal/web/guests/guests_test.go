package guests_test

import (
	"bufio"
	"context"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/webtest"
)

// notebook is a guest that shows what it is sent.
func notebook(news chan struct{}) guest.Guest {
	return guest.Guest{
		Path: "/notebook",
		Name: "Notebook",
		Files: fstest.MapFS{
			"page.mjs":  {Data: []byte(`import { onChange } from "../live.mjs";` + "\n")},
			"style.css": {Data: []byte(".notebook { color: inherit }")},
		},
		Serve: func(r *http.Request) (guest.Page, error) {
			switch {
			case r.Method == http.MethodPost:
				return guest.Page{Instead: "/notebook/2#there"}, r.ParseForm()
			case r.URL.Path == "/notebook/9":
				return guest.Page{}, guest.Refuse(http.StatusNotFound, "There are 8 leaves.")
			case r.URL.Path == "/notebook/a.svg":
				return guest.Page{Picture: []byte("<svg/>")}, nil
			case r.URL.Path == "/notebook/wait":
				<-r.Context().Done()
			}
			return guest.Page{Title: "A leaf", Main: "<p>" + template.HTML(template.HTMLEscapeString(r.URL.Path)) + "</p>"}, nil
		},
		News: func(context.Context) <-chan struct{} { return news },
	}
}

func withNotebook(t *testing.T, news chan struct{}) webtest.Site {
	t.Helper()
	return webtest.WithGuests(t, []guest.Guest{notebook(news)})
}

func TestGuest_Frame(t *testing.T) {
	const entry = `<a href="/notebook"`
	if body := webtest.New(t).Get("/traces").Body.String(); strings.Contains(body, "otebook") {
		t.Error("there is an entry for a guest that is not there")
	}
	w := withNotebook(t, nil)
	body := w.Get("/traces").Body.String()
	if !strings.Contains(body, entry+">Notebook</a>") || !strings.Contains(body, "Intake, Notebook</dd>") {
		t.Error("other pages do not lead to the guest")
	}
	for _, path := range []string{"/notebook", "/notebook/7"} {
		rec := w.Get(path)
		body := rec.Body.String()
		for _, want := range []string{
			"<title>A leaf · thinker APM</title>", entry + ` aria-current="page"`,
			`<main class="notebook" data-news="notebook">`, "<p>" + path + "</p>",
			`<link rel="stylesheet" href="/static/notebook/style.css">`, `<link rel="modulepreload" href="/static/live.mjs">`,
			`<script type="module" src="/static/notebook/page.mjs"></script>`, `<footer class="foot">`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
		policy := rec.Header().Get("Content-Security-Policy")
		if rec.Code != http.StatusOK || !strings.Contains(policy, "script-src 'self'; style-src 'self'") {
			t.Errorf("%s: %d, with the policy %q", path, rec.Code, policy)
		}
	}
	rec := w.Get("/static/notebook/style.css")
	if kind := rec.Header().Get("Content-Type"); rec.Body.String() != ".notebook { color: inherit }" ||
		kind != "text/css; charset=utf-8" {
		t.Errorf("its style: %d %s %s", rec.Code, kind, rec.Body)
	}
	rec = w.Get("/notebook/9")
	if rec.Code != http.StatusNotFound || !strings.Contains(rec.Body.String(), "There are 8 leaves.") {
		t.Errorf("a refusal: %d %s", rec.Code, rec.Body)
	}
}

// TestGuest_Picture checks that a picture is sent as it is, and can do nothing.
func TestGuest_Picture(t *testing.T) {
	rec := withNotebook(t, nil).Get("/notebook/a.svg")
	if rec.Code != http.StatusOK || rec.Body.String() != "<svg/>" || rec.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%d %s: %s", rec.Code, rec.Header(), rec.Body)
	}
	policy := rec.Header().Get("Content-Security-Policy")
	if policy != "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'" {
		t.Errorf("its policy is %q", policy)
	}
	if rec.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Error("a browser may take it for another type")
	}
}

func TestGuest_OtherSites(t *testing.T) {
	w := withNotebook(t, nil)
	for _, c := range []struct {
		method, name, value string
		status              int
	}{
		{"POST", "Sec-Fetch-Site", "same-origin", http.StatusSeeOther},
		{"POST", "Origin", "http://localhost:8126", http.StatusSeeOther},
		{"POST", "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{"POST", "Sec-Fetch-Site", "same-site", http.StatusForbidden},
		{"POST", "Origin", "http://localhost:5000", http.StatusForbidden},
		{"PUT", "Sec-Fetch-Site", "same-origin", http.StatusMethodNotAllowed},
	} {
		rec := w.Send(c.method, "/notebook/2", "a=b", c.name, c.value, "Content-Type", "application/x-www-form-urlencoded")
		if rec.Code != c.status {
			t.Errorf("%s with %s: %s answers %d, want %d", c.method, c.name, c.value, rec.Code, c.status)
		}
		if to := rec.Header().Get("Location"); c.status == http.StatusSeeOther && to != "/notebook/2#there" {
			t.Errorf("it leads to %q", to)
		}
	}
	long := "a=" + strings.Repeat("b", 1<<20)
	rec := w.Send("POST", "/notebook/2", long, "Content-Type", "application/x-www-form-urlencoded")
	if rec.Code == http.StatusSeeOther {
		t.Error("a form of any length is read")
	}
	if rec := w.Do(http.MethodGet, "/notebook", "Host", "rebound.example"); rec.Code != http.StatusForbidden {
		t.Errorf("for another host name, the status is %d", rec.Code)
	}
}

func TestGuest_News(t *testing.T) {
	news := make(chan struct{})
	w := withNotebook(t, news)
	server := httptest.NewServer(w)
	defer server.Close()
	stream, err := http.Get(server.URL + "/api/events?kind=notebook")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	news <- struct{}{}
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() && lines.Text() != "event: notebook" {
	}
	if lines.Text() != "event: notebook" {
		t.Error("the stream does not tell")
	}

	// Whoever waits is let go when the agent is closed.
	waiting, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/notebook/wait", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	answer, err := http.DefaultClient.Do(waiting)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Error(err)
	}
}
