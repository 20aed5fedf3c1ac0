package compare

import (
	"slices"
	"time"

	"thinker/shared/apm"
)

// A Place is where a span of one trace stands when two are laid over one
// another, A below and B above, together with its counterpart in the other.
type Place struct {
	A, B         *apm.Node     // nil where that trace has no such span; never both
	Parent       int           // index of the place above; -1 for a root
	Level        int           // 0 for a root
	ExecA, ExecB time.Duration // execution time; 0 where there is no span
}

// Align lays two traces over one another. Each span of either is in one place;
// parents come before children, and siblings in order of start.
//
// Counterparts have counterparts for parents, and the same service, operation
// and resource: in the order of the siblings as far as that goes, and then the
// first that is left with the first. If all but the resource is the same, and
// there is no other, they are counterparts, too. A span that slips in between a
// parent and its children has none, but these keep theirs.
//
// What becomes of A and B when they change places is the same, the other way
// round. It takes time in proportion to the spans, as large groups of siblings
// are not compared by their order.
func Align(a, b apm.Trace) []Place {
	execA, execB := a.ExecTimes(), b.ExecTimes()
	places := make([]Place, 0, max(len(a.Spans), len(b.Spans)))
	// A stack of what has its place still to come, rather than recursion: a trace
	// may be as deep as it has spans.
	type waiting struct {
		match
		parent int
	}
	var stack []waiting
	push := func(as, bs []*apm.Node, parent int) {
		for _, m := range slices.Backward(matchSiblings(as, bs)) {
			stack = append(stack, waiting{m, parent})
		}
	}
	push(a.Tree(), b.Tree(), -1)
	for len(stack) > 0 {
		next := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		place := Place{A: next.a, B: next.b, Parent: next.parent}
		if next.parent >= 0 {
			place.Level = places[next.parent].Level + 1
		}
		if place.A != nil {
			place.ExecA = execA[place.A.Span.SpanID]
		}
		if place.B != nil {
			place.ExecB = execB[place.B.Span.SpanID]
		}
		places = append(places, place)
		push(next.belowA, next.belowB, len(places)-1)
	}
	return places
}

// Span is the place's span: B's, or A's where there is no other.
func (p *Place) Span() *apm.Span {
	if p.B != nil {
		return p.B.Span
	}
	return p.A.Span
}

// Added tells whether the span is in B alone.
func (p *Place) Added() bool { return p.A == nil }

// Gone tells whether the span is in A alone.
func (p *Place) Gone() bool { return p.B == nil }

// Durations are how long the two took, at least 0; 0 where there is no span.
func (p *Place) Durations() (a, b time.Duration) {
	if p.A != nil {
		a = max(0, p.A.Span.Duration)
	}
	if p.B != nil {
		b = max(0, p.B.Span.Duration)
	}
	return a, b
}

// Errors tells which of the two failed.
func (p *Place) Errors() (a, b bool) {
	return p.A != nil && p.A.Span.Error, p.B != nil && p.B.Span.Error
}

// OtherResource tells whether the counterparts worked on different things.
func (p *Place) OtherResource() bool {
	return p.A != nil && p.B != nil && p.A.Span.Resource != p.B.Span.Resource
}
