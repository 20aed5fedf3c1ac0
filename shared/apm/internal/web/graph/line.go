package graph

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Line is an edge. It has two points for each curve, with straight lines between them.
type Line struct {
	Points []Point
	loop   bool
}

const headLength = 8

// loopOn returns the line of an edge from a box to itself. It stands on top of the box.
func loopOn(box Box) Line {
	right := box.X + BoxWidth
	return Line{Points: []Point{{right - 44, box.Y}, {right - 16, box.Y}}, loop: true}
}

// Path returns the SVG paths of the line and of its arrowhead.
func (l Line) Path() (line, head string) {
	first, last := l.Points[0], l.Points[len(l.Points)-1]
	if l.loop {
		across := Pixels(last.X - first.X)
		line = fmt.Sprintf("M%s %sc0 -20 %s -20 %s %d", Pixels(first.X), Pixels(first.Y), across, across, 1-headLength)
		return line, fmt.Sprintf("M%s %sl-4 %dh8z", Pixels(last.X), Pixels(last.Y), -headLength)
	}
	direction := 1.0
	if last.X < first.X {
		direction = -1
	}
	points := slices.Clone(l.Points)
	points[len(points)-1].X -= direction * (headLength - 1) // the head covers the rest
	var path strings.Builder
	fmt.Fprintf(&path, "M%s %s", Pixels(first.X), Pixels(first.Y))
	for i := 0; i < len(points); i += 2 {
		from, to := points[i], points[i+1]
		if i > 0 {
			fmt.Fprintf(&path, "H%s", Pixels(from.X))
		}
		middle := Pixels((from.X + to.X) / 2)
		fmt.Fprintf(&path, "C%s %s %s %s %s %s", middle, Pixels(from.Y), middle, Pixels(to.Y), Pixels(to.X), Pixels(to.Y))
	}
	return path.String(), fmt.Sprintf("M%s %sl%s -4v8z", Pixels(last.X), Pixels(last.Y), Pixels(-direction*headLength))
}

// Pixels formats a length with at most one decimal.
func Pixels(x float64) string { return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64) }
