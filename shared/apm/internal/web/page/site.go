package page

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/graph"
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
	// Report returns all counts, without Kept and Chain. Callers must not modify it.
	Report() api.Intake
	// Refused returns the number of refused requests and spans.
	Refused() int
	// Calls returns the number of requests. Report only changes if it does.
	Calls() int
}

// Config configures a Site.
type Config struct {
	Traces     Traces
	Intake     Intake
	Palette    *colour.Palette
	AllowHosts []string // host names besides localhost that pages are served under
	Try        string   // a command that makes a trace, to show if there is none; may be empty
	Guests     []guest.Guest
	Logger     *slog.Logger
}

// A Site has what all pages share: the store, the frame around each page, the files
// that pages load, and the requests' turns.
type Site struct {
	Config
	templates *template.Template
	Static    map[string]asset
	turns     *turns

	Ending context.Context // done when responses that last must end
	End    context.CancelFunc
}

//go:embed templates static
var files embed.FS

// NewSite returns a site with the templates of the frame. It panics if an embedded file
// is invalid.
func NewSite(config Config) *Site {
	site := &Site{Config: config, Static: loadAssets(files, "static"), turns: newTurns()}
	site.Ending, site.End = context.WithCancel(context.Background())
	site.templates = template.Must(template.New("").Funcs(template.FuncMap{
		"at":          MomentAt,
		"breakdown":   site.Breakdown,
		"coordinate":  Coordinate,
		"count":       format.Count,
		"duration":    Duration,
		"id":          FormatID,
		"indent":      Indent,
		"moment":      MomentOf,
		"number":      format.Number,
		"ranges":      Ranges,
		"pixels":      graph.Pixels,
		"percent":     Percent,
		"script":      func(name string) template.HTML { return scriptTags(site.Static, name) },
		"service":     site.Service,
		"short":       Short,
		"significant": format.Significant,
		"size":        Size,
	}).ParseFS(files, "templates/*.html"))
	template.Must(site.templates.ParseFS(chart.Templates(), "*.html"))
	return site
}

// With returns the site with the templates of one room, and the functions that they use.
func (site *Site) With(directory fs.FS, pattern string, functions ...template.FuncMap) *Site {
	room := *site
	room.templates = template.Must(site.templates.Clone())
	for _, some := range functions {
		room.templates.Funcs(some)
	}
	template.Must(room.templates.ParseFS(directory, pattern))
	return &room
}
