package pictures

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

const (
	rowHeight = 32.0
	rowGap    = 2.0
	minBar    = 4.0 // however short the span
)

// A timeline turns moments into horizontal positions.
type timeline struct {
	begin  int64
	length time.Duration
}

func (t timeline) x(at int64) float64 {
	return margin + (width-2*margin)*float64(at-t.begin)/float64(t.length)
}

// timelineOf covers traces from their first span to their last.
func timelineOf(traces ...apm.Trace) timeline {
	t := timeline{begin: traces[0].Start()}
	for _, trace := range traces {
		t.length = max(t.length, time.Duration(trace.Start()-t.begin)+trace.Duration())
	}
	return t
}

// axis draws a time axis, with ticks at round times.
func (d *drawing) axis(t timeline) {
	y := d.y + lineHeight
	d.line(margin, y, width-margin, y, "grid")
	step := roundStep(t.length / 6)
	for at := time.Duration(0); at <= t.length; at += step {
		x, class, label := t.x(t.begin+int64(at)), "small quiet middle", format.Duration(at)
		switch {
		case at == 0:
			class, label = "small quiet", "0"
		case x > width-margin-30:
			class = "small quiet end"
		}
		d.line(x, y-5, x, y, "edge")
		d.text(x, y-9, class, label)
	}
	d.y = y + 4
}

// roundStep returns the first of 1, 2, 5, 10, 20, 50, … microseconds that is no
// less than least.
func roundStep(least time.Duration) time.Duration {
	for unit := time.Microsecond; ; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if n*unit >= least {
				return n * unit
			}
		}
	}
}

// heading names a trace, as its page does.
func (d *drawing) heading(trace apm.Trace) {
	entry := trace.Entry()
	d.text(margin, d.y+18, "bold", entry.Service+"  "+entry.Resource)
	spans := format.Count(len(trace.Spans), "span", "spans")
	d.text(width-margin, d.y+18, "end", strings.Join([]string{entry.StatusCode(), format.Duration(trace.Duration()), spans}, "  ·  "))
	d.y += lineHeight + 4
}

// flame draws a trace as a flame graph. It returns each span's bar by the span's ID.
func (d *drawing) flame(trace apm.Trace, t timeline) map[uint64]bar {
	flame, placed := apm.NewFlame(trace.Tree()), map[uint64]bar{}
	rows := make([]*row, flame.Rows)
	for i := range rows {
		rows[i] = &row{}
	}
	for _, box := range flame.Boxes {
		s := box.Node.Span
		b := bar{span: s, x: t.x(s.Start)}
		b.width = max(minBar, t.x(s.End())-b.x)
		rows[box.Row].bars = append(rows[box.Row].bars, b)
	}
	for _, r := range rows {
		r.spread()
		r.place()
		for _, b := range r.bars {
			b.y = d.y
			d.bar(b)
			placed[b.span.SpanID] = b
		}
		d.y += rowHeight + rowGap + float64(len(r.labels)-1)*lineHeight
	}
	return placed
}

// A row is bars side by side. Labels that don't fit in their bars stand beside them,
// or on lines below.
type row struct {
	bars   []bar
	labels [][]extent // taken by bars and labels, line by line
}

// A bar is a span in a flame graph.
type bar struct {
	span        *apm.Span
	x, y, width float64

	// Of a label outside the bar.
	line   int     // 0 is beside the bar
	labelX float64 // where it starts or, with end, ends
	end    bool
}

// An extent is a part of a line.
type extent struct{ from, to float64 }

// take marks a part of a line as taken.
func (r *row) take(line int, e extent) {
	for len(r.labels) <= line {
		r.labels = append(r.labels, nil)
	}
	r.labels[line] = append(r.labels[line], e)
}

// free reports whether a part of a line is within the picture, and not taken.
func (r *row) free(line int, e extent) bool {
	if e.from < margin || e.to > width-margin {
		return false
	}
	if line < len(r.labels) {
		for _, taken := range r.labels[line] {
			if e.from < taken.to && taken.from < e.to {
				return false
			}
		}
	}
	return true
}

// fits reports whether a bar has room for its label and its duration.
func (b bar) fits() bool { return b.width >= 8+widthOf(b.text())+8 }

// label returns what the span did, as flame graphs on the pages do.
func (b bar) label() string {
	s := b.span
	label := s.Resource
	if label == "" || label == s.Name {
		label = strings.TrimSpace(s.Name + " " + s.Detail())
	}
	if s.Error {
		label = "✗ " + label
	}
	return label
}

func (b bar) text() string { return b.label() + " · " + format.Duration(b.span.Duration) }

// spread moves bars apart that overlap because they are drawn longer than their
// spans are.
func (r *row) spread() {
	slices.SortStableFunc(r.bars, func(a, b bar) int { return cmp.Compare(a.x, b.x) })
	next := width - margin + 1
	for i := range slices.Backward(r.bars) {
		b := &r.bars[i]
		b.x = min(b.x, next-1-b.width)
		next = b.x
		r.take(0, extent{b.x - 2, b.x + b.width + 2})
	}
}

// place finds room for labels outside their bars: right of the bar, left of it or,
// on the lines below, as far right as the picture is wide.
func (r *row) place() {
	for i := range r.bars {
		b := &r.bars[i]
		if b.fits() {
			continue
		}
		w := min(widthOf(b.text()), width-2*margin-4)
		places := []extent{{b.x + b.width + 4, b.x + b.width + 8 + w}, {b.x - 8 - w, b.x - 4}}
		below := extent{width - margin - 4 - w, width - margin}
		for b.line = 0; ; b.line++ {
			if at := slices.IndexFunc(places, func(e extent) bool { return r.free(b.line, e) }); at >= 0 {
				r.take(b.line, places[at])
				b.labelX, b.end = places[at].from+2, false
				if at == 1 {
					b.labelX, b.end = places[at].to-2, true
				}
				break
			}
			if b.line == 0 {
				places = append(places, below)
			}
		}
	}
}

// bar draws a bar with its label.
func (d *drawing) bar(b bar) {
	c := d.palette.Of(b.span.Service)
	class := "bar"
	if b.span.Error {
		class = "bar failed"
	}
	d.rect(b.x, b.y, b.width, rowHeight, class, c.Hex())
	inset := 0.0
	if b.span.Error {
		d.rect(b.x, b.y, 5, rowHeight, "mark", "")
		inset = 5
	}
	baseline := b.y + 22
	if b.fits() {
		onColour := "light"
		if c.DarkText() {
			onColour = "dark"
		}
		d.text(b.x+8+inset, baseline, onColour, b.label())
		d.text(b.x+b.width-8, baseline, onColour+" end", format.Duration(b.span.Duration))
		return
	}
	class = ""
	if b.span.Error {
		class = "error"
	}
	if b.end {
		class += " end"
	}
	if b.line > 0 {
		baseline += rowHeight + float64(b.line-1)*lineHeight
		d.line(b.x+b.width/2, b.y+rowHeight, b.x+b.width/2, baseline-15, "edge")
	}
	d.text(b.labelX, baseline, strings.TrimSpace(class), b.text())
}

// errors writes the errors of a trace's spans below its flame graph.
func (d *drawing) errors(trace apm.Trace) {
	for i := range trace.Spans {
		if s := &trace.Spans[i]; s.Error {
			d.text(margin, d.y+20, "error", fmt.Sprintf("✗ error in %s: %s", s.Name, s.ErrorMessage()))
			d.y += lineHeight
		}
	}
}

// describe describes traces for readers who can't see the picture.
func describe(traces ...apm.Trace) string {
	var said []string
	for _, trace := range traces {
		var spans []string
		for _, box := range apm.NewFlame(trace.Tree()).Boxes {
			spans = append(spans, box.Node.Span.Service+" "+bar{span: box.Node.Span}.text())
		}
		said = append(said, fmt.Sprintf("A trace of %s, parents before their children: %s.", format.Count(len(spans), "span", "spans"), strings.Join(spans, "; ")))
	}
	return strings.Join(said, " ")
}
