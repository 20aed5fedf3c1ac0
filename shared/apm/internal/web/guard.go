package web

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"thinker/shared/apm/internal/web/page"
)

// setSafetyHeaders keeps a page to itself: it loads nothing from elsewhere, runs and is
// styled by nothing but its own files, and shows in no frame. Whatever a span says stays
// text.
func setSafetyHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// A guard decides which requests are served.
type guard struct {
	hosts  map[string]bool // names under which a browser may open pages
	writes http.CrossOriginProtection
}

// newGuard returns a guard that serves this machine's names and others that the user
// allowed, also if a proxy forwards them over HTTPS, as GitHub Codespaces does.
func newGuard(allowed []string) *guard {
	g := &guard{hosts: map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}}
	for _, host := range allowed {
		if host = hostOf(host); !g.hosts[host] {
			g.hosts[host] = true
			_ = g.writes.AddTrustedOrigin("https://" + host) // fails if no origin has such a name
		}
	}
	return g
}

// isOurHost reports whether a request uses one of our names. Another site's name may be made
// to point at this machine, and its pages would then read what is here (DNS rebinding).
func (g *guard) isOurHost(r *http.Request) bool { return g.hosts[hostOf(r.Host)] }

func otherHost(r *http.Request) page.Failure {
	host := hostOf(r.Host)
	return page.Failure{Status: http.StatusForbidden, Detail: fmt.Sprintf("The agent does not serve pages under "+
		"the host name %q. Use localhost, or start the agent with --allow-host %s.", host, host)}
}

// fromAnotherSite reports whether a page of another site, or of another port of this host,
// made a browser send the request. That page can't read the response, but it could measure
// how long a query takes, or change something. Programs send none of these headers.
// See decisions/cross-site-requests.md.
func (g *guard) fromAnotherSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	switch site {
	case "", "same-origin", "none": // none: the reader typed the address or chose a bookmark
	default:
		return true
	}
	// Old browsers send only Origin, and leave it out of most GETs.
	origin := strings.ToLower(r.Header.Get("Origin"))
	if onlyReads(r) || origin == "" {
		return false
	}
	// A proxy that forwards one of our names may have replaced it in Host or in Origin. The
	// browser's own word that both are the same is enough.
	header := http.Header{"Sec-Fetch-Site": {site}, "Origin": {origin}}
	sent := &http.Request{Method: r.Method, Host: strings.ToLower(r.Host), Header: header}
	return !g.isOurs(origin) || g.writes.Check(sent) != nil
}

// isOurs reports whether an Origin header has one of our names.
func (g *guard) isOurs(origin string) bool {
	parsed, err := url.Parse(origin)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && g.hosts[hostOf(parsed.Host)]
}

// onlyReads reports whether the request's method only reads.
func onlyReads(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// opensTab reports whether a browser will show the response in a tab, not in a frame or as
// a part of another page.
func opensTab(r *http.Request) bool {
	return onlyReads(r) && r.Header.Get("Sec-Fetch-Dest") == "document"
}

var errAnotherSite = page.Failure{Status: http.StatusForbidden, Detail: "A page of another site sent this request. " +
	"Only programs and the agent's own pages may do so. Other pages may link here."}

// A notice is a page without the frame, which shows how much is stored: another site's page
// could measure that.
type notice struct {
	Title, Detail string
	Opens         bool // its script loads the requested URL again
}

// showShell responds to a link from another site with a constant page. Its script loads the
// same URL again, as a page of our own.
func (w *Web) showShell(rw http.ResponseWriter, r *http.Request) {
	// The script recognises its second attempt by the referrer.
	rw.Header().Set("Referrer-Policy", "same-origin")
	w.notify(rw, r, http.StatusOK, notice{"Opening the page", "You followed a link from another site.", true})
}

// refuse responds to a request that the guard refuses.
func (w *Web) refuse(rw http.ResponseWriter, r *http.Request, reason page.Failure) {
	if page.ForPrograms(r) {
		page.WriteProblem(rw, reason, nil)
		return
	}
	w.notify(rw, r, reason.Status, notice{http.StatusText(reason.Status), reason.Detail, false})
}

func (w *Web) notify(rw http.ResponseWriter, r *http.Request, status int, n notice) {
	if err := w.Render(rw, status, "notice.html", n); err != nil {
		w.Logger.ErrorContext(r.Context(), "render notice", "path", r.URL.Path, "error", err)
		http.Error(rw, n.Detail, status)
	}
}

// hostOf returns the bare, lower-case name of host, host:port, [ip] or [ip]:port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
