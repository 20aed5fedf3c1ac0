package web

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// setSafetyHeaders keeps a page to itself: it loads nothing from elsewhere,
// runs and is styled by nothing but its own files, and shows in no frame.
// Whatever a span says stays text.
func setSafetyHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// allowedHosts are the names under which a browser may ask for pages.
func allowedHosts(extra []string) map[string]bool {
	hosts := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	for _, host := range extra {
		hosts[hostOf(host)] = true
	}
	return hosts
}

// refuseOtherHosts refuses requests for a name that is not ours: another
// site's name may be made to point at this machine, and its pages would then
// read what is here (DNS rebinding).
func (w *Web) refuseOtherHosts(r *http.Request) error {
	host := hostOf(r.Host)
	if w.hosts[host] {
		return nil
	}
	return failure{http.StatusForbidden, fmt.Sprintf("These pages do not answer to the name %q. Open http://localhost instead, or start the agent with --allow-host %s.", host, host)}
}

// refuseOtherOrigins refuses a request that some other page has a browser send:
// any page may send one, though none may read the answer. Another port of this
// host is another origin. What is no browser sends neither header.
func refuseOtherOrigins(r *http.Request) error {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	ownSite := site == "" || site == "same-origin" || site == "none"
	if ownSite && (origin == "" || isOrigin(origin, r.Host)) {
		return nil
	}
	return failure{http.StatusForbidden, "A page of another site asks for this change; only the agent's own pages may, and programs."}
}

// isOrigin tells whether an Origin header names the host, by either scheme:
// there may be a proxy in front.
func isOrigin(origin, host string) bool {
	parsed, err := url.Parse(origin)
	return err == nil && strings.EqualFold(parsed.Host, host) && (parsed.Scheme == "http" || parsed.Scheme == "https")
}

// hostOf is the bare, lower-case name of host, host:port, [ip] or [ip]:port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
