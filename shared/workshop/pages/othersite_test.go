package pages

import (
	"context"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"thinker/shared/apm"
	"thinker/shared/apm/tracegen"
)

// An observed site is one with a proxy in front of it that records what browsers
// request and get.
type observed struct {
	*site
	URL string // for example http://localhost:43125

	mu        sync.Mutex
	exchanges []exchange
	spoil     bool // whether every document request looks like another site's
}

// An exchange is a request and its response.
type exchange struct {
	URI, Site, Dest string
	Status          int
	Body            string
}

func observe(t *testing.T, s *site) *observed {
	t.Helper()
	o := &observed{site: s}
	target, err := url.Parse(s.origin)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.spoil && r.In.Header.Get("Sec-Fetch-Dest") == "document" {
				r.Out.Header.Set("Sec-Fetch-Site", "cross-site")
			}
		},
		FlushInterval: -1,
		ModifyResponse: func(r *http.Response) error {
			e := exchange{URI: r.Request.URL.RequestURI(), Site: r.Request.Header.Get("Sec-Fetch-Site"),
				Dest: r.Request.Header.Get("Sec-Fetch-Dest"), Status: r.StatusCode}
			if r.Header.Get("Content-Type") != "text/event-stream" {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return err
				}
				e.Body = string(body)
				r.Body = io.NopCloser(strings.NewReader(e.Body))
			}
			o.mu.Lock()
			defer o.mu.Unlock()
			o.exchanges = append(o.exchanges, e)
			return nil
		},
	})
	t.Cleanup(func() {
		server.CloseClientConnections() // event streams are among them
		server.Close()
	})
	o.URL = "http://localhost:" + port(t, server.URL)
	return o
}

// of returns the exchanges for a path with its query.
func (o *observed) of(uri string) (found []exchange) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.exchanges {
		if e.URI == uri {
			found = append(found, e)
		}
	}
	return found
}

func (o *observed) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.exchanges = nil
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// otherSites returns origins whose pages link to the address in ?to=, by the value
// of Sec-Fetch-Site that their requests carry. /redirect leads there by itself.
func otherSites(t *testing.T) map[string]string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Another site</title><a href="%s">a link</a>`, html.EscapeString(to))
	}))
	t.Cleanup(server.Close)
	port := port(t, server.URL)
	return map[string]string{"cross-site": "http://127.0.0.1:" + port, "same-site": "http://localhost:" + port}
}

// TestGuard_OtherSitesLearnNothing checks that the response to a request from
// another site's page is the same whatever is stored. No query runs for it, not
// even one that can't be parsed, so its time reveals nothing either.
func TestGuard_OtherSitesLearnNothing(t *testing.T) {
	running(t)
	s := observe(t, serve(t, tracegen.Traces(1, 50, time.Now())))
	queries := map[string]string{"one that matches": "service:storefront", "one that doesn't": "service:nobody",
		"one with an error": wrongQuery}
	element := func(tag, attribute, rest string) string {
		return fmt.Sprintf(`new Promise(done => {
			const e = Object.assign(document.createElement(%q), {onload: done, onerror: done, onloadedmetadata: done, %s});
			e[%q] = to;
			document.body.append(e);
		})`, tag, rest, attribute)
	}
	ways := map[string]struct{ path, does string }{
		"fetch":       {"/api/traces?query=", `fetch(to, {mode: "no-cors"}).catch(() => 0)`},
		"fetch, cors": {"/api/traces?query=", `fetch(to).catch(() => 0)`},
		"HEAD":        {"/traces?query=", `fetch(to, {mode: "no-cors", method: "HEAD"}).catch(() => 0)`},
		"POST":        {"/workshop?query=", `fetch(to, {mode: "no-cors", method: "POST"}).catch(() => 0)`},
		"image":       {"/traces?query=", element("img", "src", "")},
		"script":      {"/api/facets?query=", element("script", "src", "")},
		"style":       {"/api/figures?query=", element("link", "href", `rel: "stylesheet"`)},
		"prefetch":    {"/services?filter=", element("link", "href", `rel: "prefetch"`)},
		"preload":     {"/api/services?query=", element("link", "href", `rel: "preload", as: "fetch"`)},
		"frame":       {"/traces?query=", element("iframe", "src", "")},
		"object":      {"/traces?query=", element("object", "data", "")},
		"video":       {"/traces?query=", element("video", "src", `preload: "metadata"`)},
		"guest":       {"/workshop?query=", element("img", "src", "")},
		"file":        {"/static/page.mjs?query=", element("script", "src", "")},
		"nothing":     {"/nowhere?query=", element("img", "src", "")},
		"events": {"/api/events?query=",
			`new Promise(done => { const e = new EventSource(to); e.onopen = e.onerror = () => { e.close(); done(); ` +
				`}; })`},
	}
	for site, origin := range otherSites(t) {
		tab := open(t, origin, look{width: 1280})
		tab.visit("/")
		for name, way := range ways {
			t.Run(site+", "+name, func(t *testing.T) {
				tab.t = t
				var first *exchange
				for what, query := range queries {
					s.forget()
					uri := way.path + url.QueryEscape(query)
					// Chromium aborts requests when the machine's network changes, and it changes with
					// each container that starts. The page then sends another.
					tab.waitUntil("a response to "+uri, func() bool {
						eval[any](tab, fmt.Sprintf(`(async (to) => { await %s; return true; })(%q)`, way.does, s.URL+uri))
						return len(s.of(uri)) > 0
					})
					for _, e := range s.of(uri) {
						if e.Site != site || e.Status != http.StatusForbidden {
							t.Errorf("%s: Sec-Fetch-Site: %s, Sec-Fetch-Dest: %s gets status %d", what, e.Site, e.Dest,
								e.Status)
						}
						if e.URI = ""; first == nil {
							first = &e
						} else if e != *first {
							t.Errorf("%s gets another response than the other queries: %+v and %+v", what, e, *first)
						}
					}
				}
			})
		}
	}
}

// at reports whether the tab shows an address with a title. A page that is being
// replaced can't say.
func (tab *tab) at(address, title string) bool {
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	type state struct{ Address, Title, Ready string }
	now, err := chromedp.Run(ctx,
		chromedp.Evaluate[state](`({address: location.href, title: document.title, ready: document.readyState})`))
	return err == nil && now.Address == address && now.Title == title && now.Ready == "complete"
}

func (tab *tab) waitAt(address, title string) {
	tab.t.Helper()
	tab.waitUntil(fmt.Sprintf("the tab shows %s with the title %q", address, title),
		func() bool { return tab.at(address, title) })
}

// TestGuard_LinksFromOtherSitesWork checks that a link on another site leads to its page, after
// one shell.
func TestGuard_LinksFromOtherSitesWork(t *testing.T) {
	running(t)
	s := observe(t, serve(t, tracegen.Traces(1, 50, time.Now())))
	span := s.find("a checkout", func(p apm.Span) bool { return p.Resource == "POST /checkout" })
	own := open(t, s.URL, look{width: 1280})
	titleOf := func(path string) string {
		own.visit(path)
		return eval[string](own, `document.title`)
	}
	const redirected = "/traces?query=service%3Astorefront"
	paths := map[string][]string{
		"same-site": {redirected},
		"cross-site": {
			"/", redirected, chosen(span) + "#anywhere", "/services#", "/workshop/2", "/nowhere",
			"/api/traces?query=service%3Astorefront&limit=1",
		},
	}
	for site, origin := range otherSites(t) {
		for _, path := range paths[site] {
			t.Run(site+", "+path, func(t *testing.T) {
				title := titleOf(path)
				shown := s.URL + path
				uri, _, _ := strings.Cut(path, "#")
				if path == "/" {
					shown = s.URL + "/traces"
				}
				tab := open(t, origin, look{width: 1280})
				tab.visit("/?to=" + url.QueryEscape(s.URL+path))
				if path == redirected {
					tab.visit("/?to=" + url.QueryEscape("/redirect?to="+url.QueryEscape(s.URL+path)))
				}
				left := eval[string](tab, `location.href`)
				s.forget()
				eval[bool](tab, `(document.querySelector("a").click(), true)`)
				tab.waitAt(shown, title)
				e := slices.DeleteFunc(s.of(uri),
					func(e exchange) bool { return e.Dest != "document" }) // an open page refreshes itself
				if len(e) < 2 || e[0].Site != site || e[0].Status != http.StatusOK ||
					!strings.Contains(e[0].Body, "Opening the page") ||
					slices.ContainsFunc(e[1:], func(e exchange) bool { return e.Site != "same-origin" }) {
					t.Errorf("the requests are %.2000q", fmt.Sprint(e))
				}
				if path == redirected { // the shell leaves nothing in the history
					eval[bool](tab, `(history.back(), true)`)
					tab.waitAt(left, "Another site")
					eval[bool](tab, `(history.forward(), true)`)
					tab.waitAt(shown, title)
				}
			})
		}

		t.Run(site+", in a new window", func(t *testing.T) {
			const path = "/traces?query=service%3Apayments#new"
			title := titleOf(path)
			tab := open(t, origin, look{width: 1280})
			tab.visit("/")
			clicked := true // windows open for nothing less
			call(tab, runtime.Evaluate,
				runtime.EvaluateParams{Expression: fmt.Sprintf(`window.other = window.open(%q)`, s.URL+path),
					UserGesture: &clicked})
			tab.waitUntil("the window shows the page", func() bool {
				targets, err := chromedp.Targets(tab.ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, target := range targets {
					if target.URL == s.URL+path && target.Title == title {
						return true
					}
				}
				return false
			})
			tab.waitUntil("the other site has lost hold of the window",
				func() bool { return eval[bool](tab, `other.closed`) })
		})

		t.Run(site+", without scripts", func(t *testing.T) {
			const path = "/traces?query=service%3Astorefront"
			title := titleOf(path)
			tab := open(t, origin, look{width: 1280, noScripts: true})
			tab.visit("/?to=" + url.QueryEscape(s.URL+path))
			s.forget()
			eval[bool](tab, `(document.querySelector("a").click(), true)`)
			tab.waitAt(s.URL+path, "Opening the page · thinker APM")
			eval[bool](tab, `(document.querySelector("a").click(), true)`)
			tab.waitAt(s.URL+path, title)
		})
	}
}

// TestGuard_ShellStopsAfterOneAttempt checks that the shell doesn't reload itself forever if
// a proxy makes every request look like another site's.
func TestGuard_ShellStopsAfterOneAttempt(t *testing.T) {
	running(t)
	s := observe(t, serve(t, tracegen.Traces(1, 3, time.Now())))
	s.spoil = true
	for _, path := range []string{"/traces", "/traces#there"} {
		s.forget()
		tab := open(t, otherSites(t)["cross-site"], look{width: 1280})
		tab.visit("/?to=" + url.QueryEscape(s.URL+path))
		eval[bool](tab, `(document.querySelector("a").click(), true)`)
		tab.waitUntil("the second shell", func() bool { return len(s.of("/traces")) == 2 })
		tab.waitAt(s.URL+path, "Opening the page · thinker APM")
		tab.frames()
		eval[any](tab, `fetch("/healthz").then(r => r.text())`) // what was on its way before has arrived
		if n := len(s.of("/traces")); n != 2 {
			t.Errorf("%s: the shell was sent %d times, want 2", path, n)
		}
		if text := eval[string](tab, `document.querySelector("main a").textContent`); text != "Open the page" {
			t.Errorf("the shell's link says %q", text)
		}
	}
}
