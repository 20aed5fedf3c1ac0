package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"thinker/shared/apm/internal/web/graph"
)

// chain returns edges that lead from each box to the next.
func chain(boxes ...int) (edges []graph.Edge) {
	for i, to := range boxes[1:] {
		edges = append(edges, graph.Edge{From: boxes[i], To: to})
	}
	return edges
}

// graphs returns graphs of every shape, by name.
func graphs() map[string][]graph.Edge {
	all := map[string][]graph.Edge{
		"no edges":     nil,
		"two":          chain(0, 1),
		"a line":       chain(0, 1, 2, 3, 4),
		"itself":       chain(0, 0),
		"and itself":   chain(0, 1, 1),
		"back":         chain(0, 1, 0),
		"cycle":        chain(0, 1, 2, 0),
		"shortcut":     append(chain(0, 1, 2, 3), graph.Edge{From: 0, To: 3}),
		"cycles":       append(chain(0, 1, 2, 0), chain(2, 3, 4, 2)...),
		"twice":        append(chain(0, 1), chain(0, 1)...),
		"two parts":    append(chain(5, 4), chain(0, 1, 2)...),
		"200 in a row": nil,
		"200 at once":  nil,
	}
	for i := range 199 {
		all["200 in a row"] = append(all["200 in a row"], graph.Edge{From: i, To: i + 1}, graph.Edge{From: i, To: 200})
		all["200 at once"] = append(all["200 at once"], graph.Edge{From: 200, To: i})
	}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 31))
		boxes := 2 + r.IntN(60)
		var edges []graph.Edge
		for range boxes + r.IntN(2*boxes) {
			edges = append(edges, graph.Edge{From: r.IntN(boxes), To: r.IntN(boxes)})
		}
		all[fmt.Sprintf("random %d", seed)] = edges
	}
	return all
}

// heightsFor returns heights for the boxes of edges, and for two boxes more.
func heightsFor(edges []graph.Edge) []float64 {
	last := 0
	for _, e := range edges {
		last = max(last, e.From, e.To)
	}
	heights := make([]float64, last+3)
	for i := range heights {
		heights[i] = []float64{33, 50, 67}[i%3]
	}
	return heights
}

// check fails the test if boxes overlap each other, lines or the edges of the drawing, or
// if a line doesn't connect its boxes.
func check(t *testing.T, heights []float64, edges []graph.Edge) graph.Layout {
	t.Helper()
	l := graph.Place(heights, edges)
	if len(l.Boxes) != len(heights) || len(l.Lines) != len(edges) || len(l.Order) != len(heights) {
		t.Fatalf("%d boxes, %d lines, %d in order", len(l.Boxes), len(l.Lines), len(l.Order))
	}
	for i, a := range l.Boxes {
		if a.X < 0 || a.Y < 0 || a.X+graph.BoxWidth > l.Width || a.Y+a.Height > l.Height || a.Height != heights[i] {
			t.Errorf("box %d is at %v, in %g × %g", i, a, l.Width, l.Height)
		}
		for j, b := range l.Boxes[:i] {
			if a.X == b.X && a.Y < b.Y+b.Height+15 && b.Y < a.Y+a.Height+15 {
				t.Errorf("boxes %d and %d are at %v and %v", i, j, a, b)
			}
		}
		for k, line := range l.Lines {
			for p := 1; p+1 < len(line.Points); p += 2 { // where it is straight
				from, to := line.Points[p], line.Points[p+1]
				besides := max(from.X, to.X) <= a.X || min(from.X, to.X) >= a.X+graph.BoxWidth
				if !besides && from.Y > a.Y-5 && from.Y < a.Y+a.Height+5 {
					t.Errorf("line %d passes box %d", k, i)
				}
			}
		}
	}
	for k, line := range l.Lines {
		checkLine(t, l, edges[k], line)
	}
	return l
}

func checkLine(t *testing.T, l graph.Layout, e graph.Edge, line graph.Line) {
	t.Helper()
	for _, p := range line.Points {
		if p.X < 0 || p.Y < 0 || p.X > l.Width || p.Y > l.Height {
			t.Errorf("%v goes to %v, in %g × %g", e, p, l.Width, l.Height)
		}
	}
	meets := func(p graph.Point, box int, side float64) bool {
		b := l.Boxes[box]
		return p.X == b.X+side && p.Y > b.Y && p.Y < b.Y+b.Height
	}
	first, last := line.Points[0], line.Points[len(line.Points)-1]
	forth := meets(first, e.From, graph.BoxWidth) && meets(last, e.To, 0)
	back := meets(first, e.From, 0) && meets(last, e.To, graph.BoxWidth)
	if e.From != e.To && !forth && !back || len(line.Points)%2 != 0 {
		t.Errorf("the line of %v is %v", e, line.Points)
	}
}

func TestPlace(t *testing.T) {
	for name, edges := range graphs() {
		t.Run(name, func(t *testing.T) {
			heights := heightsFor(edges)
			l := check(t, heights, edges)
			if again := graph.Place(heights, edges); !reflect.DeepEqual(l, again) {
				t.Errorf("placed differently: %v and %v", l, again)
			}
		})
	}
}

// TestPlace_LeadsRight tests that without cycles every line leads from left to right.
func TestPlace_LeadsRight(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 32))
		names := r.Perm(40) // so that a box's number doesn't reveal its place
		var edges []graph.Edge
		for range 60 {
			a, b := r.IntN(40), r.IntN(40)
			if a != b {
				edges = append(edges, graph.Edge{From: names[min(a, b)], To: names[max(a, b)]})
			}
		}
		l := graph.Place(heightsFor(edges), edges)
		for _, e := range edges {
			if l.Boxes[e.From].X >= l.Boxes[e.To].X {
				t.Errorf("seed %d: %v leads back", seed, e)
			}
		}
	}
}

// TestPlace_Uncrosses has lines that cross all others in the order of their boxes.
func TestPlace_Uncrosses(t *testing.T) {
	var edges []graph.Edge
	for i := range 6 {
		edges = append(edges, graph.Edge{From: i, To: 11 - i})
	}
	edges = append(edges, chain(12, 0)...)
	for i := 1; i < 6; i++ {
		edges = append(edges, graph.Edge{From: 12, To: i})
	}
	heights := make([]float64, 13)
	for i := range heights {
		heights[i] = 40
	}
	l := graph.Place(heights, edges)
	for _, e := range edges[:6] {
		if from, to := l.Boxes[e.From].Y, l.Boxes[e.To].Y; math.Abs(from-to) > .01 {
			t.Errorf("%v leads from %g to %g", e, from, to)
		}
	}
}

func TestPlace_Order(t *testing.T) {
	// 4 → 3 → 2, 1 → 0, and 5 alone
	l := graph.Place(make([]float64, 6), append(chain(1, 0), chain(4, 3, 2)...))
	if got := fmt.Sprint(l.Order); got != "[4 3 2 1 0 5]" {
		t.Error(got)
	}
}

func TestLine_Path(t *testing.T) {
	l := graph.Place([]float64{33, 33, 33}, []graph.Edge{{0, 1}, {1, 1}, {1, 0}})
	for i, want := range []string{
		"M192 32C215.5 32 215.5 32 239 32 M246 32l-8 -4v8z",
		"M390 20c0 -20 28 -20 28 -7 M418 20l-4 -8h8z",
		"M246 41C222.5 41 222.5 41 199 41 M192 41l8 -4v8z",
	} {
		line, head := l.Lines[i].Path()
		if line+" "+head != want {
			t.Errorf("%d: %q", i, line+" "+head)
		}
	}
}

func FuzzPlace(f *testing.F) {
	f.Add([]byte{0, 1, 1, 2, 2, 0, 3, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		var edges []graph.Edge
		for i := 0; i+1 < min(len(data), 200); i += 2 {
			edges = append(edges, graph.Edge{From: int(data[i] % 32), To: int(data[i+1] % 32)})
		}
		check(t, heightsFor(edges), edges)
	})
}
