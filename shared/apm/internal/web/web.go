// Package web serves traces as pages and as JSON.
package web

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"thinker/shared/apm/internal/web/page"
)

// Config configures a Web.
type Config = page.Config

// Web serves the pages and the JSON API.
type Web struct {
	*page.Site
	mux      *http.ServeMux
	examples map[string]string // responses of the API by file name
	hosts    map[string]bool
	routes   map[string]handlers

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
		mux:      http.NewServeMux(),
		examples: loadExamples(embedded),
		hosts:    allowedHosts(config.AllowHosts),
		routes:   map[string]handlers{},
	}
	w.ending, w.end = context.WithCancel(context.Background())

	w.handle("/{$}", w.showFirst)
	w.handle("/services", w.showServices)
	w.handle("/service", w.showService)
	w.handle("/resource", w.showResource)
	w.handle("/traces", w.showTraces)
	w.handle("/trace/{id}", w.showTrace)
	w.handle("/compare", w.showCompareVersions)
	w.handle("/compare/traces", w.showCompareTraces)
	w.route("/static/{file...}", handlers{http.MethodGet: w.ServeAsset, http.MethodHead: w.ServeAsset})
	w.route("/api/traces", handlers{http.MethodGet: w.InTurn(w.apiTraces), http.MethodHead: w.InTurn(w.apiTraces), http.MethodDelete: w.apiClear})
	w.handle("/api/traces/{id}", w.apiTrace)
	w.handle("/api/traces/{id}/outline", w.apiOutline)
	w.handle("/map", w.showMap)
	w.handle("/intake", w.showIntake)
	w.handle("/api", w.showReference)
	w.handle("/api/intake", w.apiIntake)
	w.handle("/api/services", w.apiServices)
	w.handle("/api/services/{service}/resources", w.apiResources)
	w.handle("/api/figures", w.apiFigures)
	w.handle("/api/facets", w.apiFacets)
	w.handle("/api/time-spent", w.apiTimeSpent)
	w.handle("/api/dependencies", w.apiDependencies)
	w.handle("/api/span-summary", w.apiSpanSummary)
	w.route("/api/events", handlers{http.MethodGet: w.events, http.MethodHead: w.events}) // which last
	w.route("/", handlers{anyMethod: nothing})
	for _, g := range config.Guests {
		w.welcome(g)
	}
	return w
}

// ServeHTTP implements http.Handler. Requests that the guard refuses reach no handler.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	setSafetyHeaders(rw.Header())
	switch err := w.refuseOtherHosts(r); {
	case err != nil:
		w.turnAway(rw, r, err)
	case !w.fromAnotherSite(r):
		w.mux.ServeHTTP(rw, r)
	case opensTab(r):
		w.showShell(rw, r)
	default:
		w.turnAway(rw, r, errAnotherSite)
	}
}

// Close ends the event streams, which clients would otherwise keep open. Everything
// else is still served.
func (w *Web) Close() { w.end() }

// handlers serve one path, by method.
type handlers map[string]page.Handler

// anyMethod stands for every method without a handler of its own.
const anyMethod = ""

// handle serves a read-only path, in turn.
func (w *Web) handle(path string, read page.Handler) {
	read = w.InTurn(read)
	w.route(path, handlers{http.MethodGet: read, http.MethodHead: read})
}

func (w *Web) route(path string, serve handlers) {
	w.routes[path] = serve
	w.mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
		if err := serve.answer(rw, r); err != nil {
			w.Fail(rw, r, err)
		}
	})
}

// answer calls the handler for the request's method.
func (h handlers) answer(rw http.ResponseWriter, r *http.Request) error {
	serve, ok := h[r.Method]
	if !ok {
		serve, ok = h[anyMethod]
	}
	if !ok {
		allowed := slices.Sorted(maps.Keys(h))
		rw.Header().Set("Allow", strings.Join(allowed, ", "))
		return page.Failure{Status: http.StatusMethodNotAllowed, Detail: fmt.Sprintf("%s accepts %s, not %s.", r.URL.Path, strings.Join(allowed, " and "), r.Method)}
	}
	return serve(rw, r)
}

// nothing answers requests for unknown paths, with any method.
func nothing(_ http.ResponseWriter, r *http.Request) error {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return page.Failure{Status: http.StatusNotFound, Detail: fmt.Sprintf("There is no endpoint at %s. The page /api lists all endpoints.", r.URL.Path)}
	}
	return page.Failure{Status: http.StatusNotFound, Detail: fmt.Sprintf("There is no page at %s.", r.URL.Path)}
}

func (w *Web) showFirst(rw http.ResponseWriter, r *http.Request) error {
	http.Redirect(rw, r, "/traces", http.StatusFound)
	return nil
}
