package traceview

import (
	"cmp"
	"net/http"
	"thinker/shared/apm"
	"thinker/shared/apm/internal/web/page"
)

// tracePage shows one trace in one of several views.
type tracePage struct {
	page.Frame
	ID, HexID string
	Asked     string // the ID in the address
	Arrived   bool
	Truncated int // stored spans that are too many to show
	Notes     []string

	Entry      *apm.Span
	Heading    string // resource of the entry span
	StatusCode string // of its HTTP response
	Service    page.Service
	Date       page.Moment
	Duration   page.Amount
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
	Map       *page.ServiceMap
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
func (w room) traceViews() []traceView {
	return []traceView{
		{"flame", "Flame Graph", func(p *tracePage, s *scene, r *http.Request) { p.Flame = w.flame(s, r) }},
		{"list", "Span List", func(p *tracePage, s *scene, _ *http.Request) { p.List = w.spanList(s) }},
		{"waterfall", "Waterfall", func(p *tracePage, s *scene, _ *http.Request) { p.Waterfall = w.waterfall(s) }},
		{"map", "Map", func(p *tracePage, s *scene, _ *http.Request) { p.Map = w.traceMap(s.trace, s.longestOf()) }},
	}
}

// showTrace serves GET /trace/{id}, with choices.
func (w room) showTrace(rw http.ResponseWriter, r *http.Request) error {
	trace, found, err := w.Find(r.Context(), r.PathValue("id"), 1)
	if err != nil {
		return err
	}
	chosen, err := readChoices(r)
	if err != nil {
		return err
	}
	data := tracePage{
		Frame: w.Frame(r, "traces", "Trace "+page.FormatID(trace.ID), page.Docs{
			Name: "Trace View", URL: "https://docs.datadoghq.com/tracing/trace_explorer/trace_view/", Lacks: "hosts, logs, processes and profiles",
		}),
		ID:      page.FormatID(trace.ID),
		HexID:   apm.HexID(trace.IDHigh(), trace.ID),
		Asked:   r.PathValue("id"),
		Arrived: found,
	}
	if !found {
		return w.Render(rw, http.StatusNotFound, "trace.html", data)
	}
	s := newScene(trace, chosen)
	w.head(&data, s)
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
		data.Tabs = append(data.Tabs, tab{other.title, chosen.With(byView, name), other.name == view.name})
	}
	view.fill(&data, s, r)
	return w.Render(rw, http.StatusOK, "trace.html", data)
}

// head fills in the content above and below every view.
func (w room) head(data *tracePage, s *scene) {
	data.Truncated = s.trace.Truncated
	data.Notes = s.notes()
	data.Entry = s.entry()
	data.Heading = page.Short(cmp.Or(data.Entry.Resource, data.Entry.Name))
	data.StatusCode = page.Short(data.Entry.StatusCode())
	data.Title = data.Heading + " · Trace"
	data.Service = w.Service(data.Entry.Service)
	data.Date = page.MomentOf(s.trace.Start())
	data.Duration = page.Duration(s.length)
	data.Spans = len(s.trace.Spans)
	data.Services = len(s.trace.Services())
	data.Errors = s.trace.Errors()
	data.Legend = w.legend(s)
	data.Finding = s.finding()
	data.CloseURL = s.With(bySpan, "")
	if s.chosen >= 0 {
		data.Panel = w.panel(s, s.chosen)
	}
}
