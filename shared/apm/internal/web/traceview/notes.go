package traceview

import (
	"fmt"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// notes returns what is unusual about a trace as a whole.
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
	switch {
	case roots == 0:
		notes = append(notes, "The root span has not arrived. It may still be running, untraced, or sent to another agent.")
	case orphans > 0:
		notes = append(notes, fmt.Sprintf("%s. The missing spans may still be running, untraced, or sent to another agent.", format.Count(orphans, "span has a parent that has not arrived", "spans have parents that have not arrived")))
	}
	for _, wrong := range s.clocks() {
		notes = append(notes, fmt.Sprintf("Clock skew: %s’s clock is about %s. Its spans are shown at the times it reported.", page.Short(wrong.service), page.Skew(wrong.offset)))
	}
	if n := len(s.trace.Resent); n > 0 {
		notes = append(notes, fmt.Sprintf("%s sent more than once. The page shows the last version.", format.Count(n, "span was", "spans were")))
	}
	return notes
}

// A serviceClock is the clock skew of a service, estimated from its spans.
type serviceClock struct {
	service              string
	offset               time.Duration // the largest
	calls, ahead, behind int           // by other services
}

// clocks returns skewed clocks, of at most three services. A span may end after its
// parent for other reasons, so only if all of a service's spans do is its clock ahead.
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

// remarks returns what is unusual about a span.
func (s *scene) remarks(box int) (remarks []string) {
	node, parent := s.flame.Boxes[box].Node, s.parent(box)
	span := node.Span
	if node.Orphan {
		remarks = append(remarks, whyOrphan(span, s.arrived))
	}
	if parent != nil {
		switch offset := apm.ClockOffset(parent, span); {
		case offset < 0:
			remarks = append(remarks, fmt.Sprintf("Starts before its parent: its clock is about %s that of %s.", page.Skew(offset), page.Short(parent.Service)))
		case offset > 0:
			remarks = append(remarks, fmt.Sprintf("Ends after its parent: its clock is about %s of that of %s, or the parent did not wait for it.", page.Skew(offset), page.Short(parent.Service)))
		case span.End() > parent.End():
			remarks = append(remarks, fmt.Sprintf("Ends %s after its parent, which did not wait for it.", format.Duration(time.Duration(span.End()-parent.End()))))
		}
	}
	switch {
	case span.Duration == 0:
		remarks = append(remarks, "Duration 0: an instant, or shorter than the clock’s resolution.")
	case span.Duration < 0:
		remarks = append(remarks, "Negative duration: the clock was set back while the span ran. It is drawn as an instant.")
	}
	if n := s.trace.Resent[span.SpanID]; n > 0 {
		remarks = append(remarks, fmt.Sprintf("Sent %s. The page shows the last version.", format.Count(n+1, "time", "times")))
	}
	return remarks
}

// whyOrphan returns why a span that names a parent is shown as a root.
func whyOrphan(s *apm.Span, arrived map[uint64]bool) string {
	switch {
	case s.ParentID == s.SpanID:
		return "This span names itself as its parent."
	case arrived[s.ParentID]:
		return "This span’s parents form a cycle. The page cuts it here."
	default:
		return fmt.Sprintf("The parent, span %d, has not arrived. It may still be running, untraced, or sent to another agent.", s.ParentID)
	}
}
