package web

import (
	"fmt"
	"net/http"
	"strings"

	"thinker/shared/apm/format"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// A frame is the bar above and the footer below every page.
type frame struct {
	Title   string
	Docs    docs
	Kept    stats.Retention
	Refused int
	Section string // the current entry of the top bar; may be empty
	Place   place
	Menus   *menus // nil for a page without an environment and a time range
	Try     string // a command that makes a trace; may be empty
	Address string // that tracers send to
	Guests  []guest.Guest
}

// docs names the page of Datadog that shows the same, its documentation, and what
// that page also has. All are empty if Datadog has no such page.
type docs struct{ Name, URL, Lacks string }

func (site *Site) frame(r *http.Request, section, title string, d docs) frame {
	return frame{
		Title:   title,
		Section: section,
		Docs:    d,
		Place:   placeOf(r),
		Kept:    site.Traces.Retention(),
		Refused: site.Intake.Refused(),
		Try:     site.Try,
		Address: "http://" + r.Host,
		Guests:  site.Guests,
	}
}

// ServiceURL returns the address of a service's page. The name is a parameter, not a
// part of the path, since it may be any text, even empty.
func (f frame) ServiceURL(service string) string {
	return f.Place.To("/service", "service", service)
}

// ResourceURL returns the address of a resource's page.
func (f frame) ResourceURL(service, operation, resource string) string {
	return f.Place.To("/resource", "service", service, "operation", operation, "resource", resource)
}

// tracesOf returns the address of the list of traces that contain a query's requests.
func (f frame) tracesOf(q query.Query) string {
	return f.Place.To("/traces", "query", q.String(), "scope", query.ServiceEntrySpans.String())
}

// open settles the window of a page about requests and sets the page's menus.
func (site *Site) open(r *http.Request, f *frame, q query.Query) (window, error) {
	win, err := readWindow(r)
	if err != nil {
		return win, err
	}
	if win, err = site.settle(r.Context(), win, q, query.ServiceEntrySpans); err != nil {
		return win, err
	}
	f.Menus, err = site.menus(r.Context(), f.Place, win)
	return win, err
}

// EarlierURL returns the address of the same page over all time, if the reader chose
// no time range and older requests exist. Otherwise it is empty.
func (f frame) EarlierURL() string {
	for _, name := range []string{"range", "from", "to"} {
		if f.Place.Get(name) != "" {
			return ""
		}
	}
	if f.Menus == nil || f.Kept.Oldest == 0 || f.Kept.Oldest >= f.Menus.From {
		return ""
	}
	return f.Menus.RangeURL("all")
}

// StoredText returns how much is stored.
func (f frame) StoredText() string {
	stored := format.Count(f.Kept.Traces, "trace", "traces") + ", " + format.Count(f.Kept.Spans, "span", "spans")
	if f.Kept.MaxBytes > 0 {
		stored += fmt.Sprintf(", %s MiB", format.Number(f.Kept.Bytes>>20))
	}
	return stored
}

// LimitText returns how much can be stored before traces are evicted.
func (f frame) LimitText() string {
	limit := fmt.Sprintf("limit %s spans", format.Number(f.Kept.MaxSpans))
	if f.Kept.MaxBytes > 0 {
		limit += fmt.Sprintf(", %s MiB", format.Number(f.Kept.MaxBytes>>20))
	}
	return limit
}

// Oldest returns the start of the earliest stored span, or nil if there is none.
func (f frame) Oldest() *moment { return momentOrNone(f.Kept.Oldest) }

// LostText counts what was evicted, damaged and refused.
func (f frame) LostText() string {
	lost := []string{"0 evicted"}
	if f.Kept.EvictedTraces > 0 {
		lost[0] = fmt.Sprintf("%s evicted (%s)", format.Count(f.Kept.EvictedTraces, "trace", "traces"), format.Count(f.Kept.EvictedSpans, "span", "spans"))
	}
	if f.Kept.DamagedSpans > 0 {
		lost = append(lost, format.Count(f.Kept.DamagedSpans, "span", "spans")+" damaged")
	}
	return strings.Join(append(lost, format.Number(f.Refused)+" refused"), ", ")
}
