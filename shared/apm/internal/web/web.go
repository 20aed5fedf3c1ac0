// Package web serves traces as pages and as JSON.
package web

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"thinker/shared/apm/internal/web/comparison"
	"thinker/shared/apm/internal/web/explorer"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/internal/web/traceview"
)

// Config configures a Web.
type Config = page.Config

// Web serves the pages and the JSON API.
type Web struct {
	*page.Site
	guard    *guard
	mux      *http.ServeMux
	routes   []page.Route
	examples map[string]string // responses of the API by file name

	streams atomic.Int64 // open event streams

	ending context.Context // done when event streams must end
	end    context.CancelFunc
}

//go:embed templates examples
var embedded embed.FS

// New returns the pages. It panics if an embedded file is invalid.
func New(config Config) *Web {
	w := &Web{
		Site:     page.NewSite(config).With(embedded, "templates/*.html"),
		guard:    newGuard(config.AllowHosts),
		mux:      http.NewServeMux(),
		examples: loadExamples(embedded),
	}
	w.ending, w.end = context.WithCancel(context.Background())

	w.routes = w.atOnce()
	for _, route := range w.inTurn() {
		w.routes = append(w.routes, page.Route{Pattern: route.Pattern, Serve: w.InTurn(route.Serve)})
	}
	for _, route := range w.routes {
		w.mux.HandleFunc(route.Pattern, func(rw http.ResponseWriter, r *http.Request) {
			if err := route.Serve(rw, r); err != nil {
				w.Fail(rw, r, err)
			}
		})
	}
	return w
}

// inTurn returns the routes that read traces: only a few at a time, to bound memory.
func (w *Web) inTurn() []page.Route {
	return slices.Concat(comparison.Routes(w.Site), explorer.Routes(w.Site), traceview.Routes(w.Site), []page.Route{
		{Pattern: "GET /services", Serve: w.showServices},
		{Pattern: "GET /service", Serve: w.showService},
		{Pattern: "GET /resource", Serve: w.showResource},
		{Pattern: "GET /map", Serve: w.showMap},
		{Pattern: "GET /intake", Serve: w.showIntake},
		{Pattern: "GET /api", Serve: w.showReference},
		{Pattern: "GET /api/traces", Serve: w.apiTraces},
		{Pattern: "GET /api/traces/{id}", Serve: w.apiTrace},
		{Pattern: "GET /api/intake", Serve: w.apiIntake},
		{Pattern: "GET /api/services", Serve: w.apiServices},
		{Pattern: "GET /api/services/{service}/resources", Serve: w.apiResources},
		{Pattern: "GET /api/figures", Serve: w.apiFigures},
		{Pattern: "GET /api/facets", Serve: w.apiFacets},
		{Pattern: "GET /api/time-spent", Serve: w.apiTimeSpent},
		{Pattern: "GET /api/dependencies", Serve: w.apiDependencies},
		{Pattern: "GET /api/span-summary", Serve: w.apiSpanSummary},
	})
}

// atOnce returns the routes that wait for no turn.
func (w *Web) atOnce() []page.Route {
	routes := []page.Route{
		{Pattern: "GET /{$}", Serve: showFirst},
		{Pattern: "GET /static/{file...}", Serve: w.ServeAsset},
		{Pattern: "DELETE /api/traces", Serve: w.apiClear},
		{Pattern: "GET /api/events", Serve: w.events},
	}
	for _, g := range w.Guests {
		routes = append(routes, w.welcome(g)...)
	}
	return routes
}

// ServeHTTP implements http.Handler. Requests that the guard refuses reach no handler.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	setSafetyHeaders(rw.Header())
	switch err := w.guard.refuseOtherHosts(r); {
	case err != nil:
		w.turnAway(rw, r, err)
	case !w.guard.fromAnotherSite(r):
		w.serve(rw, r)
	case opensTab(r):
		w.showShell(rw, r)
	default:
		w.turnAway(rw, r, errAnotherSite)
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
func (w *Web) Close() { w.end() }

func showFirst(rw http.ResponseWriter, r *http.Request) error {
	http.Redirect(rw, r, "/traces", http.StatusFound)
	return nil
}
