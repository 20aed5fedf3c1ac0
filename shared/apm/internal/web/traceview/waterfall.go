package traceview

import (
	"fmt"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// maxRows is how many rows a waterfall shows by default: more make browsers slow.
const maxRows = 2000

// leastRepeated is how many similar siblings in a row are folded into one.
const leastRepeated = 5

// A waterfall is a trace as a tree, with a bar for each span's time.
type waterfall struct {
	Ticks  []chart.Tick
	Rows   []spanRow
	Hidden int // spans left out
	AllURL string
}

type spanRow struct {
	ID       string
	URL      string // of the page with this span chosen; empty for a row of several
	Chosen   bool
	Dimmed   bool
	Hit      bool // it matches the reader's search
	Level    int  // in the tree, from 1
	Indent   int  // pixels
	Fold     *fold
	Service  page.Service
	Name     string
	Detail   string // what it worked on; empty where the name says it all
	Duration page.Amount
	Error    bool
	Errors   int    // of a row of several, how many failed
	Times    string // how many spans the row stands for; empty for one
	Found    string // how many of these match the reader's search
	Orphan   string // why it is shown as a root
	Skew     string // how far its clock is off
	X, Width string // of the bar, in percent of the axis
}

// A fold shows or hides the rows below a row.
type fold struct {
	URL  string
	Open bool
	Text string // how many rows it shows or hides
}

// A waterfallBuilder goes through a scene's boxes, parents first.
type waterfallBuilder struct {
	*scene
	web   room
	view  *waterfall
	ends  []int // by box, the box after all that is below it
	kept  []bool
	level []int

	repeats map[int]repeat // what was last met among a box's children
	choose  func(id string) string
}

// A repeat is siblings alike, one after the other, up to a box.
type repeat struct {
	boxes []int
	end   int
	open  bool // they are shown one by one, below a row for all
}

func (w room) waterfall(s *scene) *waterfall {
	n := len(s.flame.Boxes)
	b := waterfallBuilder{
		scene: s, web: w, view: &waterfall{Ticks: chart.DurationTicks(s.length), AllURL: s.With(byRows, "all")},
		ends: make([]int, n), kept: make([]bool, n), level: make([]int, n), repeats: map[int]repeat{}, choose: s.Each(bySpan),
	}
	onlyErrors := s.Get(byErrors) == "only"
	for i := n - 1; i >= 0; i-- {
		b.ends[i] = max(b.ends[i], i+1)
		b.kept[i] = b.kept[i] || !onlyErrors || !s.found.dimmed(i)
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
			if b.room(len(among.boxes)) {
				b.view.Rows = append(b.view.Rows, b.rowOfSeveral(among))
			}
			if !among.open {
				return among.end
			}
		}
	}
	if among.open {
		b.level[i]++
	}
	if b.room(1) {
		b.view.Rows = append(b.view.Rows, b.row(i))
	}
	if !b.shows(i) {
		return b.ends[i]
	}
	return i + 1
}

// repeated returns the similar siblings that start with a box, or the box alone if
// there are too few.
func (b *waterfallBuilder) repeated(first int) repeat {
	boxes := b.flame.Boxes
	span := boxes[first].Node.Span
	all := repeat{end: first}
	for i := first; i < len(boxes) && boxes[i].Parent == boxes[first].Parent; i = b.ends[i] {
		other := boxes[i].Node.Span
		if other.Service != span.Service || other.Name != span.Name || other.Resource != span.Resource || boxes[i].Node.Orphan {
			break
		}
		if b.kept[i] {
			all.boxes = append(all.boxes, i)
		}
		all.end = b.ends[i]
	}
	if len(all.boxes) < leastRepeated {
		return repeat{boxes: []int{first}, end: max(all.end, b.ends[first])}
	}
	all.open = b.Has(byOpen, page.FormatID(span.SpanID)) || first <= b.chosen && b.chosen < all.end
	return all
}

// room reports whether another row fits. If not, it counts the spans as hidden.
func (b *waterfallBuilder) room(spans int) bool {
	if len(b.view.Rows) < maxRows || b.Get(byRows) == "all" {
		return true
	}
	b.view.Hidden += spans
	return false
}

// inside reports whether the chosen span is below a box.
func (b *waterfallBuilder) inside(i int) bool { return i < b.chosen && b.chosen < b.ends[i] }

// shows reports whether what is below a box is shown.
func (b *waterfallBuilder) shows(i int) bool {
	return b.inside(i) || !b.Has(byClosed, page.FormatID(b.flame.Boxes[i].Node.Span.SpanID))
}

func (b *waterfallBuilder) row(i int) spanRow {
	node := b.flame.Boxes[i].Node
	s := node.Span
	id := page.FormatID(s.SpanID)
	x, width := b.extent(s)
	row := spanRow{
		ID: id, URL: b.choose(id), Chosen: i == b.chosen, Dimmed: b.found.dimmed(i), Hit: b.found.hit(i), Level: b.level[i] + 1, Indent: page.Indent(b.level[i]),
		Service: b.web.Service(s.Service), Name: page.Short(s.Name), Detail: page.Short(s.Detail()), Duration: page.Duration(s.Duration), Error: s.Error,
		X: page.Coordinate(x), Width: page.Coordinate(width),
	}
	if node.Orphan {
		row.Orphan = whyOrphan(s, b.arrived)
	}
	if parent := b.parent(i); parent != nil {
		if offset := apm.ClockOffset(parent, s); offset != 0 {
			row.Skew = "clock " + page.Skew(offset) + "?"
		}
	}
	below := b.ends[i] - i - 1
	if below == 0 {
		return row
	}
	row.Fold = &fold{URL: b.Toggled(byClosed, id), Open: b.shows(i), Text: format.Count(below, "span", "spans") + " below"}
	if b.inside(i) { // then the choice goes up to what is closed
		row.Fold.URL = b.And(bySpan, id).Adding(byClosed, id)
	}
	return row
}

// rowOfSeveral returns one row for similar siblings.
func (b *waterfallBuilder) rowOfSeveral(all repeat) spanRow {
	first := b.flame.Boxes[all.boxes[0]].Node.Span
	var total time.Duration
	errors, found, start, end := 0, 0, first.Start, first.End()
	for _, i := range all.boxes {
		s := b.flame.Boxes[i].Node.Span
		total += s.Duration
		start, end = min(start, s.Start), max(end, s.End())
		if s.Error {
			errors++
		}
	}
	for i := all.boxes[0]; i < all.end; i++ {
		if b.found.sought && b.found.marked[i] {
			found++
		}
	}
	id := page.FormatID(first.SpanID)
	level := b.level[all.boxes[0]]
	x, width := b.extent(&apm.Span{Start: start, Duration: time.Duration(end - start)})
	row := spanRow{
		ID: "all-" + id, Dimmed: b.found.sought && found == 0, Hit: found > 0, Level: level + 1, Indent: page.Indent(level), Service: b.web.Service(first.Service),
		Name: page.Short(first.Name), Detail: page.Short(first.Detail()), Duration: page.Duration(total), Error: errors > 0, Errors: errors,
		Times: format.Number(len(all.boxes)), X: page.Coordinate(x), Width: page.Coordinate(width),
		Fold: &fold{URL: b.Toggled(byOpen, id), Open: all.open, Text: fmt.Sprintf("%s similar spans", format.Number(len(all.boxes)))},
	}
	if found > 0 {
		row.Found = format.Count(found, "match", "matches")
	}
	if all.boxes[0] <= b.chosen && b.chosen < all.end {
		row.Fold.URL = b.And(bySpan, "").Removing(byOpen, id)
	}
	return row
}
