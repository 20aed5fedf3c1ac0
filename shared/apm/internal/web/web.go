// Package web serves traces as pages and as JSON.
package web

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/query"
)

// Traces is the store of traces.
type Traces interface {
	// TraceWithin returns the spans of a trace that have arrived, up to about so many
	// bytes of memory. Truncated counts the spans left out.
	TraceWithin(ctx context.Context, id uint64, bytes int) (trace apm.Trace, found bool, err error)
	// EachSpan calls do for every span of a trace, ordered by start, with the upper half
	// of the trace's ID.
	EachSpan(ctx context.Context, id uint64, do func(high uint64, span *apm.Span) error) (found bool, err error)
	// Search returns summaries of the traces with a matching span; the trace that
	// arrived last comes first. next is the cursor of the next page, or 0 at the end.
	Search(ctx context.Context, r query.Request) (summaries []apm.Summary, next uint64, err error)
	// Breakdown returns figures; each matching span counts as a request.
	Breakdown(ctx context.Context, b query.Breakdown) (stats.Breakdown, error)
	// Facets counts the values of fields, at most most of each. Without fields it
	// counts all fields that can group spans; the most common comes first.
	Facets(ctx context.Context, s query.Selection, fields []query.Field, most int) ([]stats.Facet, error)
	// Anatomy returns which services and spans the selected spans consist of, with series
	// of that many buckets. It samples very many spans.
	Anatomy(ctx context.Context, s query.Selection, buckets int) (stats.Anatomy, error)
	// Clear deletes all traces.
	Clear(ctx context.Context) error
	// Subscribe sends the IDs of changed traces, in batches, until ctx is done.
	Subscribe(ctx context.Context) <-chan []uint64
	// Retention returns how much is stored and how much was evicted.
	Retention() stats.Retention
}

// Intake counts what tracers send and what is refused.
type Intake interface {
	// Report returns all counts. Callers must not modify it.
	Report() stats.IntakeReport
	// Refused returns the number of refused requests and spans.
	Refused() int
	// Calls returns the number of requests. Report only changes if it does.
	Calls() int
}

// Config configures a Web.
type Config struct {
	Traces     Traces
	Intake     Intake
	Palette    *colour.Palette
	AllowHosts []string // host names besides localhost that pages are served under
	Try        string   // a command that makes a trace, to show if there is none; may be empty
	Guests     []guest.Guest
	Logger     *slog.Logger
}

// Web serves the pages and the JSON API.
type Web struct {
	Config
	mux       *http.ServeMux
	templates *template.Template
	static    map[string]asset
	examples  map[string]string // responses of the API by file name
	hosts     map[string]bool
	routes    map[string]handlers
	turns     *turns

	streams atomic.Int64 // open event streams

	ending context.Context // done when event streams must end
	end    context.CancelFunc
}

//go:embed templates static examples
var embedded embed.FS

// New returns the pages. It panics if an embedded file is invalid.
func New(config Config) *Web {
	static := loadAssets(sub(embedded, "static"))
	w := &Web{
		Config: config,
		mux:    http.NewServeMux(),
		templates: template.Must(template.Must(template.New("").Funcs(template.FuncMap{
			"count":  format.Count,
			"number": format.Number,
			"moment": momentOf,
			"script": func(name string) template.HTML { return scriptTags(static, name) },
		}).ParseFS(embedded, "templates/*.html")).ParseFS(chart.Templates(), "*.html")),
		static:   static,
		examples: loadExamples(embedded),
		hosts:    allowedHosts(config.AllowHosts),
		routes:   map[string]handlers{},
		turns:    newTurns(),
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
	w.route("/static/{file...}", handlers{http.MethodGet: w.asset, http.MethodHead: w.asset})
	w.route("/api/traces", handlers{http.MethodGet: w.inTurn(w.apiTraces), http.MethodHead: w.inTurn(w.apiTraces), http.MethodDelete: w.apiClear})
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

// A handler answers a request or returns an error, which fail turns into a response.
type handler func(rw http.ResponseWriter, r *http.Request) error

// handlers serve one path, by method.
type handlers map[string]handler

// anyMethod stands for every method without a handler of its own.
const anyMethod = ""

// handle serves a read-only path, in turn.
func (w *Web) handle(path string, read handler) {
	read = w.inTurn(read)
	w.route(path, handlers{http.MethodGet: read, http.MethodHead: read})
}

func (w *Web) route(path string, serve handlers) {
	w.routes[path] = serve
	w.mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) {
		if err := serve.answer(rw, r); err != nil {
			w.fail(rw, r, err)
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
		return failure{http.StatusMethodNotAllowed, fmt.Sprintf("%s accepts %s, not %s.", r.URL.Path, strings.Join(allowed, " and "), r.Method)}
	}
	return serve(rw, r)
}

// nothing answers requests for unknown paths, with any method.
func nothing(_ http.ResponseWriter, r *http.Request) error {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return failure{http.StatusNotFound, fmt.Sprintf("There is no endpoint at %s. The page /api lists all endpoints.", r.URL.Path)}
	}
	return failure{http.StatusNotFound, fmt.Sprintf("There is no page at %s.", r.URL.Path)}
}

func (w *Web) showFirst(rw http.ResponseWriter, r *http.Request) error {
	http.Redirect(rw, r, "/traces", http.StatusFound)
	return nil
}
