// Package web serves traces as pages and as JSON.
package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm/internal/web/comparison"
	"thinker/shared/apm/internal/web/events"
	"thinker/shared/apm/internal/web/explorer"
	"thinker/shared/apm/internal/web/guests"
	"thinker/shared/apm/internal/web/intakepage"
	"thinker/shared/apm/internal/web/jsonapi"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/internal/web/services"
	"thinker/shared/apm/internal/web/traceview"
)

// Config configures a Web.
type Config = page.Config

// Web serves the pages and the JSON API.
type Web struct {
	*page.Site
	guard  *guard
	mux    *http.ServeMux
	routes []page.Route
}

// New returns the pages. It panics if an embedded file is invalid.
func New(config Config) *Web {
	site := page.NewSite(config)
	w := &Web{Site: site, guard: newGuard(config.AllowHosts), mux: http.NewServeMux()}
	w.routes = slices.Concat(events.Routes(site), guests.Routes(site), []page.Route{
		{Pattern: "GET /{$}", Serve: showFirst},
		{Pattern: "GET /static/{file...}", Serve: site.ServeAsset},
	})
	// These read traces. They take turns, which bounds memory.
	for _, route := range slices.Concat(comparison.Routes(site), explorer.Routes(site), intakepage.Routes(site),
		jsonapi.Routes(site), services.Routes(site), traceview.Routes(site)) {
		w.routes = append(w.routes, page.Route{Pattern: route.Pattern, Serve: site.InTurn(route.Serve)})
	}
	for _, route := range w.routes {
		w.mux.HandleFunc(route.Pattern, func(rw http.ResponseWriter, r *http.Request) {
			if err := route.Serve(rw, r); err != nil {
				site.Fail(rw, r, err)
			}
		})
	}
	return w
}

// ServeHTTP implements http.Handler. Requests that the guard refuses reach no handler.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	setSafetyHeaders(rw.Header())
	switch {
	case !w.guard.isOurHost(r):
		w.refuse(rw, r, otherHost(r))
	case !w.guard.fromAnotherSite(r):
		w.serve(rw, r)
	case opensTab(r):
		w.showShell(rw, r)
	default:
		w.refuse(rw, r, errAnotherSite)
	}
}

// serve calls the handler of the request's route.
func (w *Web) serve(rw http.ResponseWriter, r *http.Request) {
	if _, pattern := w.mux.Handler(r); pattern != "" {
		w.mux.ServeHTTP(rw, r)
		return
	}
	if allowed := w.allowed(r); len(allowed) > 0 {
		rw.Header().Set("Allow", strings.Join(allowed, ", "))
		w.Fail(rw, r, page.Failure{Status: http.StatusMethodNotAllowed,
			Detail: fmt.Sprintf("%s accepts %s, not %s.", r.URL.Path, strings.Join(allowed, " and "), r.Method)})
		return
	}
	detail := fmt.Sprintf("There is no page at %s.", r.URL.Path)
	if page.ForPrograms(r) {
		detail = fmt.Sprintf("There is no endpoint at %s. The page /api lists all endpoints.", r.URL.Path)
	}
	w.Fail(rw, r, page.Failure{Status: http.StatusNotFound, Detail: detail})
}

// allowed returns the methods that a request's path accepts.
func (w *Web) allowed(r *http.Request) (methods []string) {
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPost} {
		if _, pattern := w.mux.Handler(&http.Request{Method: method, URL: r.URL}); pattern != "" {
			methods = append(methods, method)
		}
	}
	return methods
}

// Close ends the event streams, which clients would otherwise keep open. Everything
// else is still served.
func (w *Web) Close() { w.End() }

func showFirst(rw http.ResponseWriter, r *http.Request) error {
	http.Redirect(rw, r, "/traces", http.StatusFound)
	return nil
}
