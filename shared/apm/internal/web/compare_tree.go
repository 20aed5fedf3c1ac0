package web

import (
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/compare"
	"thinker/shared/apm/internal/web/chart"
)

const (
	mostCompared = 500 // rows of a page, unless it is asked for all
	mostAlike    = 5   // siblings of one kind that each have a row, unless it is asked for all
)

// A treeCompared is two traces' spans as one tree.
type treeCompared struct {
	Rows      []comparedRow
	Changes   bool   // only what differs, and what is above it
	Unchanged int    // rows left out, as nothing differs
	Hidden    int    // rows left out, being too many
	Tolerance amount // up to which times count as equal

	Showing              []chart.Choice // all spans, or the changes alone
	Folding              []chart.Choice // one row for alike siblings, or a row for each; empty where there are none
	ChangesURL, EveryURL string
	AllURL               string // of the page with all rows, however many
}

// A comparedSum is what a row shows: one place, or alike siblings with all that is
// below them.
type comparedSum struct {
	first        *compare.Place
	parent       int // the row above; -1 for none
	folded       bool
	inA, inB     int           // spans, without those below
	a, b         time.Duration // of these
	execA, execB time.Duration
	added, gone  int // with those below, as are errors
	errors       struct{ onlyA, onlyB, both int }
}

// treeCompared makes rows of places, as the reader wants to see them.
func (w *Web) treeCompared(p place, a, b apm.Trace, places []compare.Place) treeCompared {
	tree := treeCompared{
		Changes:    p.Get("show") == "changes",
		Tolerance:  duration(tolerance(a, b)),
		ChangesURL: p.With("show", "changes"),
		EveryURL:   p.With("show", ""),
		AllURL:     p.With("rows", "all"),
	}
	tree.Showing = []chart.Choice{{Title: "All spans", URL: tree.EveryURL, Current: !tree.Changes}, {Title: "Only changes", URL: tree.ChangesURL, Current: tree.Changes}}
	unfolded := p.Get("fold") == "no"
	sums := sumRows(places, !unfolded)
	if unfolded || slices.ContainsFunc(sums, func(s comparedSum) bool { return s.folded }) {
		tree.Folding = []chart.Choice{{Title: "Group similar siblings", URL: p.With("fold", ""), Current: !unfolded}, {Title: "One row per span", URL: p.With("fold", "no"), Current: unfolded}}
	}
	limits := limits{tolerance(a, b), max(a.Duration(), b.Duration())}
	shown := make([]bool, len(sums))
	for i, sum := range slices.Backward(sums) {
		shown[i] = shown[i] || !tree.Changes || sum.differs(limits.equal)
		if shown[i] && sum.parent >= 0 {
			shown[sum.parent] = true
		}
	}
	for i, sum := range sums {
		switch {
		case !shown[i]:
			tree.Unchanged++
		case len(tree.Rows) == mostCompared && p.Get("rows") != "all":
			tree.Hidden++
		default:
			tree.Rows = append(tree.Rows, w.comparedRow(p, sum, limits))
		}
	}
	return tree
}

// sumRows gives each place a row or, if many siblings are alike, all of them one
// with what is below them.
func sumRows(places []compare.Place, fold bool) (sums []comparedSum) {
	type key struct {
		parent                  int
		service, name, resource string
	}
	keyOf := func(p *compare.Place) key {
		s := p.Span()
		return key{p.Parent, s.Service, s.Name, s.Resource}
	}
	alike := map[key]int{}
	for i := range places {
		alike[keyOf(&places[i])]++
	}
	rowOf := make([]int, len(places))
	together := map[key]int{} // the row of alike siblings
	for i := range places {
		p := &places[i]
		parent := -1
		if p.Parent >= 0 {
			parent = rowOf[p.Parent]
		}
		if parent >= 0 && sums[parent].folded {
			rowOf[i] = parent
			sums[parent].add(p, false)
			continue
		}
		k := keyOf(p)
		row, begun := together[k]
		if !begun {
			row = len(sums)
			sums = append(sums, comparedSum{first: p, parent: parent, folded: fold && alike[k] > mostAlike})
			if sums[row].folded {
				together[k] = row
			}
		}
		rowOf[i] = row
		sums[row].add(p, true)
	}
	return sums
}

// add counts a place in: one of the row's own, or one below them.
func (s *comparedSum) add(p *compare.Place, own bool) {
	if own {
		a, b := p.Durations()
		s.a, s.b = apm.Plus(s.a, a), apm.Plus(s.b, b)
		if !p.Added() {
			s.inA++
		}
		if !p.Gone() {
			s.inB++
		}
	}
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

// differs reports whether A and B are not alike here; times up to equal are.
func (s *comparedSum) differs(equal time.Duration) bool {
	return s.added+s.gone+s.errors.onlyA+s.errors.onlyB > 0 || s.first.OtherResource() ||
		max(s.a-s.b, s.b-s.a) > equal || max(s.execA-s.execB, s.execB-s.execA) > equal
}
