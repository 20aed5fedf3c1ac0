package page

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// A Frame is the bar above and the footer below every page.
type Frame struct {
	Title   string
	Docs    Docs
	Kept    stats.Retention
	Refused int
	Section string  // the current entry of the top bar; may be empty
	URL     URL     // of the page
	Window  *Window // of the menus; nil for a page without an environment and a time range
	Try     string  // a command that makes a trace; may be empty
	Address string  // that tracers send to
	Guests  []guest.Guest

	countEnvs func() ([]stats.Facet, error)
}

// Docs names the page of Datadog that shows the same, its documentation, and what
// that page also has. All are empty if Datadog has no such page.
type Docs struct{ Name, URL, Lacks string }

// maxEnvs is how many environments a page offers.
const maxEnvs = 20

// Frame returns the frame of a page.
func (site *Site) Frame(r *http.Request, section, title string, d Docs) Frame {
	return Frame{
		Title:   title,
		Section: section,
		Docs:    d,
		URL:     URLOf(r),
		Kept:    site.Traces.Retention(),
		Refused: site.Intake.Refused(),
		Try:     site.Try,
		Address: "http://" + r.Host,
		Guests:  site.Guests,
		countEnvs: func() ([]stats.Facet, error) {
			return site.Traces.Facets(r.Context(), query.Selection{}, []query.Field{{Name: "env"}}, maxEnvs)
		},
	}
}

// ServiceURL returns the address of a service's page. The name is a parameter, not a
// part of the path, since it may be any text, even empty. See decisions/names-in-urls.md.
func (f Frame) ServiceURL(service string) string {
	return f.URL.To("/service", "service", service)
}

// ResourceURL returns the address of a resource's page.
func (f Frame) ResourceURL(service, operation, resource string) string {
	return f.URL.To("/resource", "service", service, "operation", operation, "resource", resource)
}

// TracesOf returns the address of the list of traces that contain a query's requests.
func (f Frame) TracesOf(q query.Query) string {
	return f.URL.To("/traces", "query", q.String(), "scope", query.ServiceEntrySpans.String())
}

// TracesOfLatency returns the addresses of the traces in which a request that matches
// the query took at least from and less than to.
func (f Frame) TracesOfLatency(q query.Query) func(from, to time.Duration) string {
	return func(from, to time.Duration) string {
		took := query.Term{Field: query.Field{Name: "duration"}, Test: query.Range{
			Low: query.Bound{Number: nanosecondsOf(from)}, High: query.Bound{Number: nanosecondsOf(to), Exclusive: true},
		}}
		between := query.Query{Expr: query.And{q.Expr, took}}
		return f.TracesOf(between)
	}
}

// nanosecondsOf converts a duration exactly to a number with a unit of the query
// language.
func nanosecondsOf(d time.Duration) query.Number {
	switch {
	case d%time.Millisecond == 0:
		return query.Number{Value: float64(d / time.Millisecond), Unit: "ms"}
	case d%time.Microsecond == 0:
		return query.Number{Value: float64(d / time.Microsecond), Unit: "us"}
	default:
		return query.Number{Value: float64(d), Unit: "ns"}
	}
}

// Envs returns the environments to choose from: those of all time, so that they don't come
// and go with the time range, and the chosen one.
func (f Frame) Envs() (envs []string, err error) {
	counted, err := f.countEnvs()
	for _, facet := range counted {
		for _, value := range facet.Values {
			envs = append(envs, value.Value)
		}
	}
	if f.Window.Env != "" && !slices.Contains(envs, f.Window.Env) {
		envs = append(envs, f.Window.Env)
	}
	slices.Sort(envs)
	return envs, err
}

// EarlierURL returns the address of the same page over all time, if the reader chose
// no time range and older requests exist. Otherwise it is empty.
func (f Frame) EarlierURL() string {
	for _, name := range []string{"range", "from", "to"} {
		if f.URL.Get(name) != "" {
			return ""
		}
	}
	if f.Window == nil || f.Kept.Oldest == 0 || f.Kept.Oldest >= f.Window.From {
		return ""
	}
	return f.URL.With("range", "all")
}

// StoredText returns how much is stored.
func (f Frame) StoredText() string {
	stored := format.Count(f.Kept.Traces, "trace", "traces") + ", " + format.Count(f.Kept.Spans, "span", "spans")
	if f.Kept.MaxBytes > 0 {
		stored += fmt.Sprintf(", %s MiB", format.Number(f.Kept.Bytes>>20))
	}
	return stored
}

// LimitText returns how much can be stored before traces are evicted.
func (f Frame) LimitText() string {
	limit := fmt.Sprintf("limit %s spans", format.Number(f.Kept.MaxSpans))
	if f.Kept.MaxBytes > 0 {
		limit += fmt.Sprintf(", %s MiB", format.Number(f.Kept.MaxBytes>>20))
	}
	return limit
}

// Oldest returns the start of the earliest stored span, or nil if there is none.
func (f Frame) Oldest() *Moment { return MomentOrNone(f.Kept.Oldest) }

// LostText counts what was evicted, damaged and refused.
func (f Frame) LostText() string {
	lost := []string{"0 evicted"}
	if f.Kept.EvictedTraces > 0 {
		lost[0] = format.Count(f.Kept.EvictedTraces, "trace", "traces") + " evicted (" +
			format.Count(f.Kept.EvictedSpans, "span", "spans") + ")"
	}
	if f.Kept.DamagedSpans > 0 {
		lost = append(lost, format.Count(f.Kept.DamagedSpans, "span", "spans")+" damaged")
	}
	return strings.Join(append(lost, format.Number(f.Refused)+" refused"), ", ")
}
