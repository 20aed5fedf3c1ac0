package traceview

import (
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
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

// A waterfallBuilder goes through a scene's boxes, parents first.
type waterfallBuilder struct {
	*scene
	view    *waterfall
	ends    []int // by box, the box after all that is below it
	kept    []bool
	level   []int
	repeats map[int]repeat // what was last met among a box's children
}

// A repeat is similar siblings, one after the other, up to a box.
type repeat struct {
	boxes []int
	end   int
	open  bool // they are shown one by one, below a row for all
}

func newWaterfall(s *scene) *waterfall {
	n := len(s.flame.Boxes)
	b := waterfallBuilder{
		scene: s, view: &waterfall{Ticks: chart.DurationTicks(s.Length), AllURL: s.With("rows", "all")},
		ends: make([]int, n), kept: make([]bool, n), level: make([]int, n), repeats: map[int]repeat{},
	}
	for i := n - 1; i >= 0; i-- {
		b.ends[i] = max(b.ends[i], i+1)
		b.kept[i] = b.kept[i] || !s.OnlyErrors || s.matches[i]
		if parent := s.flame.Boxes[i].Parent; parent >= 0 {
			b.ends[parent] = max(b.ends[parent], b.ends[i])
			b.kept[parent] = b.kept[parent] || b.kept[i]
		}
	}
	for i := 0; i < n; {
		i = b.show(i)
	}
	return b.view
}

// show adds the row of a box, or one row for similar siblings. It returns the next box.
func (b *waterfallBuilder) show(i int) (next int) {
	if !b.kept[i] {
		return b.ends[i]
	}
	parent := b.flame.Boxes[i].Parent
	if parent >= 0 {
		b.level[i] = b.level[parent] + 1
	}
	among := b.repeats[parent]
	if i >= among.end {
		among = b.repeated(i)
		b.repeats[parent] = among
		if len(among.boxes) > 1 {
			if b.hasRoom(len(among.boxes)) {
				b.addSiblings(among)
			}
			if !among.open {
				return among.end
			}
		}
	}
	if among.open {
		b.level[i]++
	}
	if b.hasRoom(1) {
		b.addSpan(i)
	}
	if !b.isOpen(i) {
		return b.ends[i]
	}
	return i + 1
}

// repeated returns the similar siblings that start with a box, or the box alone if
// there are too few.
func (b *waterfallBuilder) repeated(first int) repeat {
	boxes := b.flame.Boxes
	span := boxes[first].Node.Span
	similar := func(box apm.Box) bool {
		s := box.Node.Span
		return !box.Node.Orphan && s.Service == span.Service && s.Name == span.Name && s.Resource == span.Resource
	}
	all := repeat{end: first}
	for i := first; i < len(boxes) && boxes[i].Parent == boxes[first].Parent && similar(boxes[i]); i = b.ends[i] {
		if b.kept[i] {
			all.boxes = append(all.boxes, i)
		}
		all.end = b.ends[i]
	}
	if len(all.boxes) < minRepeated {
		return repeat{boxes: []int{first}, end: max(all.end, b.ends[first])}
	}
	all.open = b.Has("open", page.FormatID(span.SpanID)) || first <= b.chosen && b.chosen < all.end
	return all
}

// hasRoom reports whether another row fits. If not, it counts the spans as hidden.
func (b *waterfallBuilder) hasRoom(spans int) bool {
	if len(b.view.Rows) < maxRows || b.allRows {
		return true
	}
	b.view.Hidden += spans
	return false
}

// holdsChosen reports whether the selected span is below a box.
func (b *waterfallBuilder) holdsChosen(i int) bool { return i < b.chosen && b.chosen < b.ends[i] }

// isOpen reports whether the rows below a box are shown.
func (b *waterfallBuilder) isOpen(i int) bool {
	return b.holdsChosen(i) || !b.Has("closed", page.FormatID(b.flame.Boxes[i].Node.Span.SpanID))
}

// add adds a row whose bar reaches over some time.
func (b *waterfallBuilder) add(row waterfallRow, over *apm.Span) {
	level := b.level[row.first]
	x, width := b.extent(over)
	row.Level, row.Indent, row.X, row.Width = level+1, page.Indent(level), page.Coordinate(x), page.Coordinate(width)
	row.Coloured, row.Detail = b.site.Service(row.Service), page.Short(row.Span.Detail())
	b.view.Rows = append(b.view.Rows, row)
}

func (b *waterfallBuilder) addSpan(i int) {
	row := waterfallRow{spanView: b.span(i)}
	if below := b.ends[i] - i - 1; below > 0 {
		row.Fold = &fold{b.Toggled("closed", row.ID()), b.isOpen(i), format.Count(below, "span", "spans") + " below"}
		if b.holdsChosen(i) { // then the choice goes up to what is closed
			row.Fold.URL = b.And("span", row.ID()).Adding("closed", row.ID())
		}
	}
	b.add(row, row.Span)
}

// addSiblings adds one row for similar siblings.
func (b *waterfallBuilder) addSiblings(all repeat) {
	row := waterfallRow{spanView: b.span(all.boxes[0]), Siblings: len(all.boxes)}
	row.end = all.end
	sum := *row.Span
	sum.Duration, row.Span = 0, &sum
	start, end := sum.Start, sum.Start
	for _, i := range all.boxes {
		s := b.flame.Boxes[i].Node.Span
		sum.Duration += s.Duration
		start, end = min(start, s.Start), max(end, s.End())
		if s.Error {
			row.Failed++
		}
	}
	sum.Error = row.Failed > 0
	row.Fold = &fold{b.Toggled("open", row.ID()), all.open, format.Number(row.Siblings) + " similar spans"}
	if row.first <= b.chosen && b.chosen < row.end {
		row.Fold.URL = b.And("span", "").Removing("open", row.ID())
	}
	b.add(row, &apm.Span{Start: start, Duration: time.Duration(end - start)})
}
