package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/format"
)

// A chart is a graph of figures over a window's time, drawn as SVG, with a table
// of the same figures for those who read rather than look; the page's script
// takes the values that it shows at the pointer from there.
type chart struct {
	ID      string // of its element, and the parameter that chooses what it shows
	Title   string
	Choices []choice
	Summary string // in words
	Empty   string // why there is nothing to draw; empty where there is

	Window window
	Named  bool    // the areas' names are shown though there may be one alone
	Areas  []shape // stacked bars, from the bottom up
	Lines  []shape
	Y      []mark
	X      []timeMark

	Histogram *histogram // where it shows a distribution, not a time

	Columns []string   // of the table, after the time's
	Rows    []chartRow // one for each step of the window
}

// A choice is something else that a chart, or a page, can show.
type choice struct {
	Title, URL string
	Current    bool
}

// A shape is the outline of one series, in a coordinate system with the window's
// steps from left to right and 0 to 100 from top to bottom.
type shape struct {
	Name   string
	Class  string // how it is painted; or else
	Colour string
	Path   string
	End    string // in percent from the top: where a line's name and last value stand; empty for none
	Last   string
}

// A mark is a tick of the vertical axis, in percent from the top.
type mark struct{ Y, Label string }

// A timeMark is a tick of a time axis. Its label is in UTC, until the page's
// script writes it in the reader's time.
type timeMark struct {
	X      string // in percent
	At     string
	Unit   string // ms, s, m or d: what the label has to tell
	Label  string
	Anchor string
	Minor  bool // left out where the page is narrow
}

type chartRow struct {
	At     moment
	Values []string
}

// A series is one value for each step of a window; NaN where there is none.
type series struct {
	Name, Class, Colour string
	Values              []float64
}

// newChart prepares a chart over a settled window.
func newChart(id, title string, win window) chart {
	c := chart{ID: id, Title: title, Window: win, X: timeMarks(win.From, win.To)}
	for i := range win.Buckets() {
		c.Rows = append(c.Rows, chartRow{At: momentOf(win.From + int64(i)*win.Step)})
	}
	return c
}

// stack draws series as bars on top of each other. write writes a value.
func (c *chart) stack(all []series, write func(float64) string) {
	top := 0.0
	for i := range c.Rows {
		sum := 0.0
		for _, s := range all {
			sum += orZero(s.Values[i])
		}
		top = max(top, sum)
	}
	c.Y, top = axis(top, write)
	base := make([]float64, len(c.Rows))
	for _, s := range all {
		var path strings.Builder
		for i, value := range s.Values {
			if value = orZero(value); value == 0 {
				continue
			}
			from, to := 100-100*base[i]/top, 100-100*(base[i]+value)/top
			base[i] += value
			// A hair's breadth at least, so that one of a thousand can be seen.
			fmt.Fprintf(&path, "M%s %sV%sh.84V%sz", compact(float64(i)+.08), compact(from), compact(min(to, from-.8)), compact(from))
		}
		c.Areas = append(c.Areas, shape{Name: s.Name, Class: s.Class, Colour: s.Colour, Path: path.String()})
		c.column(s, write)
	}
}

// lines draws series as lines, which are broken where there is no value. Those
// with names at their ends are few.
func (c *chart) lines(all []series, write func(float64) string) {
	top := 0.0
	for _, s := range all {
		for _, value := range s.Values {
			top = max(top, orZero(value))
		}
	}
	c.Y, top = axis(top, write)
	var ends []float64
	for _, s := range all {
		var path strings.Builder
		end, last := math.NaN(), ""
		for i, value := range s.Values {
			if math.IsNaN(value) {
				continue
			}
			end, last = 100-100*value/top, write(value)
			begins, ends := i == 0 || math.IsNaN(s.Values[i-1]), i == len(s.Values)-1 || math.IsNaN(s.Values[i+1])
			switch {
			case begins && ends: // alone, it is as wide as a bar
				fmt.Fprintf(&path, "M%s %sh.84", compact(float64(i)+.08), compact(end))
			case begins:
				fmt.Fprintf(&path, "M%s %s", compact(float64(i)+.5), compact(end))
			default:
				fmt.Fprintf(&path, "L%s %s", compact(float64(i)+.5), compact(end))
			}
		}
		c.Lines = append(c.Lines, shape{Name: s.Name, Class: s.Class, Colour: s.Colour, Path: path.String(), Last: last})
		ends = append(ends, end)
		c.column(s, write)
	}
	for i, at := range apart(ends, 8.5) {
		if !math.IsNaN(at) {
			c.Lines[i].End = compact(at)
		}
	}
}

// axis marks a vertical axis at round values, and gives the largest. What is
// counted is marked at whole numbers.
func axis(top float64, write func(float64) string) (marks []mark, round float64) {
	if top <= 0 {
		top = 1
	}
	step := roundUp(top / 3)
	if top == math.Trunc(top) {
		step = max(1, step)
	}
	round = step * math.Ceil(top/step*(1-1e-9))
	for value := 0.0; value <= round*(1+1e-9); value += step {
		marks = append(marks, mark{Y: compact(100 - 100*value/round), Label: write(value)})
	}
	return marks, round
}

func (c *chart) column(s series, write func(float64) string) {
	c.Columns = append(c.Columns, s.Name)
	for i, value := range s.Values {
		text := "–"
		if !math.IsNaN(value) {
			text = write(value)
		}
		c.Rows[i].Values = append(c.Rows[i].Values, text)
	}
}

// roundUp is the first of …, 1, 2, 5, 10, 20, 50, … that is no less than x.
func roundUp(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	for _, n := range []float64{1, 2, 5} {
		if n*unit >= x*(1-1e-9) {
			return n * unit
		}
	}
	return 10 * unit
}

// apart moves positions, from 0 to 100, so that none is nearer to another than
// least, as far as there is room. Of equal ones the later stands higher, as
// percentiles do. NaN stays.
func apart(positions []float64, least float64) []float64 {
	order := make([]int, 0, len(positions))
	for i, at := range positions {
		if !math.IsNaN(at) {
			order = append(order, i)
		}
	}
	moved := slices.Clone(positions)
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(positions[a], positions[b]), cmp.Compare(b, a)) })
	next := 3.0
	for _, i := range order {
		moved[i] = max(moved[i], next)
		next = moved[i] + least
	}
	last := 100.0
	for k := len(order) - 1; k >= 0; k-- {
		i := order[k]
		moved[i] = min(moved[i], last)
		last = moved[i] - least
	}
	return moved
}

// timeMarks marks a time axis at round times, at most seven.
func timeMarks(from, to int64) (marks []timeMark) {
	const day = int64(24 * time.Hour)
	length := uint64(to) - uint64(from)
	step := max(int64(time.Millisecond), int64(roundStep(time.Duration(min(length/6+1, math.MaxInt64/2)))))
	if step > day/2 {
		step = (step + day - 1) / day * day
	}
	unit, layout := "m", "15:04"
	switch {
	case step >= day:
		unit, layout = "d", "Jan 02"
	case step < int64(time.Second):
		unit, layout = "ms", "15:04:05.000"
	case step < int64(time.Minute):
		unit, layout = "s", "15:04:05"
	}
	first := from - (from%step+step)%step
	for n, at := 0, first; at <= to && n < 10; n, at = n+1, at+step {
		x := 100 * float64(at-from) / float64(length)
		if at < from || x > 100 {
			continue
		}
		m := timeMark{X: coordinate(x), At: momentOf(at).Machine(), Unit: unit, Label: momentOf(at).at.Format(layout), Anchor: "middle", Minor: n%2 == 1}
		switch {
		case x < 4:
			m.Anchor = "start"
		case x > 96:
			m.Anchor = "end"
		}
		marks = append(marks, m)
		if at > math.MaxInt64-step {
			break
		}
	}
	return marks
}

func orZero(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// compact writes a coordinate in as few characters as three decimals take.
func compact(x float64) string {
	return strings.TrimRight(strings.TrimRight(coordinate(x), "0"), ".")
}

// countText and the like write a chart's values.
func countText(x float64) string { return format.Significant(x) }

func percentText(x float64) string { return format.Significant(x) + " %" }

func durationText(nanoseconds float64) string {
	if nanoseconds == 0 {
		return "0"
	}
	return format.Duration(time.Duration(nanoseconds))
}
