package comparison

import (
	"fmt"
	"slices"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/compare"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"time"
)

const (
	maxComparedRows = 500 // of a page, unless the reader asks for all
	maxAlike        = 5   // siblings of one kind with a row each, unless the reader asks for all
)

// A treeCompared shows the spans of two traces as one tree.
type treeCompared struct {
	Rows      []comparedRow
	Changes   bool        // the page shows only spans that differ, and their ancestors
	Unchanged int         // rows left out because nothing differs
	Hidden    int         // rows past the limit
	Tolerance page.Amount // the largest difference of times that counts as equal

	Showing              []chart.Choice // all spans, or only changes
	Folding              []chart.Choice // one row for similar siblings, or one per span; empty if there are none
	ChangesURL, EveryURL string
	AllURL               string // of the page with all rows
}

// A comparedRow is a span of A, of B or of both, or similar siblings.
type comparedRow struct {
	Level    int    // in the tree, from 1
	Indent   int    // pixels
	Count    string // of similar siblings; empty for one span
	Service  page.Service
	Name     string
	Detail   string // what it worked on; empty if the name says it all
	Was      string // what A's span worked on, if that differs
	Orphan   bool   // a parent is missing
	A, B     *figure
	Duration change
	Exec     change // of the execution time
	Marks    string // what differs, in words
	Failures string // which spans failed
}

// A figure is a duration that links to its span.
type figure struct {
	Duration page.Amount
	URL      string // empty for several spans
}

// treeCompared returns the rows that the reader chose to see.
func (w room) treeCompared(p page.URL, a, b apm.Trace, places []compare.Place) treeCompared {
	scale := scale{tolerance(a, b), max(a.Duration(), b.Duration())}
	tree := treeCompared{
		Changes:    p.Get("show") == "changes",
		Tolerance:  page.Duration(scale.equal),
		ChangesURL: p.With("show", "changes"),
		EveryURL:   p.With("show", ""),
		AllURL:     p.With("rows", "all"),
	}
	tree.Showing = []chart.Choice{
		{Title: "All spans", URL: tree.EveryURL, Current: !tree.Changes},
		{Title: "Only changes", URL: tree.ChangesURL, Current: tree.Changes},
	}
	unfolded := p.Get("fold") == "no"
	sums := sumRows(places, !unfolded)
	if unfolded || slices.ContainsFunc(sums, func(s comparedSum) bool { return s.folded }) {
		tree.Folding = []chart.Choice{
			{Title: "Group similar siblings", URL: p.With("fold", ""), Current: !unfolded},
			{Title: "One row per span", URL: p.With("fold", "no"), Current: unfolded},
		}
	}
	shown := make([]bool, len(sums))
	for i, sum := range slices.Backward(sums) { // children come before their parents
		shown[i] = shown[i] || !tree.Changes || sum.differs(scale.equal)
		if shown[i] && sum.parent >= 0 {
			shown[sum.parent] = true
		}
	}
	for i, sum := range sums {
		switch {
		case !shown[i]:
			tree.Unchanged++
		case len(tree.Rows) == maxComparedRows && p.Get("rows") != "all":
			tree.Hidden++
		default:
			tree.Rows = append(tree.Rows, w.comparedRow(p, sum, scale))
		}
	}
	return tree
}

// comparedRow formats a row. Its links keep the environment and the time range of p.
func (w room) comparedRow(p page.URL, sum comparedSum, scale scale) comparedRow {
	pair, s := sum.first, sum.first.Span()
	row := comparedRow{
		Level:    pair.Level + 1,
		Indent:   page.Indent(pair.Level),
		Service:  w.Service(s.Service),
		Name:     page.Short(s.Name),
		Detail:   page.Short(s.Detail()),
		Orphan:   pair.A != nil && pair.A.Orphan || pair.B != nil && pair.B.Orphan,
		Duration: scale.change(sum.a, sum.b),
		Exec:     scale.change(sum.execA, sum.execB),
		Marks:    strings.Join(sum.marks(scale.equal), ", "),
		Failures: strings.Join(sum.failures(), ", "),
	}
	if sum.inA > 0 {
		row.A = &figure{Duration: page.Duration(sum.a)}
	}
	if sum.inB > 0 {
		row.B = &figure{Duration: page.Duration(sum.b)}
	}
	if sum.folded {
		row.Count = fmt.Sprintf("%s × in A, %s × in B:", format.Number(sum.inA), format.Number(sum.inB))
		if sum.inA == sum.inB {
			row.Count = format.Number(sum.inA) + " × in both:"
		}
		row.Detail = ""
		if s.Resource != s.Name {
			row.Detail = page.Short(s.Resource)
		}
		return row
	}
	if row.A != nil {
		row.A.URL = p.TraceURL(pair.A.Span.TraceID, pair.A.Span.SpanID)
	}
	if row.B != nil {
		row.B.URL = p.TraceURL(pair.B.Span.TraceID, pair.B.Span.SpanID)
	}
	if row.A != nil && row.B != nil && pair.A.Span.Detail() != s.Detail() {
		row.Was = page.Short(pair.A.Span.Detail())
	}
	return row
}

// A comparedSum holds the figures of a row: of one place in the tree, or of similar
// siblings and everything below them.
type comparedSum struct {
	first        *compare.Place
	parent       int // the row above; -1 for none
	folded       bool
	inA, inB     int           // spans, without those below
	a, b         time.Duration // of these spans
	execA, execB time.Duration
	added, gone  int // including spans below, as are errors
	errors       struct{ onlyA, onlyB, both int }
}

// sumRows returns a row for each place or, with fold, one for many similar siblings and
// everything below them.
func sumRows(places []compare.Place, fold bool) (sums []comparedSum) {
	type kind struct {
		parent                  int
		service, name, resource string
	}
	kindOf := func(p *compare.Place) kind {
		s := p.Span()
		return kind{p.Parent, s.Service, s.Name, s.Resource}
	}
	alike := map[kind]int{}
	for i := range places {
		alike[kindOf(&places[i])]++
	}
	rowOf := make([]int, len(places))
	folded := map[kind]int{} // the row of similar siblings
	for i := range places {
		p := &places[i]
		parent := -1
		if p.Parent >= 0 {
			parent = rowOf[p.Parent]
		}
		if parent >= 0 && sums[parent].folded {
			rowOf[i] = parent
			sums[parent].addBelow(p)
			continue
		}
		row, exists := folded[kindOf(p)]
		if !exists {
			row = len(sums)
			sums = append(sums, comparedSum{first: p, parent: parent, folded: fold && alike[kindOf(p)] > maxAlike})
			if sums[row].folded {
				folded[kindOf(p)] = row
			}
		}
		rowOf[i] = row
		sums[row].add(p)
	}
	return sums
}

// add counts a place of the row itself.
func (s *comparedSum) add(p *compare.Place) {
	a, b := p.Durations()
	s.a, s.b = apm.Plus(s.a, a), apm.Plus(s.b, b)
	if p.A != nil {
		s.inA++
	}
	if p.B != nil {
		s.inB++
	}
	s.addBelow(p)
}

// addBelow counts a place that is folded into the row.
func (s *comparedSum) addBelow(p *compare.Place) {
	s.execA, s.execB = apm.Plus(s.execA, p.ExecA), apm.Plus(s.execB, p.ExecB)
	if p.Added() {
		s.added++
	}
	if p.Gone() {
		s.gone++
	}
	switch a, b := p.Errors(); {
	case a && b:
		s.errors.both++
	case a:
		s.errors.onlyA++
	case b:
		s.errors.onlyB++
	}
}

// differs reports whether A and B differ here by more than times that count as equal.
func (s *comparedSum) differs(equal time.Duration) bool {
	return s.added+s.gone+s.errors.onlyA+s.errors.onlyB > 0 || s.first.OtherResource() ||
		(s.a-s.b).Abs() > equal || (s.execA-s.execB).Abs() > equal
}

// marks returns what differs, in words.
func (s *comparedSum) marks(equal time.Duration) (marks []string) {
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
	case s.b-s.a > equal:
		marks = append(marks, "slower")
	case s.a-s.b > equal:
		marks = append(marks, "faster")
	}
	return marks
}

// failures returns which spans failed, in words.
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
