package traceview

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A scene is a trace as a reader chose to see it.
type scene struct {
	traceRequest
	apm.Trace
	site    *page.Site
	Length  time.Duration // of the trace
	flame   apm.Flame     // its boxes are all spans, parents first
	exec    map[uint64]time.Duration
	total   time.Duration // of exec
	arrived map[uint64]bool
	search
	choose func(id string) string // returns the address with a span selected
}

func newScene(site *page.Site, trace apm.Trace, request traceRequest) *scene {
	s := &scene{
		traceRequest: request, Trace: trace, site: site,
		Length: trace.Duration(), flame: apm.NewFlame(trace.Tree()), exec: trace.ExecTimes(),
		arrived: make(map[uint64]bool, len(trace.Spans)), search: search{chosen: -1}, choose: request.Each("span"),
	}
	for _, exec := range s.exec {
		s.total += exec
	}
	for _, box := range s.flame.Boxes {
		s.arrived[box.Node.Span.SpanID] = true
	}
	for _, id := range query.ParseIDs(request.Get("span")) {
		if s.chosen < 0 {
			s.chosen = slices.IndexFunc(s.flame.Boxes, func(b apm.Box) bool { return b.Node.Span.SpanID == id.Low })
		}
	}
	s.url = func(box int) string { return s.With("span", s.span(box).ID()) }
	if request.Find != "" || request.OnlyErrors {
		s.find(s.flame.Boxes, request.Find, request.OnlyErrors)
	}
	return s
}

// Entry returns the entry span, as apm.Trace.Entry does.
func (s *scene) Entry() *apm.Span {
	boxes := s.flame.Boxes
	first := slices.IndexFunc(boxes, func(b apm.Box) bool { return b.Parent < 0 && !b.Node.Orphan })
	return boxes[max(0, first)].Node.Span
}

// Breakdown returns each service's part of the execution time.
func (s *scene) Breakdown() page.Breakdown { return s.site.Breakdown(s.SumByService(s.exec)) }

// A spanCount is a number of spans of a service.
type spanCount struct {
	Service page.Service
	Spans   int
}

// SpanCounts counts spans by service. It counts the services past page.MaxParts as one.
func (s *scene) SpanCounts() (counts []spanCount) {
	spans, left := map[string]int{}, len(s.Spans)
	for i := range s.Spans {
		spans[s.Spans[i].Service]++
	}
	services := s.Services()
	for i, name := range services {
		if i == page.MaxParts {
			return append(counts, spanCount{page.OtherServices(len(services) - i), left})
		}
		counts = append(counts, spanCount{s.site.Service(name), spans[name]})
		left -= spans[name]
	}
	return counts
}

// share returns a part of the trace's execution time in percent.
func (s *scene) share(exec time.Duration) float64 {
	if s.total <= 0 {
		return 0
	}
	return 100 * float64(exec) / float64(s.total)
}

// offset returns how long after the trace a span starts, in nanoseconds. It is unsigned:
// the distance of two int64 may be more than an int64 holds.
func (s *scene) offset(span *apm.Span) uint64 { return uint64(span.Start) - uint64(s.Start()) }

// extent returns the start and length of a span in percent of the trace's time axis.
func (s *scene) extent(span *apm.Span) (x, width float64) {
	length := float64(s.Length)
	if length <= 0 {
		return 0, 0
	}
	return 100 * float64(s.offset(span)) / length, 100 * float64(max(0, span.Duration)) / length
}

// A spanView is a span as all views show it, or some spans that are shown as one.
type spanView struct {
	*apm.Span
	scene      *scene
	first, end int // boxes; one for a single span
}

// span returns the view of a box's span.
func (s *scene) span(box int) spanView {
	return spanView{Span: s.flame.Boxes[box].Node.Span, scene: s, first: box, end: box + 1}
}

// ID returns the span's ID.
func (v spanView) ID() string { return page.FormatID(v.SpanID) }

// URL returns the address of the page with the span selected.
func (v spanView) URL() string { return v.scene.choose(v.ID()) }

// Chosen reports whether the span is the selected one.
func (v spanView) Chosen() bool { return v.first == v.scene.chosen }

// Hits returns how many of the spans match the reader's search.
func (v spanView) Hits() (n int) {
	if v.scene.matches == nil {
		return 0
	}
	for _, matches := range v.scene.matches[v.first:v.end] {
		if matches {
			n++
		}
	}
	return n
}

// Dimmed reports whether there is a search that the span doesn't match.
func (v spanView) Dimmed() bool { return v.scene.matches != nil && v.Hits() == 0 }

// Exec returns the span's execution time.
func (v spanView) Exec() time.Duration { return v.scene.exec[v.SpanID] }

// ExecPercent returns the span's share of the trace's execution time.
func (v spanView) ExecPercent() string {
	return strconv.FormatFloat(v.scene.share(v.Exec()), 'f', 1, 64)
}

// Orphan returns why the span is shown as a root although it names a parent, or an empty
// text.
func (v spanView) Orphan() string {
	switch {
	case !v.scene.flame.Boxes[v.first].Node.Orphan:
		return ""
	case v.ParentID == v.SpanID:
		return "This span names itself as its parent."
	case v.scene.arrived[v.ParentID]:
		return "This span’s parents form a cycle. The page cuts it here."
	default:
		return fmt.Sprintf("The parent, span %d, has not arrived. "+
			"It may still be running, untraced, or sent to another agent.", v.ParentID)
	}
}

// parent returns the span's parent; nil for a root.
func (v spanView) parent() *apm.Span {
	if at := v.scene.flame.Boxes[v.first].Parent; at >= 0 {
		return v.scene.flame.Boxes[at].Node.Span
	}
	return nil
}

// clockOffset returns how far the clock of the span's host seems to be ahead of its
// parent's.
func (v spanView) clockOffset() time.Duration {
	if parent := v.parent(); parent != nil {
		return apm.ClockOffset(parent, v.Span)
	}
	return 0
}

// Skew returns how far the clock of the span's host seems to be off; empty if it isn't.
func (v spanView) Skew() string {
	if offset := v.clockOffset(); offset != 0 {
		return "clock " + page.Skew(offset) + "?"
	}
	return ""
}

// Remarks returns what is unusual about the span.
func (v spanView) Remarks() (remarks []string) {
	if orphan := v.Orphan(); orphan != "" {
		remarks = append(remarks, orphan)
	}
	if parent := v.parent(); parent != nil {
		name := page.Short(parent.Service)
		switch offset := v.clockOffset(); {
		case offset < 0:
			remarks = append(remarks, fmt.Sprintf("Starts before its parent: its clock is about %s that of %s.",
				page.Skew(offset), name))
		case offset > 0:
			remarks = append(remarks, fmt.Sprintf("Ends after its parent: its clock is about %s of that of %s, "+
				"or the parent did not wait for it.", page.Skew(offset), name))
		case v.End() > parent.End():
			remarks = append(remarks, fmt.Sprintf("Ends %s after its parent, which did not wait for it.",
				format.Duration(time.Duration(v.End()-parent.End()))))
		}
	}
	switch {
	case v.Duration == 0:
		remarks = append(remarks, "Duration 0: an instant, or shorter than the clock’s resolution.")
	case v.Duration < 0:
		remarks = append(remarks, "Negative duration: the clock was set back while the span ran. "+
			"It is drawn as an instant.")
	}
	if n := v.scene.Resent[v.SpanID]; n > 0 {
		remarks = append(remarks, fmt.Sprintf("Sent %s. The page shows the last version.",
			format.Count(n+1, "time", "times")))
	}
	return remarks
}

// Label returns a short text for what the span did.
func (v spanView) Label() string {
	const longest = 120 // bytes; nothing is wider than a page
	if v.Resource != "" && v.Resource != v.Name {
		return format.Shorten(v.Resource, longest)
	}
	if detail := v.Detail(); detail != "" {
		return format.Shorten(v.Name+" "+detail, longest)
	}
	return format.Shorten(v.Name, longest)
}
