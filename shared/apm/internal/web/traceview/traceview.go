// Package traceview shows one trace: as a flame graph, a list of spans, a waterfall and a
// map, with a panel for the selected span.
package traceview

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
)

//go:embed templates
var templates embed.FS

// pages serves a trace of a site.
type pages struct{ *page.Site }

// Routes returns the page of a trace, and the outline from which its script draws a large
// flame graph.
func Routes(site *page.Site) []page.Route {
	p := pages{site.With(templates, "templates/*.html", template.FuncMap{"text": text})}
	return []page.Route{
		{Pattern: "GET /trace/{id}", Serve: p.showTrace},
		{Pattern: "GET /api/traces/{id}/outline", Serve: p.sendOutline},
	}
}

// A traceRequest is what a reader chose to see of a trace.
type traceRequest struct {
	page.URL
	asked      string // the trace's ID in any form
	View       string // flame, list, waterfall or map
	Find       string // a text to find in spans
	OnlyErrors bool   // show only spans that failed
	allRows    bool   // however many there are
	fromScript bool   // which draws large flame graphs
}

func parseTraceRequest(r *http.Request) (traceRequest, error) {
	const longest = 1000 // bytes
	address := page.URLOf(r)
	request := traceRequest{
		URL: address, asked: r.PathValue("id"), View: "flame", Find: address.Get("find"),
		OnlyErrors: address.Get("errors") == "only", allRows: address.Get("rows") == "all",
		fromScript: r.Header.Get("X-Refresh") != "",
	}
	if view := address.Get("view"); view == "list" || view == "waterfall" || view == "map" {
		request.View = view
	}
	if n := len(request.Find); n > longest {
		return request, page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf(
			"The text to find is too long: %s bytes, the limit is %s.", format.Number(n), format.Number(longest))}
	}
	return request, nil
}

// Tabs returns links to the views.
func (r traceRequest) Tabs() []chart.Choice {
	return []chart.Choice{
		{Title: "Flame Graph", URL: r.With("view", ""), Current: r.View == "flame"},
		{Title: "Span List", URL: r.With("view", "list"), Current: r.View == "list"},
		{Title: "Waterfall", URL: r.With("view", "waterfall"), Current: r.View == "waterfall"},
		{Title: "Map", URL: r.With("view", "map"), Current: r.View == "map"},
	}
}

// A tracePage shows a trace in one of several views.
type tracePage struct {
	page.Frame
	*scene           // of a trace that has arrived
	Asked     string // the trace's ID in the address
	Arrived   bool
	HexID     string
	Heading   string // what the trace is about
	Notes     []string
	Selection *spanPanel // of the selected span; nil without one

	// What the chosen view shows; the others are nil.
	Flame     *flameView
	List      *spanList
	Waterfall *waterfall
	Map       *page.ServiceMap
}

// showTrace serves GET /trace/{id}?view=&span=&find=&errors=&legend=&sort=&rows=&closed=&open=.
func (p pages) showTrace(rw http.ResponseWriter, r *http.Request) error {
	request, err := parseTraceRequest(r)
	if err != nil {
		return err
	}
	trace, found, err := p.Find(r.Context(), request.asked, 1)
	if err != nil {
		return err
	}
	docs := page.Docs{Name: "Trace View", URL: "https://docs.datadoghq.com/tracing/trace_explorer/trace_view/",
		Lacks: "hosts, logs, processes and profiles"}
	data := tracePage{Frame: p.Frame(r, "traces", "Trace "+page.FormatID(trace.ID), docs),
		Asked: request.asked, Arrived: found}
	if !found {
		return p.Render(rw, http.StatusNotFound, "trace.html", data)
	}
	s := newScene(p.Site, trace, request)
	data.scene, data.HexID, data.Notes = s, apm.HexID(trace.IDHigh(), trace.ID), s.notes()
	data.Heading = page.Short(cmp.Or(s.Entry().Resource, s.Entry().Name))
	data.Title = data.Heading + " · Trace"
	if s.chosen >= 0 {
		data.Selection = &spanPanel{s.span(s.chosen)}
	}
	switch request.View {
	case "flame":
		data.Flame = newFlame(s)
	case "list":
		data.List = newSpanList(s)
	case "waterfall":
		data.Waterfall = newWaterfall(s)
	case "map":
		data.Map = newMap(s)
	}
	return p.Render(rw, http.StatusOK, "trace.html", data)
}
