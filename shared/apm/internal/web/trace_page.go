package web

import (
	"cmp"
	"net/http"

	"thinker/shared/apm"
)

// tracePage shows one trace in one of several views.
type tracePage struct {
	frame
	ID, HexID string
	Asked     string // the ID in the address
	Arrived   bool
	Truncated int // stored spans that are too many to show
	Notes     []string

	Entry      *apm.Span
	Heading    string // resource of the entry span
	StatusCode string // of its HTTP response
	Service    service
	Date       moment
	Duration   amount
	Spans      int
	Services   int
	Errors     int
	Legend     legend
	Tabs       []tab
	Finding    finding
	Panel      *panel // of the selected span
	CloseURL   string

	// What the chosen tab shows; the others are nil.
	Flame     *flameView
	List      *spanList
	Waterfall *waterfall
	Map       *serviceMap
}

// A tab links to a view of the trace.
type tab struct {
	Name, URL string
	Chosen    bool
}

// A traceView is a view of a trace.
type traceView struct {
	name  string // in the address
	title string // on its tab
	fill  func(*tracePage, *scene, *http.Request)
}

// traceViews returns all views; the first is the default.
func (w *Web) traceViews() []traceView {
	return []traceView{
		{"flame", "Flame Graph", func(p *tracePage, s *scene, r *http.Request) { p.Flame = w.flame(s, r) }},
		{"list", "Span List", func(p *tracePage, s *scene, _ *http.Request) { p.List = w.spanList(s) }},
		{"waterfall", "Waterfall", func(p *tracePage, s *scene, _ *http.Request) { p.Waterfall = w.waterfall(s) }},
		{"map", "Map", func(p *tracePage, s *scene, _ *http.Request) { p.Map = w.traceMap(s.trace, s.longestOf()) }},
	}
}

// showTrace serves GET /trace/{id}, with choices.
func (w *Web) showTrace(rw http.ResponseWriter, r *http.Request) error {
	trace, found, err := w.find(r.Context(), r.PathValue("id"), 1)
	if err != nil {
		return err
	}
	chosen, err := readChoices(r)
	if err != nil {
		return err
	}
	page := tracePage{
		frame: w.frame(r, "traces", "Trace "+decimal(trace.ID), docs{
			"Trace View", "https://docs.datadoghq.com/tracing/trace_explorer/trace_view/", "hosts, logs, processes and profiles",
		}),
		ID:      decimal(trace.ID),
		HexID:   apm.HexID(trace.IDHigh(), trace.ID),
		Asked:   r.PathValue("id"),
		Arrived: found,
	}
	if !found {
		return w.render(rw, http.StatusNotFound, "trace.html", page)
	}
	s := newScene(trace, chosen)
	w.head(&page, s)
	views := w.traceViews()
	view := views[0]
	for _, other := range views {
		if other.name == chosen.Get(byView) {
			view = other
		}
	}
	for i, other := range views {
		name := other.name
		if i == 0 {
			name = ""
		}
		page.Tabs = append(page.Tabs, tab{other.title, chosen.With(byView, name), other.name == view.name})
	}
	view.fill(&page, s, r)
	return w.render(rw, http.StatusOK, "trace.html", page)
}

// head fills in the content above and below every view.
func (w *Web) head(page *tracePage, s *scene) {
	page.Truncated = s.trace.Truncated
	page.Notes = s.notes()
	page.Entry = s.entry()
	page.Heading = short(cmp.Or(page.Entry.Resource, page.Entry.Name))
	page.StatusCode = short(page.Entry.StatusCode())
	page.Title = page.Heading + " · Trace"
	page.Service = w.service(page.Entry.Service)
	page.Date = momentOf(s.trace.Start())
	page.Duration = duration(s.length)
	page.Spans = len(s.trace.Spans)
	page.Services = len(s.trace.Services())
	page.Errors = s.trace.Errors()
	page.Legend = w.legend(s)
	page.Finding = s.finding()
	page.CloseURL = s.With(bySpan, "")
	if s.chosen >= 0 {
		page.Panel = w.panel(s, s.chosen)
	}
}
