package web

import (
	"fmt"
	"net/http"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// A frame is what every page has around it.
type frame struct {
	Title   string
	Docs    docs
	Kept    apm.Retention
	Refused int
	Section string // the entry of the top bar that is current; empty for none
	Place   place
	Menus   *menus // nil for a page that is about no environment or time
	Try     string // a command that makes a trace; may be empty
	Address string // where tracers are to send
	Guests  []Guest
}

// docs says what Datadog calls a page, where it explains it, and what of it is
// not here, for want of data. A page that Datadog does not have has no name
// there.
type docs struct{ Name, URL, Lacks string }

func (w *Web) frame(r *http.Request, section, title string, d docs) frame {
	return frame{
		Title:   title,
		Section: section,
		Docs:    d,
		Place:   placeOf(r),
		Kept:    w.Traces.Retention(),
		Refused: w.Intake.Refused(),
		Try:     w.Try,
		Address: "http://" + r.Host,
		Guests:  w.Guests,
	}
}

// ServiceURL is the page of a service. Names are parameters rather than parts of
// the path, as a name may be of any text, also of none.
func (f frame) ServiceURL(service string) string {
	return f.Place.To("/service", "service", service)
}

// ResourceURL is the page of a resource.
func (f frame) ResourceURL(service, operation, resource string) string {
	return f.Place.To("/resource", "service", service, "operation", operation, "resource", resource)
}

// tracesOf is the list of the traces in which a query's requests are.
func (f frame) tracesOf(query search.Query) string {
	return f.Place.To("/traces", "query", query.String(), "scope", search.ServiceEntrySpans.String())
}

// open settles the window of a page about requests, and gives the page its menus.
func (w *Web) open(r *http.Request, f *frame, query search.Query) (window, error) {
	win, err := readWindow(r)
	if err != nil {
		return win, err
	}
	if win, err = w.settle(r.Context(), win, query, search.ServiceEntrySpans); err != nil {
		return win, err
	}
	f.Menus, err = w.menus(r.Context(), f.Place, win)
	return win, err
}

// EarlierURL is the same page with all that is kept, where its time, which nobody
// has chosen, leaves out what came earlier; else empty.
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

// KeptText says how much is kept, and of how much.
func (f frame) KeptText() string {
	kept := fmt.Sprintf("%s, %s of %s spans", apm.FormatCount(f.Kept.Traces, "trace", "traces"), apm.FormatNumber(f.Kept.Spans), apm.FormatNumber(f.Kept.MaxSpans))
	if f.Kept.MaxBytes > 0 {
		kept += fmt.Sprintf(" and %s of %s MiB", apm.FormatNumber(f.Kept.Bytes>>20), apm.FormatNumber(f.Kept.MaxBytes>>20))
	}
	return kept
}

// Oldest is when the earliest span that is kept began; nil where there is none.
func (f frame) Oldest() *moment { return momentOrNone(f.Kept.Oldest) }

// LostText says what was lost, each kind by its own name.
func (f frame) LostText() string {
	lost := []string{"0 evicted"}
	if f.Kept.EvictedTraces > 0 {
		lost[0] = fmt.Sprintf("%s evicted (%s)", apm.FormatCount(f.Kept.EvictedTraces, "trace", "traces"), apm.FormatCount(f.Kept.EvictedSpans, "span", "spans"))
	}
	if f.Kept.DamagedSpans > 0 {
		lost = append(lost, apm.FormatCount(f.Kept.DamagedSpans, "span", "spans")+" damaged")
	}
	return strings.Join(append(lost, apm.FormatNumber(f.Refused)+" refused"), ", ")
}
