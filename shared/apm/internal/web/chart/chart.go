// Package chart draws figures over time, and distributions of latency, as data for the
// SVG templates in this package.
package chart

import (
	"cmp"
	"embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/format"
)

// Templates returns the templates of charts: "chart", "charts", "histogram", "choices" and
// "latency-axis". They need a function "moment" for nanoseconds since the Unix epoch, and
// a template "moment" for its results.
func Templates() embed.FS { return templates }

//go:embed chart.html
var templates embed.FS

// A Chart is a graph of figures over time and a table of the same figures. The page's
// script reads the values under the pointer from the table.
type Chart struct {
	ID      string // of its element, and of the parameter that chooses what it shows
	Title   string
	Choices []Choice
	Summary string

	Range Range
	Named bool   // shows the areas' names even if there is only one
	Areas []Area // stacked bars, from the bottom up
	Lines []Line
	Y     []Mark
	X     []Tick

	Histogram *Histogram // a distribution instead of figures over time

	Columns []string // of the table, without the time
	Rows    []Row    // one for each step of the range
}

// A Choice is something else that a chart, or a page, can show.
type Choice struct {
	Title, URL string
	Current    bool
}

// A Series is one value for each step of a chart's range; NaN for none.
type Series struct {
	Name, Class, Colour string
	Values              []float64
}

// An Area is a series as bars. Paths count the range's steps from left to right, and
// percent from the top.
type Area struct{ Name, Class, Colour, Path string }

// A Line is a series as a line.
type Line struct {
	Name, Class, Colour, Path string
	End, Last                 string // the height of the label at its end, in percent, and its last value
}

// A Row holds the values of a step that starts At, in nanoseconds since the Unix epoch.
type Row struct {
	At     int64
	Values []string
}

// New returns an empty chart.
func New(id, title string, over Range) *Chart {
	c := &Chart{ID: id, Title: title, Range: over, X: TimeTicks(over.From, over.To)}
	for i := range over.Steps() {
		c.Rows = append(c.Rows, Row{At: over.From + int64(i)*over.Step})
	}
	return c
}

// Stack draws series as bars on top of each other. write formats a value.
func (c *Chart) Stack(all []Series, write func(float64) string) {
	tops := make([]float64, len(c.Rows))
	for _, s := range all {
		for i, value := range s.Values {
			tops[i] += orZero(value)
		}
	}
	marks, top := Marks(slices.Max(append(tops, 0)), write)
	c.Y = marks
	bases := make([]float64, len(c.Rows))
	for _, s := range all {
		var path strings.Builder
		for i, value := range s.Values {
			if value = orZero(value); value == 0 {
				continue
			}
			from, to := 100-100*bases[i]/top, 100-100*(bases[i]+value)/top
			bases[i] += value
			to = min(to, from-.8) // one request of a thousand remains visible
			fmt.Fprintf(&path, "M%s %sV%sh.84V%sz", Coordinate(float64(i)+.08), Coordinate(from), Coordinate(to),
				Coordinate(from))
		}
		c.Areas = append(c.Areas, Area{s.Name, s.Class, s.Colour, path.String()})
		c.addColumn(s, write)
	}
}

// Plot draws series as lines, interrupted where values are missing. Each line's label
// stands at its end, so there should be few.
func (c *Chart) Plot(all []Series, write func(float64) string) {
	top := 0.0
	for _, s := range all {
		for _, value := range s.Values {
			top = max(top, orZero(value))
		}
	}
	c.Y, top = Marks(top, write)
	ends := make([]float64, len(all))
	for k, s := range all {
		line := Line{Name: s.Name, Class: s.Class, Colour: s.Colour}
		ends[k] = math.NaN()
		var path strings.Builder
		missing := func(i int) bool { return i < 0 || i == len(s.Values) || math.IsNaN(s.Values[i]) }
		for i, value := range s.Values {
			if missing(i) {
				continue
			}
			ends[k], line.Last = 100-100*value/top, write(value)
			switch y := Coordinate(ends[k]); {
			case missing(i-1) && missing(i+1): // a single value is as wide as a bar
				fmt.Fprintf(&path, "M%s %sh.84", Coordinate(float64(i)+.08), y)
			case missing(i - 1):
				fmt.Fprintf(&path, "M%s %s", Coordinate(float64(i)+.5), y)
			default:
				fmt.Fprintf(&path, "L%s %s", Coordinate(float64(i)+.5), y)
			}
		}
		line.Path = path.String()
		c.Lines = append(c.Lines, line)
		c.addColumn(s, write)
	}
	for i, y := range spread(ends) {
		if !math.IsNaN(y) {
			c.Lines[i].End = Coordinate(y)
		}
	}
}

func (c *Chart) addColumn(s Series, write func(float64) string) {
	c.Columns = append(c.Columns, s.Name)
	for i, value := range s.Values {
		text := "–"
		if !math.IsNaN(value) {
			text = write(value)
		}
		c.Rows[i].Values = append(c.Rows[i].Values, text)
	}
}

// spread moves labels, in percent from the top, so that they don't overlap. Of equal ones
// the later stands higher, as percentiles do. NaN stays.
func spread(labels []float64) []float64 {
	const first, last, apart = 3.0, 100.0, 8.5
	var order []int
	for i, y := range labels {
		if !math.IsNaN(y) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(labels[a], labels[b]), b-a) })
	moved := slices.Clone(labels)
	least := first
	for _, i := range order {
		moved[i] = max(moved[i], least)
		least = moved[i] + apart
	}
	most := last
	for _, i := range slices.Backward(order) {
		moved[i] = min(moved[i], most)
		most = moved[i] - apart
	}
	return moved
}

func orZero(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// Count formats a chart's counts.
func Count(x float64) string { return format.Significant(x) }

// Percent formats a chart's percentages.
func Percent(x float64) string { return format.Significant(x) + " %" }

// Duration formats a chart's durations, in nanoseconds.
func Duration(nanoseconds float64) string {
	if nanoseconds == 0 {
		return "0"
	}
	return format.Duration(time.Duration(nanoseconds))
}
