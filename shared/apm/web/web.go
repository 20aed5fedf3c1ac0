// Package web shows traces: as pages for people and as JSON for programs.
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
	"thinker/shared/apm/search"
)

// Traces is where the traces are kept.
type Traces interface {
	// TraceWithin returns what has arrived of one trace, as far as it takes no more
	// than about so many bytes of memory: Truncated counts the spans left out.
	TraceWithin(ctx context.Context, id uint64, bytes int) (trace apm.Trace, found bool, err error)
	// EachSpan calls do for every span of a trace, in order, with the upper half of
	// the trace's ID.
	EachSpan(ctx context.Context, id uint64, do func(high uint64, span *apm.Span) error) (found bool, err error)
	// Search sums up the traces that have a span that the request looks for,
	// the one that arrived last first. next is the cursor that continues the
	// list, or 0 at its end. The error is ctx's alone.
	Search(ctx context.Context, r search.Request) (summaries []apm.Summary, next uint64, err error)
	// Breakdown gives figures, each span that is looked for being a request.
	Breakdown(ctx context.Context, b search.Breakdown) (apm.Breakdown, error)
	// Facets counts the values of fields, and names at most most of each. Without
	// fields it is those by which spans can be grouped, the most common first.
	Facets(ctx context.Context, s search.Selection, fields []search.Field, most int) ([]apm.Facet, error)
	// Anatomy tells what the selected spans are made of, with series of as many
	// parts of the time as buckets says. Of very many spans it is a sample's.
	Anatomy(ctx context.Context, s search.Selection, buckets int) (apm.Anatomy, error)
	// Clear drops every trace.
	Clear(ctx context.Context) error
	// Subscribe sends the IDs of traces that change, some at a time, until ctx is
	// done.
	Subscribe(ctx context.Context) <-chan []uint64
	// Retention is how much is kept and how much had to go.
	Retention() apm.Retention
}

// Intake knows who sends, and what it did not take in.
type Intake interface {
	// Report is what is known now. Nobody may change what it holds.
	Report() apm.IntakeReport
	// Refused counts requests and single spans.
	Refused() int
	// Calls counts requests: while it stays the same, so does the Report.
	Calls() int
}

// Config is what the pages need.
type Config struct {
	Traces     Traces
	Intake     Intake
	Palette    *colour.Palette
	AllowHosts []string // host names the pages answer to, besides localhost's
	Try        string   // a command that makes a trace, for when there is none; may be empty
	Guests     []Guest
	Logger     *slog.Logger
}

// Web serves the pages and the JSON API.
type Web struct {
	Config
	mux       *http.ServeMux
	templates *template.Template
	static    map[string]asset
	examples  map[string]string // answers of the API, by the names of their files
	hosts     map[string]bool
	routes    map[string]handlers
	turns     *turns

	streams atomic.Int64 // of events, that are open

	ending context.Context // done when event streams must end
	end    context.CancelFunc
}

//go:embed templates static examples
var embedded embed.FS

// New prepares the pages. It panics only over files that are built in.
func New(config Config) *Web {
	static := loadAssets(sub(embedded, "static"))
	w := &Web{
		Config: config,
		mux:    http.NewServeMux(),
		templates: template.Must(template.New("").Funcs(template.FuncMap{
			"count":  apm.FormatCount,
			"number": apm.FormatNumber,
			"script": func(name string) template.HTML { return scriptTags(static, name) },
		}).ParseFS(embedded, "templates/*.html")),
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
	for _, guest := range config.Guests {
		w.welcome(guest)
	}
	return w
}

// ServeHTTP implements http.Handler. What the guard turns away reaches no handler.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	setSafetyHeaders(rw.Header())
	switch err := w.refuseOtherHosts(r); {
	case err != nil:
		w.turnAway(rw, r, err)
	case !fromAnotherSite(r):
		w.mux.ServeHTTP(rw, r)
	case opensTab(r):
		w.showShell(rw, r)
	default:
		w.turnAway(rw, r, errAnotherSite)
	}
}

// Close ends the event streams, which would otherwise last as long as their
// readers want. Everything else goes on being served.
func (w *Web) Close() { w.end() }

// A handler answers a request or says, by its error, why it does not.
type handler func(rw http.ResponseWriter, r *http.Request) error

// handlers serve one path, by method.
type handlers map[string]handler

// anyMethod stands for every method that handlers do not name.
const anyMethod = ""

// handle serves a path that is only for reading, in turn.
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

// answer lets the handler of the request's method answer it.
func (h handlers) answer(rw http.ResponseWriter, r *http.Request) error {
	serve, ok := h[r.Method]
	if !ok {
		serve, ok = h[anyMethod]
	}
	if !ok {
		allowed := slices.Sorted(maps.Keys(h))
		rw.Header().Set("Allow", strings.Join(allowed, ", "))
		return failure{http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %s, not %s.", r.URL.Path, strings.Join(allowed, " and "), r.Method)}
	}
	return serve(rw, r)
}

// nothing answers requests, by whatever method, for what is not here.
func nothing(_ http.ResponseWriter, r *http.Request) error {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return failure{http.StatusNotFound, fmt.Sprintf("There is nothing at %s. The page at /api says what there is.", r.URL.Path)}
	}
	return failure{http.StatusNotFound, fmt.Sprintf("There is nothing at %s.", r.URL.Path)}
}

func (w *Web) showFirst(rw http.ResponseWriter, r *http.Request) error {
	http.Redirect(rw, r, "/traces", http.StatusFound)
	return nil
}
