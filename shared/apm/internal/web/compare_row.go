package web

import (
	"fmt"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// A comparedRow is a span of two traces, or of one of them, or alike siblings
// together.
type comparedRow struct {
	Level    int    // in the tree, from 1
	Indent   int    // pixels
	Count    string // of alike siblings; empty for one span
	Service  service
	Name     string
	Detail   string // what it worked on; empty where the name says it all
	Was      string // what A's worked on, where that is another thing
	Orphan   bool   // the parent of one of them is missing
	A, B     *figure
	Duration change
	Exec     change // of the execution time
	Marks    string // what differs, in words
	Failures string // which spans failed, and where
}

// A figure is a duration that leads to its span.
type figure struct {
	Duration amount
	URL      string // empty for that of many spans
}

// A change is by how much B's time differs from A's.
type change struct {
	amount          // with its sign
	More, Much bool // B's is longer; the difference is more than what counts as equal
	X, Width   string
}

// limits are what differences are measured by.
type limits struct {
	equal time.Duration // up to this they count as none
	whole time.Duration // a bar of this reaches from the middle to the end
}

// comparedRow writes a row; its links are in the environment and time of p.
func (w *Web) comparedRow(p place, sum comparedSum, l limits) comparedRow {
	pair, s := sum.first, sum.first.Span()
	row := comparedRow{
		Level:    pair.Level + 1,
		Indent:   indent(pair.Level),
		Service:  w.service(s.Service),
		Name:     short(s.Name),
		Detail:   short(s.Detail()),
		Orphan:   pair.A != nil && pair.A.Orphan || pair.B != nil && pair.B.Orphan,
		Duration: l.change(sum.a, sum.b),
		Exec:     l.change(sum.execA, sum.execB),
		Marks:    strings.Join(sum.marks(l), ", "),
		Failures: strings.Join(sum.failures(), ", "),
	}
	switch {
	case sum.folded:
		row.Count = fmt.Sprintf("%s × in A, %s × in B:", format.Number(sum.inA), format.Number(sum.inB))
		if sum.inA == sum.inB {
			row.Count = format.Number(sum.inA) + " × in both:"
		}
		row.Detail = ""
		if s.Resource != s.Name {
			row.Detail = short(s.Resource)
		}
	case pair.A != nil && pair.B != nil && pair.A.Span.Detail() != s.Detail():
		row.Was = short(pair.A.Span.Detail())
	}
	if sum.inA > 0 {
		row.A = sum.figure(p, pair.A, sum.a)
	}
	if sum.inB > 0 {
		row.B = sum.figure(p, pair.B, sum.b)
	}
	return row
}

func (s *comparedSum) figure(p place, node *apm.Node, d time.Duration) *figure {
	f := &figure{Duration: duration(d)}
	if !s.folded {
		f.URL = p.traceURL(node.Span.TraceID, node.Span.SpanID)
	}
	return f
}

func (l limits) change(a, b time.Duration) change {
	difference := b - a
	length := max(difference, -difference)
	c := change{amount: orNothing(difference), More: difference > 0, Much: length > l.equal}
	if c.More {
		c.Value = "+" + c.Value
	}
	const middle = 50
	width := 0.0
	if l.whole > 0 {
		width = min(middle, middle*float64(length)/float64(l.whole))
	}
	x := float64(middle)
	if !c.More {
		x -= width
	}
	c.X, c.Width = coordinate(x), coordinate(width)
	return c
}

// marks say in words what differs.
func (s *comparedSum) marks(l limits) (marks []string) {
	switch {
	case s.folded:
		if s.gone > 0 {
			marks = append(marks, format.Count(s.gone, "span", "spans")+" only in A")
		}
		if s.added > 0 {
			marks = append(marks, format.Count(s.added, "span", "spans")+" only in B")
		}
	case s.first.Gone():
		return []string{"only in A"}
	case s.first.Added():
		return []string{"only in B"}
	}
	if s.first.OtherResource() {
		marks = append(marks, "different resource")
	}
	switch {
	case s.b-s.a > l.equal:
		marks = append(marks, "slower")
	case s.a-s.b > l.equal:
		marks = append(marks, "faster")
	}
	return marks
}

// failures say which spans failed, and where.
func (s *comparedSum) failures() (failures []string) {
	where := []string{"only in A", "only in B", "in both"}
	for i, n := range []int{s.errors.onlyA, s.errors.onlyB, s.errors.both} {
		switch {
		case n == 0:
		case s.folded:
			failures = append(failures, format.Count(n, "error", "errors")+" "+where[i])
		case s.first.Gone() || s.first.Added():
			failures = append(failures, "Error")
		default:
			failures = append(failures, "Error "+where[i])
		}
	}
	return failures
}
