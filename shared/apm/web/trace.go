package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"thinker/shared/apm"
)

// maxRows is how many spans a trace's page shows unless it is asked for all:
// browsers become slow over more.
const maxRows = 2000

// tracePage is one trace as a tree, with a bar for each span's time.
type tracePage struct {
	frame
	ID, HexID string
	Asked     string // the ID as the reader gave it
	Arrived   bool
	Truncated int // spans that are kept, and too many to be shown

	Entry      *apm.Span
	Heading    string // what the entry span worked on
	StatusCode string // of its HTTP answer
	Service    service
	Date       moment
	Duration   amount
	Spans      int
	Errors     int
	Breakdown  breakdown
	Ticks      []tick
	Rows       []spanRow
	Hidden     int // rows left out
	AllURL     string
	Panel      *panel // of the chosen span
	CloseURL   string
}

type spanRow struct {
	ID       string
	URL      string // of the page with this span chosen
	Chosen   bool
	Level    int // in the tree, from 1
	Indent   int // pixels
	Service  service
	Name     string
	Detail   string // what it worked on; empty where the name says it all
	Duration amount
	Error    bool
	Orphan   string // why it stands among the roots, in words
	X, Width string // of the bar, in percent of the axis
}

// trace serves GET /trace/{id}?span=ID&rows=all.
func (w *Web) trace(rw http.ResponseWriter, r *http.Request) error {
	trace, found, err := w.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	page := tracePage{
		frame:   w.frame(r, "Trace "+decimal(trace.ID)),
		ID:      decimal(trace.ID),
		HexID:   apm.HexID(trace.IDHigh(), trace.ID),
		Asked:   r.PathValue("id"),
		Arrived: found,
	}
	page.Section = "traces"
	page.Docs = docs{"Trace View", "https://docs.datadoghq.com/tracing/trace_explorer/trace_view/"}
	if !found {
		return w.render(rw, http.StatusNotFound, "trace.html", page)
	}

	page.Truncated = trace.Truncated
	page.Entry = trace.Entry()
	page.Heading = short(cmp.Or(page.Entry.Resource, page.Entry.Name))
	page.StatusCode = short(page.Entry.StatusCode())
	page.Title = page.Heading + " · Trace"
	page.Service = w.service(page.Entry.Service)
	page.Date = momentOf(trace.Start())
	page.Duration = duration(trace.Duration())
	page.Spans = len(trace.Spans)
	page.Errors = trace.Errors()
	page.Breakdown = w.breakdown(trace.ServiceTimes())
	page.Ticks = ticks(trace.Duration())

	view := view{path: r.URL.Path, rows: r.URL.Query().Get("rows"), span: r.URL.Query().Get("span")}
	page.CloseURL = view.choose("")
	page.AllURL = viewAll(view)
	w.fill(&page, trace, view)
	return w.render(rw, http.StatusOK, "trace.html", page)
}

// A view is what the reader has chosen to see of a trace; all of it is in the
// page's address.
type view struct{ path, rows, span string }

// choose is the address of the view with a span chosen, or none.
func (v view) choose(span string) string {
	query := url.Values{}
	if v.rows != "" {
		query.Set("rows", v.rows)
	}
	if span != "" {
		query.Set("span", span)
	}
	if len(query) == 0 {
		return v.path
	}
	return v.path + "?" + query.Encode()
}

func viewAll(v view) string {
	v.rows = "all"
	return v.choose(v.span)
}

// fill puts the spans into rows, parents above children, and the chosen one
// into the panel.
func (w *Web) fill(page *tracePage, trace apm.Trace, view view) {
	arrived := make(map[uint64]bool, len(trace.Spans))
	for i := range trace.Spans {
		arrived[trace.Spans[i].SpanID] = true
	}
	start, length := trace.Start(), trace.Duration()
	level := map[uint64]int{}
	roots := trace.Tree()
	for _, root := range roots {
		root.Walk(func(node *apm.Node) {
			s := node.Span
			for _, child := range node.Children {
				level[child.Span.SpanID] = level[s.SpanID] + 1
			}
			id := decimal(s.SpanID)
			chosen := id == view.span
			if chosen {
				page.Panel = w.panel(trace, s)
			}
			if len(page.Rows) == maxRows && view.rows != "all" {
				page.Hidden++
				return
			}
			x, width := position(s, start, length)
			row := spanRow{
				ID:       id,
				URL:      view.choose(id),
				Chosen:   chosen,
				Level:    level[s.SpanID] + 1,
				Indent:   indent(level[s.SpanID]),
				Service:  w.service(s.Service),
				Name:     short(s.Name),
				Detail:   short(s.Detail()),
				Duration: duration(s.Duration),
				Error:    s.Error,
				X:        x,
				Width:    width,
			}
			if node.Orphan {
				row.Orphan = whyOrphan(s, arrived)
			}
			page.Rows = append(page.Rows, row)
		})
	}
}

// indent is how far a row of that level stands in, in pixels. Past sixteen
// levels the step shrinks to nothing, so that deep trees stay on the page.
func indent(level int) int {
	const step, deepest = 14, 16
	return step * min(level, deepest)
}

// position is where a span's bar begins and how long it is, in percent.
func position(s *apm.Span, start int64, length time.Duration) (x, width string) {
	if length <= 0 {
		return coordinate(0), coordinate(0)
	}
	// Unsigned: the distance of two int64 may be more than an int64 holds.
	offset := float64(uint64(s.Start) - uint64(start))
	return coordinate(100 * offset / float64(length)), coordinate(100 * float64(max(0, s.Duration)) / float64(length))
}

// whyOrphan says why a span that names a parent stands among the roots.
func whyOrphan(s *apm.Span, arrived map[uint64]bool) string {
	switch {
	case s.ParentID == s.SpanID:
		return "It names itself as its parent."
	case arrived[s.ParentID]:
		return "Its parents lead in a circle back to itself; the circle is cut open here."
	default:
		return fmt.Sprintf("Its parent has not arrived: no span %d is here. The parent may still be running, have been sent elsewhere, or not be traced.", s.ParentID)
	}
}
