package site

import (
	"cmp"
	"strconv"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/lesson"
)

const (
	mostRows = 40  // of a trace; its page shows all
	longest  = 200 // characters of a text; the span's page shows all
)

// A tree is a trace, with a row for each span.
type tree struct {
	URL      string
	Says     string // its root's resource: GET /think/
	Duration time.Duration
	Rows     []row
	More     int // spans left out
}

// A row is a span in its place in the trace.
type row struct {
	URL      string
	Level    int    // in the tree, from 1
	Indent   int    // pixels
	Service  string // empty if it is the same as in the row above
	Colour   string
	Name     string
	Detail   string
	X, Width string // of its bar, in percent
	Duration time.Duration
	Failed   bool
	Error    string // type and message
	Orphan   bool   // its parent is missing
	Mark     string // a remark on it
}

// An amount is a figure and its unit, which has a lighter tone.
type amount struct{ Value, Unit string }

func amountOf(d time.Duration) amount {
	value, unit := format.DurationParts(d)
	return amount{value, unit}
}

func traceURL(id uint64) string { return "/trace/" + strconv.FormatUint(id, 10) }

// trees draws traces below each other, on one time axis.
func trees(palette *colour.Palette, traces []lesson.Tree) []tree {
	begin, end := int64(0), int64(0)
	for _, t := range traces {
		for i := range t.Trace.Spans {
			span := &t.Trace.Spans[i]
			begin, end = min(cmp.Or(begin, span.Start), span.Start), max(end, span.End())
		}
	}
	var drawn []tree
	for _, t := range traces {
		drawn = append(drawn, drawTree(palette, t, begin, float64(max(1, end-begin))))
	}
	return drawn
}

// unmarked returns traces without remarks.
func unmarked(traces []apm.Trace) (all []lesson.Tree) {
	for _, trace := range traces {
		all = append(all, lesson.Tree{Trace: trace})
	}
	return all
}

func drawTree(palette *colour.Palette, t lesson.Tree, begin int64, length float64) tree {
	drawn := tree{URL: traceURL(t.Trace.ID), Duration: t.Trace.Duration()}
	if entry := t.Trace.Entry(); entry != nil {
		drawn.Says = format.Printable(cmp.Or(entry.Resource, entry.Name), longest)
	}
	above := "" // the service in the row above
	var add func(node *apm.Node, level int)
	add = func(node *apm.Node, level int) {
		if len(drawn.Rows) == mostRows {
			drawn.More = len(t.Trace.Spans) + t.Trace.Truncated - mostRows
			return
		}
		const step, deepest = 12, 10 // pixels and levels
		span := node.Span
		shown := row{
			URL:   drawn.URL + "?span=" + strconv.FormatUint(span.SpanID, 10),
			Level: level, Indent: step * min(level-1, deepest),
			Colour: palette.Of(span.Service).Hex(), Name: format.Printable(span.Name, longest),
			Detail:   format.Printable(span.Detail(), longest),
			X:        percent(float64(span.Start-begin) / length),
			Width:    percent(float64(span.Duration) / length),
			Duration: span.Duration,
			Failed:   span.Error, Orphan: node.Orphan, Mark: t.Marks[span.SpanID],
		}
		if span.Service != above {
			shown.Service = cmp.Or(format.Printable(span.Service, longest), "no service")
		}
		if span.Error {
			shown.Error = format.Printable(span.ErrorText(), longest)
		}
		above = span.Service
		drawn.Rows = append(drawn.Rows, shown)
		for _, child := range node.Children {
			add(child, level+1)
		}
	}
	for _, root := range t.Trace.Tree() {
		add(root, 1)
	}
	return drawn
}

// percent formats a part of 1 for SVG.
func percent(part float64) string {
	return strconv.FormatFloat(100*min(max(part, 0), 1), 'f', 2, 64)
}
