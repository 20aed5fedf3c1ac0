package traceview

import (
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/compare"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
)

const (
	// maxRows is how many rows a waterfall shows by default: more make browsers slow.
	maxRows = 2000
	// minRepeated is how many similar siblings in a row are folded into one.
	minRepeated = 5
)

// A waterfall is a trace as a tree, with a bar for each span's time.
type waterfall struct {
	Ticks  []chart.Tick
	Rows   []waterfallRow
	Hidden int // spans left out
	AllURL string
}

// A waterfallRow is a span, or similar siblings. Then the span's duration is their sum.
type waterfallRow struct {
	spanView
	Siblings int // that the row stands for; 0 for a single span
	Failed   int // of the siblings
	Level    int // in the tree, from 1
	Indent   int // pixels
	Fold     *fold
	Coloured page.Service // the span's
	Detail   string       // what it worked on; empty if the name says it all
	X, Width string       // of the bar, in percent of the axis
}

// A fold shows or hides the rows below a row.
type fold struct {
	URL  string
	Open bool
	Text string // what it shows or hides
}

// A waterfallBuilder adds the rows of a scene to a waterfall.
type waterfallBuilder struct {
	*scene
	view *waterfall
	ends []int // by box, the box after all that is below it
}

// siblings are boxes with the same parent whose rows are still to be added.
type siblings struct {
	boxes    []int // the next one is the last
	level    int
	oneByOne bool // also if they are similar
}

func newWaterfall(s *scene) *waterfall {
	boxes := s.flame.Boxes
	b := waterfallBuilder{
		scene: s, view: &waterfall{Ticks: chart.DurationTicks(s.Length), AllURL: s.With("rows", "all")},
		ends: make([]int, len(boxes)),
	}
	kept, below := make([]bool, len(boxes)), make([][]int, len(boxes))
	var roots []int
	for i, box := range slices.Backward(boxes) { // children come before their parents
		b.ends[i] = max(b.ends[i], i+1)
		kept[i] = kept[i] || !s.OnlyErrors || s.matches[i]
		among := &roots
		if box.Parent >= 0 {
			b.ends[box.Parent] = max(b.ends[box.Parent], b.ends[i])
			kept[box.Parent] = kept[box.Parent] || kept[i]
			among = &below[box.Parent]
		}
		if kept[i] {
			*among = append(*among, i)
		}
	}
	stack := []siblings{{boxes: roots}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		n, level := b.similar(*top), top.level
		if n == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		next := top.boxes[len(top.boxes)-n:]
		top.boxes = top.boxes[:len(top.boxes)-n]
		switch first := next[n-1]; {
		case n > 1 && b.addSiblings(next, level):
			stack = append(stack, siblings{next, level + 1, true})
		case n == 1 && b.addSpan(first, level):
			stack = append(stack, siblings{boxes: below[first], level: level + 1})
		}
	}
	return b.view
}

// similar returns how many of the next siblings share a row: several if they are similar,
// 1 otherwise, and 0 at the end.
func (b *waterfallBuilder) similar(among siblings) (n int) {
	single := min(1, len(among.boxes))
	if among.oneByOne {
		return single
	}
	for _, i := range slices.Backward(among.boxes) {
		first, node := b.flame.Boxes[among.boxes[len(among.boxes)-1]].Node, b.flame.Boxes[i].Node
		if node.Orphan || compare.KindOf(node.Span) != compare.KindOf(first.Span) {
			break
		}
		n++
	}
	if n < minRepeated {
		return single
	}
	return n
}

// hasRoom reports whether another row fits. If not, it counts the spans as hidden.
func (b *waterfallBuilder) hasRoom(spans int) bool {
	if len(b.view.Rows) < maxRows || b.allRows {
		return true
	}
	b.view.Hidden += spans
	return false
}

// add adds a row whose bar reaches over some time.
func (b *waterfallBuilder) add(row waterfallRow, level int, over *apm.Span) {
	x, width := b.extent(over)
	row.Level, row.Indent, row.X, row.Width = level+1, page.Indent(level), page.Coordinate(x), page.Coordinate(width)
	row.Coloured, row.Detail = b.site.Service(row.Service), page.Short(row.Span.Detail())
	b.view.Rows = append(b.view.Rows, row)
}

// addSpan adds the row of a span. It reports whether the rows below it are shown.
func (b *waterfallBuilder) addSpan(i, level int) bool {
	row := waterfallRow{spanView: b.span(i)}
	holdsChosen := i < b.chosen && b.chosen < b.ends[i]
	isOpen := holdsChosen || !b.Has("closed", row.ID())
	if !b.hasRoom(1) {
		return isOpen
	}
	if below := b.ends[i] - i - 1; below > 0 {
		row.Fold = &fold{b.Toggled("closed", row.ID()), isOpen, format.Count(below, "span", "spans") + " below"}
		if holdsChosen { // then the choice goes up to what is closed
			row.Fold.URL = b.And("span", row.ID()).Adding("closed", row.ID())
		}
	}
	b.add(row, level, row.Span)
	return isOpen
}

// addSiblings adds one row for similar siblings, the first one last. It reports whether they are
// also shown one by one.
func (b *waterfallBuilder) addSiblings(all []int, level int) bool {
	row := waterfallRow{spanView: b.span(all[len(all)-1]), Siblings: len(all)}
	row.end = b.ends[all[0]]
	holdsChosen := row.first <= b.chosen && b.chosen < row.end
	isOpen := holdsChosen || b.Has("open", row.ID())
	if !b.hasRoom(len(all)) {
		return isOpen
	}
	sum := *row.Span
	sum.Duration, row.Span = 0, &sum
	start, end := sum.Start, sum.Start
	for _, i := range all {
		s := b.flame.Boxes[i].Node.Span
		sum.Duration += s.Duration
		start, end = min(start, s.Start), max(end, s.End())
		if s.Error {
			row.Failed++
		}
	}
	sum.Error = row.Failed > 0
	row.Fold = &fold{b.Toggled("open", row.ID()), isOpen, format.Number(row.Siblings) + " similar spans"}
	if holdsChosen {
		row.Fold.URL = b.And("span", "").Removing("open", row.ID())
	}
	b.add(row, level, &apm.Span{Start: start, Duration: time.Duration(end - start)})
	return isOpen
}
