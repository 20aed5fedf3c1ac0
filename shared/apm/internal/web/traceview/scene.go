package traceview

import (
	"slices"
	"thinker/shared/apm"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// A scene is a trace with the data that all views need.
type scene struct {
	page.URL
	trace   apm.Trace
	length  time.Duration // of the trace
	flame   apm.Flame     // its boxes are all spans, parents first
	exec    map[uint64]time.Duration
	total   time.Duration // of exec
	arrived map[uint64]bool
	chosen  int // box of the selected span; −1 for none
	found   found
}

func newScene(trace apm.Trace, p page.URL) *scene {
	s := &scene{
		URL:     p,
		trace:   trace,
		length:  trace.Duration(),
		flame:   apm.NewFlame(trace.Tree()),
		exec:    trace.ExecTimes(),
		arrived: make(map[uint64]bool, len(trace.Spans)),
		chosen:  -1,
	}
	for _, exec := range s.exec {
		s.total += exec
	}
	for _, box := range s.flame.Boxes {
		s.arrived[box.Node.Span.SpanID] = true
	}
	for _, id := range query.ParseIDs(p.Get(bySpan)) {
		s.chosen = slices.IndexFunc(s.flame.Boxes, func(box apm.Box) bool { return box.Node.Span.SpanID == id.Low })
		if s.chosen >= 0 {
			break
		}
	}
	s.found = find(s.flame.Boxes, p.Get(byFind), p.Get(byErrors) == "only")
	return s
}

// entry returns the entry span, as apm.Trace.Entry does.
func (s *scene) entry() *apm.Span {
	first := s.flame.Boxes[0].Node
	for _, box := range s.flame.Boxes {
		if box.Parent < 0 && !box.Node.Orphan {
			return box.Node.Span
		}
	}
	return first.Span
}

// parent returns the parent of a box's span; nil for a root.
func (s *scene) parent(box int) *apm.Span {
	if at := s.flame.Boxes[box].Parent; at >= 0 {
		return s.flame.Boxes[at].Node.Span
	}
	return nil
}

// share returns a span's part of the trace's execution time, in percent.
func (s *scene) share(exec time.Duration) float64 {
	if s.total <= 0 {
		return 0
	}
	return 100 * float64(exec) / float64(s.total)
}

// extent returns the start and length of a span in percent of the trace's time axis.
func (s *scene) extent(span *apm.Span) (x, width float64) {
	length := float64(s.length)
	if length <= 0 {
		return 0, 0
	}
	// Unsigned: the distance of two int64 may be more than an int64 holds.
	offset := float64(uint64(span.Start) - uint64(s.trace.Start()))
	return 100 * offset / length, 100 * float64(max(0, span.Duration)) / length
}
