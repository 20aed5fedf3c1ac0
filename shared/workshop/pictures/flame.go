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

// roundStep returns the first of 1, 2, 5, 10, 20, 50, … microseconds that is at least minimum.
func roundStep(minimum time.Duration) time.Duration {
	for unit := time.Microsecond; ; unit *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if n*unit >= minimum {
				return n * unit
			}
		}
	}
}

// heading draws a trace's title, as on its page.
func (d *drawing) heading(trace apm.Trace) {
	entry := trace.Entry()
	d.text(margin, d.y+18, "bold", entry.Service+"  "+entry.Resource)
	spans := format.Count(len(trace.Spans), "span", "spans")
	d.text(width-margin, d.y+18, "end",
		strings.Join([]string{entry.StatusCode(), format.Duration(trace.Duration()), spans}, "  ·  "))
	d.y += lineHeight + 4
}

// A bar is a span in a flame graph.
type bar struct {
	span        *apm.Span
	x, y, width float64
	outside     extent // where its label is; none if that fits in the bar
	left        bool   // the label ends left of the bar
}

// An extent is a part of a line. Line 0 is beside the bars, the others are below it.
type extent struct {
	line     int
	from, to float64
}

func (e extent) overlaps(other extent) bool {
	return e.line == other.line && e.from < other.to && other.from < e.to
}

// flame draws a trace as a flame graph. It returns its bars.
func (d *drawing) flame(trace apm.Trace, t timeline) (bars []bar) {
	flame := apm.NewFlame(trace.Tree())
	rows := make([][]bar, flame.Rows)
	for _, box := range flame.Boxes {
		s := box.Node.Span
		x := t.x(s.Start)
		rows[box.Row] = append(rows[box.Row], bar{span: s, x: x, width: max(minBar, t.x(s.End())-x)})
	}
	for _, row := range rows {
		lines := arrange(row)
		for i := range row {
			row[i].y = d.y
			d.bar(row[i])
		}
		d.y += rowHeight + rowGap + float64(lines)*lineHeight
		bars = append(bars, row...)
	}
	return bars
}

// arrange moves bars apart that are drawn longer than their spans are. It finds room
// for each label that doesn't fit in its bar: right of the bar, left of it or, on the
// lines below, as far right as the picture is wide. It returns the number of these lines.
func arrange(row []bar) (lines int) {
	slices.SortStableFunc(row, func(a, b bar) int { return cmp.Compare(a.x, b.x) })
	var taken []extent
	edge := width - margin
	for i := range slices.Backward(row) {
		b := &row[i]
		b.x = min(b.x, edge-b.width)
		edge = b.x - 1
		taken = append(taken, extent{0, b.x - 2, b.x + b.width + 2})
	}
	for i := range row {
		b := &row[i]
		if b.fits() {
			continue
		}
		length := min(widthOf(b.text()), width-2*margin-4)
		for line := 0; b.outside.to == 0; line++ {
			places := []extent{{line, b.x + b.width + 4, b.x + b.width + 8 + length}, {line, b.x - 8 - length, b.x - 4}}
			if line > 0 {
				places = append(places, extent{line, width - margin - 4 - length, width - margin})
			}
			at := slices.IndexFunc(places, func(e extent) bool {
				return e.from >= margin && e.to <= width-margin && !slices.ContainsFunc(taken, e.overlaps)
			})
			if at >= 0 {
				b.outside, b.left = places[at], at == 1
				taken, lines = append(taken, b.outside), max(lines, line)
			}
		}
	}
	return lines
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

// bar draws a bar with its label.
func (d *drawing) bar(b bar) {
	c := d.palette.Of(b.span.Service)
	class, outside, inset := "bar", "", 0.0
	if b.span.Error {
		class, outside, inset = "bar failed", "error", 5
	}
	d.rect(b.x, b.y, b.width, rowHeight, class, c.Hex())
	if b.span.Error {
		d.rect(b.x, b.y, inset, rowHeight, "mark", "")
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
	if line := b.outside.line; line > 0 {
		baseline += rowHeight + float64(line-1)*lineHeight
		d.line(b.x+b.width/2, b.y+rowHeight, b.x+b.width/2, baseline-15, "edge")
	}
	if b.left {
		d.text(b.outside.to-2, baseline, strings.TrimSpace(outside+" end"), b.text())
	} else {
		d.text(b.outside.from+2, baseline, outside, b.text())
	}
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

// describe returns a description of traces for readers who can't see the picture.
func describe(traces ...apm.Trace) string {
	var said []string
	for _, trace := range traces {
		var spans []string
		for _, box := range apm.NewFlame(trace.Tree()).Boxes {
			spans = append(spans, box.Node.Span.Service+" "+bar{span: box.Node.Span}.text())
		}
		said = append(said, fmt.Sprintf("A trace of %s, parents before their children: %s.",
			format.Count(len(spans), "span", "spans"), strings.Join(spans, "; ")))
	}
	return strings.Join(said, " ")
}
