// Package graph lays out directed graphs: boxes in layers from left to right, callers to
// the left of those they call, and lines that bend around the boxes on their way.
package graph

import (
	"cmp"
	"slices"
)

// The measures of a drawing, in pixels.
const (
	BoxWidth   = 188
	layerGap   = 54 // between the boxes of two layers
	sideMargin = 4
	rowGap     = 20 // above, below and between parts; loops need it too
	minColumns = 5  // of rows of boxes without edges
)

// An Edge leads from one box to another, or to itself.
type Edge struct{ From, To int }

// A Point is a position in a drawing. Y grows downwards.
type Point struct{ X, Y float64 }

// A Layout holds the positions of boxes and edges.
type Layout struct {
	Width, Height float64
	Boxes         []Box
	Lines         []Line // of the edges
	Order         []int  // of boxes, to read them in: part by part, layer by layer
}

// A Box is BoxWidth wide. X and Y are its upper left corner.
type Box struct{ X, Y, Height float64 }

func (b Box) bottom() float64 { return b.Y + b.Height }

// Place lays out one box for each height, and the edges between them. Its result depends
// on nothing but its arguments. Connected boxes form parts, the largest on top; boxes
// without edges to others come last, in rows.
func Place(heights []float64, edges []Edge) Layout {
	l := Layout{Boxes: make([]Box, len(heights)), Lines: make([]Line, len(edges))}
	for i, height := range heights {
		l.Boxes[i].Height = height
	}
	y, columns := float64(rowGap), minColumns
	var alone []int
	for _, part := range connected(len(heights), edges) {
		if len(part) == 1 {
			alone = append(alone, part[0])
			continue
		}
		layers, bottom := l.placePart(part, edges, y)
		y, columns = bottom+rowGap, max(columns, layers)
		l.Order = append(l.Order, part...)
	}
	slices.Sort(alone)
	for row := range slices.Chunk(alone, columns) {
		bottom := y
		for column, box := range row {
			l.Boxes[box].X, l.Boxes[box].Y = layerX(column), y
			bottom = max(bottom, l.Boxes[box].bottom())
		}
		y = bottom + rowGap
	}
	l.Order = append(l.Order, alone...)
	for i, e := range edges {
		if e.From == e.To {
			l.Lines[i] = loopOn(l.Boxes[e.From])
		}
	}
	for _, box := range l.Boxes {
		l.Width = max(l.Width, box.X+BoxWidth+sideMargin)
	}
	l.Height = y
	return l
}

// layerX returns the left side of a layer's boxes.
func layerX(layer int) float64 { return sideMargin + float64(layer)*(BoxWidth+layerGap) }

// connected divides boxes into parts without edges between them; the largest comes first.
func connected(boxes int, edges []Edge) (parts [][]int) {
	neighbours := make([][]int, boxes)
	for _, e := range edges {
		neighbours[e.From] = append(neighbours[e.From], e.To)
		neighbours[e.To] = append(neighbours[e.To], e.From)
	}
	seen := make([]bool, boxes)
	for first := range boxes {
		if seen[first] {
			continue
		}
		seen[first] = true
		part := []int{first}
		for i := 0; i < len(part); i++ { // part grows
			for _, next := range neighbours[part[i]] {
				if !seen[next] {
					seen[next] = true
					part = append(part, next)
				}
			}
		}
		slices.Sort(part)
		parts = append(parts, part)
	}
	slices.SortStableFunc(parts, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return parts
}

// placePart places connected boxes and their edges below top, and sorts the boxes into
// reading order. It returns the number of layers and where the part ends.
func (l *Layout) placePart(part []int, edges []Edge, top float64) (layers int, bottom float64) {
	local := map[int]int{} // the part's boxes by their index in the graph
	heights := make([]float64, len(part))
	for i, box := range part {
		local[box], heights[i] = i, l.Boxes[box].Height
	}
	var inside []Edge
	var lines []int // of the edges inside
	for i, e := range edges {
		if from, ok := local[e.From]; ok && e.From != e.To {
			inside = append(inside, Edge{from, local[e.To]})
			lines = append(lines, i)
		}
	}
	d := newLayered(heights, inside)
	for i, box := range part {
		v := d.vertices[i]
		l.Boxes[box].X, l.Boxes[box].Y = layerX(v.layer), top+v.y-v.height/2
		bottom = max(bottom, l.Boxes[box].bottom())
	}
	slices.SortStableFunc(part, func(a, b int) int {
		return cmp.Or(cmp.Compare(l.Boxes[a].X, l.Boxes[b].X), cmp.Compare(l.Boxes[a].Y, l.Boxes[b].Y))
	})
	for i, points := range d.lines() {
		for k := range points {
			points[k].Y += top
			bottom = max(bottom, points[k].Y)
		}
		l.Lines[lines[i]] = Line{Points: points}
	}
	return len(d.layers), bottom
}
