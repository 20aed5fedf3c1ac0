package traceview

import (
	"fmt"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
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
	const why = "may still be running, untraced, or sent to another agent."
	switch {
	case roots == 0:
		notes = append(notes, "The root span has not arrived. It "+why)
	case orphans > 0:
		notes = append(notes, format.Count(orphans, "span has a parent that has not arrived",
			"spans have parents that have not arrived")+". The missing spans "+why)
	}
	for _, c := range s.clocks() {
		notes = append(notes, fmt.Sprintf("Clock skew: %s’s clock is about %s. "+
			"Its spans are shown at the times it reported.", page.Short(c.service), page.Skew(c.offset)))
	}
	if n := len(s.Resent); n > 0 {
		notes = append(notes, format.Count(n, "span was", "spans were")+
			" sent more than once. The page shows the last version.")
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
func (s *scene) clocks() (wrong []*serviceClock) {
	const most = 3
	var clocks []*serviceClock
	clockOf := page.Index(func(service string) { clocks = append(clocks, &serviceClock{service: service}) })
	for i := range s.flame.Boxes {
		span := s.span(i)
		parent := span.parent()
		if parent == nil || parent.Service == span.Service {
			continue
		}
		at := clockOf(span.Service)
		c := clocks[at]
		c.calls++
		offset := apm.ClockOffset(parent, span.Span)
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
		if len(wrong) < most && (c.behind > 0 || c.ahead == c.calls) {
			wrong = append(wrong, c)
		}
	}
	return wrong
}
