package comparison

import (
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/compare"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
)

const (
	maxRows    = 500 // of a page, unless the reader asks for all
	maxSimilar = 5   // siblings of one kind with a row each, unless the reader asks for all
)

// treeChoices are a reader's choices of rows.
type treeChoices struct{ onlyChanges, unfolded, allRows bool }

// A treeCompared shows the spans of two traces as one tree.
type treeCompared struct {
	Rows      []treeRow
	Unchanged int           // rows left out because nothing differs
	Hidden    int           // rows past the limit
	Equal     time.Duration // the largest difference of times that counts as equal

	Changes bool           // the page shows only spans that differ, and their ancestors
	Showing []chart.Choice // all spans, or only changes
	Folding []chart.Choice // one row for similar siblings, or one per span; empty if there are none
}

// newTree returns the rows that the reader chose to see. No two spans take exactly as
// long, so a hundredth of the longer trace counts as equal.
func newTree(p page.URL, chosen treeChoices, longest time.Duration, places []compare.Place) treeCompared {
	tree := treeCompared{
		Equal: longest / 100, Changes: chosen.onlyChanges,
		Showing: []chart.Choice{
			{Title: "All spans", URL: p.With("show", ""), Current: !chosen.onlyChanges},
			{Title: "Only changes", URL: p.With("show", "changes"), Current: chosen.onlyChanges},
		},
	}
	rows := foldRows(places, !chosen.unfolded)
	if chosen.unfolded || slices.ContainsFunc(rows, func(r treeRow) bool { return r.Folded }) {
		tree.Folding = []chart.Choice{
			{Title: "Group similar siblings", URL: p.With("fold", ""), Current: !chosen.unfolded},
			{Title: "One row per span", URL: p.With("fold", "no"), Current: chosen.unfolded},
		}
	}
	shown := make([]bool, len(rows))
	for i, row := range slices.Backward(rows) { // children come before their parents
		shown[i] = shown[i] || !chosen.onlyChanges || row.differs(tree.Equal)
		if shown[i] && row.parent >= 0 {
			shown[row.parent] = true
		}
	}
	for i, row := range rows {
		switch {
		case !shown[i]:
			tree.Unchanged++
		case len(tree.Rows) == maxRows && !chosen.allRows:
			tree.Hidden++
		default:
			row.scale = scale{tree.Equal, longest}
			tree.Rows = append(tree.Rows, row)
		}
	}
	return tree
}

// A tally sums up some places.
type tally struct {
	span   *apm.Span // of one of them
	exec   [2]time.Duration
	only   [2]int // spans that only A or only B has
	errors [3]int // only in A, only in B, in both
}

func (t *tally) add(p *compare.Place) {
	if t.span == nil {
		t.span = p.Span()
	}
	failed := 0 // bits of A and B
	for side, there := range p.Sides {
		t.exec[side] = apm.Plus(t.exec[side], there.Exec)
		if p.Sides[1-side].Node == nil {
			t.only[side]++
		}
		if there.Failed() {
			failed |= 1 << side
		}
	}
	if failed > 0 {
		t.errors[failed-1]++
	}
}

// A treeRow is a span of A, of B or of both, or similar siblings and everything below
// them.
type treeRow struct {
	*compare.Place                  // the first
	Folded         bool             // into one row for similar siblings
	Count          [2]int           // spans in A and in B, without those below
	Durations      [2]time.Duration // of these spans
	tally          tally            // with everything below
	parent         int              // the row above; −1 for none
	scale          scale
}

// foldRows returns a row for each place or, with fold, one for many similar siblings and
// everything below them.
func foldRows(places []compare.Place, fold bool) (rows []treeRow) {
	type siblings struct {
		parent int
		kind   compare.Kind
	}
	siblingsOf := func(p *compare.Place) siblings { return siblings{p.Parent, compare.KindOf(p.Span())} }
	similar := map[siblings]int{}
	for i := range places {
		similar[siblingsOf(&places[i])]++
	}
	rowOf := make([]int, len(places))
	folded := map[siblings]int{} // their row
	for i := range places {
		p := &places[i]
		parent := -1
		if p.Parent >= 0 {
			parent = rowOf[p.Parent]
		}
		if parent >= 0 && rows[parent].Folded {
			rowOf[i] = parent
			rows[parent].tally.add(p)
			continue
		}
		row, exists := folded[siblingsOf(p)]
		if !exists {
			row = len(rows)
			rows = append(rows, treeRow{Place: p, parent: parent, Folded: fold && similar[siblingsOf(p)] > maxSimilar})
			if rows[row].Folded {
				folded[siblingsOf(p)] = row
			}
		}
		rowOf[i] = row
		rows[row].add(p)
	}
	return rows
}

// add counts a place of the row itself.
func (r *treeRow) add(p *compare.Place) {
	for side, there := range p.Sides {
		r.Durations[side] = apm.Plus(r.Durations[side], there.Duration())
		if there.Node != nil {
			r.Count[side]++
		}
	}
	r.tally.add(p)
}

// differs reports whether A and B differ here by more than times that count as equal.
func (r treeRow) differs(equal time.Duration) bool {
	t := r.tally
	return t.only[0]+t.only[1]+t.errors[0]+t.errors[1] > 0 || r.OtherResource() ||
		(r.Durations[0]-r.Durations[1]).Abs() > equal || (t.exec[0]-t.exec[1]).Abs() > equal
}

// Number returns the row's level in the tree, from 1.
func (r treeRow) Number() int { return r.Level + 1 }

// Detail returns what the span worked on; empty if the name says it all.
func (r treeRow) Detail() string {
	s := r.Span()
	switch {
	case !r.Folded:
		return s.Detail()
	case s.Resource != s.Name:
		return s.Resource
	}
	return ""
}

// Was returns what A's span worked on, if that differs.
func (r treeRow) Was() string {
	if r.Folded || r.OnlyA() || r.OnlyB() || r.Sides[0].Span.Detail() == r.Detail() {
		return ""
	}
	return r.Sides[0].Span.Detail()
}

// Orphan reports whether a parent is missing.
func (r treeRow) Orphan() bool {
	return slices.ContainsFunc(r.Sides[:], func(s compare.Side) bool { return s.Node != nil && s.Orphan })
}

// Duration returns the change of the duration.
func (r treeRow) Duration() change { return r.scale.change(r.Durations) }

// Exec returns the change of the execution time.
func (r treeRow) Exec() change { return r.scale.change(r.tally.exec) }

// Marks returns what differs, in words.
func (r treeRow) Marks() string {
	var marks []string
	for side, n := range r.tally.only {
		switch {
		case n > 0 && r.Folded:
			marks = append(marks, format.Count(n, "span", "spans")+" only in "+letter(side))
		case n > 0:
			return "only in " + letter(side)
		}
	}
	if r.OtherResource() {
		marks = append(marks, "different resource")
	}
	switch longer := r.Durations[1] - r.Durations[0]; {
	case longer > r.scale.equal:
		marks = append(marks, "slower")
	case -longer > r.scale.equal:
		marks = append(marks, "faster")
	}
	return strings.Join(marks, ", ")
}

// Failures returns which spans failed, in words.
func (r treeRow) Failures() string {
	var failures []string
	for i, n := range r.tally.errors {
		where := []string{" only in A", " only in B", " in both"}[i]
		switch {
		case n == 0:
		case r.Folded:
			failures = append(failures, format.Count(n, "error", "errors")+where)
		case r.OnlyA() || r.OnlyB():
			failures = append(failures, "Error")
		default:
			failures = append(failures, "Error"+where)
		}
	}
	return strings.Join(failures, ", ")
}
