// Package compare finds the matching spans of two traces.
package compare

import (
	"slices"
	"time"

	"thinker/shared/apm"
)

// A Place is a span of trace A and its counterpart in trace B, or a span that only one of
// them has, in a tree of both.
type Place struct {
	Sides  [2]Side // of A and B
	Parent int     // index of the place above; −1 for a root
	Level  int     // 0 for a root
}

// A Side is a place's span in one trace.
type Side struct {
	*apm.Node               // nil if the trace has no such span
	Exec      time.Duration // execution time
}

// Align lays two traces over one another. Each span of either is in one place; parents
// come before children, and siblings in order of start.
//
// Counterparts have counterparts for parents, and the same service, operation and
// resource. Among siblings, they match in the same order as far as possible, then the
// first that is left matches the first. Two spans that differ only in their resource match
// if there is no other. A span that was inserted between a parent and its children has no
// counterpart, but the children keep theirs.
//
// If A and B change places, the result is the same, the other way round. The time is
// proportional to the number of spans: large groups of siblings aren't matched by order.
// See decisions/compare-by-structure.md.
func Align(a, b apm.Trace) []Place {
	exec := [2]map[uint64]time.Duration{a.ExecTimes(), b.ExecTimes()}
	places := make([]Place, 0, max(len(a.Spans), len(b.Spans)))
	// A stack of matches rather than recursion: a trace may be as deep as it has spans.
	type waiting struct {
		match
		parent int
	}
	var stack []waiting
	push := func(below [2][]*apm.Node, parent int) {
		for _, m := range slices.Backward(matchSiblings(below)) {
			stack = append(stack, waiting{m, parent})
		}
	}
	push([2][]*apm.Node{a.Tree(), b.Tree()}, -1)
	for len(stack) > 0 {
		next := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		place := Place{Parent: next.parent}
		if next.parent >= 0 {
			place.Level = places[next.parent].Level + 1
		}
		for i, node := range next.nodes {
			if node != nil {
				place.Sides[i] = Side{node, exec[i][node.Span.SpanID]}
			}
		}
		places = append(places, place)
		push(next.below, len(places)-1)
	}
	return places
}

// Span returns the place's span: B's or, if B has none, A's.
func (p *Place) Span() *apm.Span {
	if p.OnlyA() {
		return p.Sides[0].Span
	}
	return p.Sides[1].Span
}

// OnlyA reports whether B has no such span.
func (p *Place) OnlyA() bool { return p.Sides[1].Node == nil }

// OnlyB reports whether A has no such span.
func (p *Place) OnlyB() bool { return p.Sides[0].Node == nil }

// OtherResource reports whether the resources of counterparts differ.
func (p *Place) OtherResource() bool {
	return !p.OnlyA() && !p.OnlyB() && p.Sides[0].Span.Resource != p.Sides[1].Span.Resource
}

// Duration returns how long the span took, at least 0, or 0 without a span.
func (s Side) Duration() time.Duration {
	if s.Node == nil {
		return 0
	}
	return max(0, s.Span.Duration)
}

// Failed reports whether there is a span that failed.
func (s Side) Failed() bool { return s.Node != nil && s.Span.Error }
