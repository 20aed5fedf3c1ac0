package web

import (
	"fmt"
	"time"

	"thinker/shared/apm"
)

// notes say in words what is odd about a trace as a whole.
func (s *scene) notes() (notes []string) {
	roots, orphans := 0, 0
	for _, box := range s.flame.Boxes {
		switch {
		case box.Node.Orphan:
			orphans++
		case box.Parent < 0:
			roots++
		}
	}
	stand := "stands"
	if orphans > 1 {
		stand = "stand"
	}
	switch {
	case roots == 0:
		notes = append(notes, fmt.Sprintf("The trace's root has not arrived. It may still be running, have been sent elsewhere, or not be traced. What is here %s below a dashed line.", stand))
	case orphans > 0:
		notes = append(notes, fmt.Sprintf("%s %s below a dashed line, as the parent is missing.", apm.FormatCount(orphans, "span", "spans"), stand))
	}
	for _, wrong := range s.clocks() {
		notes = append(notes, fmt.Sprintf("The clock of %s seems to be %s: its spans are shown where it says.", short(wrong.service), clock(wrong.offset)))
	}
	if n := len(s.trace.Resent); n > 0 {
		notes = append(notes, fmt.Sprintf("%s sent more than once; what came last is shown.", apm.FormatCount(n, "span was", "spans were")))
	}
	return notes
}

// A serviceClock is what a service's spans tell of its clock.
type serviceClock struct {
	service              string
	offset               time.Duration // the largest
	calls, ahead, behind int           // by other services
}

// clocks are those that seem to be wrong, of at most three services. A span may
// end after its parent for other reasons: that tells of a clock only where
// all do.
func (s *scene) clocks() (wrong []serviceClock) {
	var (
		clocks []*serviceClock
		of     = map[string]*serviceClock{}
	)
	for i, box := range s.flame.Boxes {
		parent, span := s.parent(i), box.Node.Span
		if parent == nil || parent.Service == span.Service {
			continue
		}
		c := of[span.Service]
		if c == nil {
			c = &serviceClock{service: span.Service}
			of[span.Service] = c
			clocks = append(clocks, c)
		}
		c.calls++
		offset := apm.ClockOffset(parent, span)
		if offset > 0 {
			c.ahead++
		} else if offset < 0 {
			c.behind++
		}
		if offset.Abs() > c.offset.Abs() && (offset < 0 || c.behind == 0) {
			c.offset = offset
		}
	}
	for _, c := range clocks {
		if len(wrong) < 3 && (c.behind > 0 || c.ahead == c.calls) {
			wrong = append(wrong, *c)
		}
	}
	return wrong
}

// remarks say the same of one span.
func (s *scene) remarks(box int) (remarks []string) {
	node, parent := s.flame.Boxes[box].Node, s.parent(box)
	span := node.Span
	if node.Orphan {
		remarks = append(remarks, whyOrphan(span, s.arrived))
	}
	if parent != nil {
		switch offset := apm.ClockOffset(parent, span); {
		case offset < 0:
			remarks = append(remarks, fmt.Sprintf("It begins before its parent: its clock seems to be %s that of %s.", clock(offset), short(parent.Service)))
		case offset > 0:
			remarks = append(remarks, fmt.Sprintf("It ends after its parent: its clock seems to be %s of that of %s, or it went on by itself.", clock(offset), short(parent.Service)))
		case span.End() > parent.End():
			remarks = append(remarks, fmt.Sprintf("It ends %s after its parent, which did not wait for it.", apm.FormatDuration(time.Duration(span.End()-parent.End()))))
		}
	}
	switch {
	case span.Duration == 0:
		remarks = append(remarks, "Its duration is 0: it marks a moment, or was over before the clock moved on.")
	case span.Duration < 0:
		remarks = append(remarks, "Its duration is less than 0: the clock was set back while it ran. It is drawn as a moment.")
	}
	if n := s.trace.Resent[span.SpanID]; n > 0 {
		remarks = append(remarks, fmt.Sprintf("It was sent %s; what came last is shown.", apm.FormatCount(n+1, "time", "times")))
	}
	return remarks
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
