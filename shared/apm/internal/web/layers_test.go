package web

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// systems are maps of every shape: without calls, with calls in circles and to
// oneself, and with very many services.
func systems() map[string][]mapEdge {
	chain := func(names ...string) (edges []mapEdge) {
		for i, to := range names[1:] {
			edges = append(edges, mapEdge{From: names[i], To: to, Weight: float64(i)})
		}
		return edges
	}
	all := map[string][]mapEdge{
		"two":          chain("a", "b"),
		"a line":       chain("a", "b", "c", "d", "e"),
		"itself":       chain("a", "a"),
		"and itself":   chain("a", "b", "b"),
		"to and fro":   chain("a", "b", "a"),
		"a circle":     chain("a", "b", "c", "a"),
		"a short cut":  append(chain("a", "b", "c", "d"), mapEdge{From: "a", To: "d"}),
		"circles":      append(chain("a", "b", "c", "a"), chain("c", "d", "e", "c")...),
		"hostile":      chain("<script>", "\u202egnp", strings.Repeat("w", 5000), "", "a\x00b"),
		"twice":        append(chain("a", "b"), chain("a", "b")...),
		"200 in a row": nil,
		"200 at once":  nil,
	}
	for i := range 199 {
		all["200 in a row"] = append(all["200 in a row"], mapEdge{From: fmt.Sprint(i), To: fmt.Sprint(i + 1)}, mapEdge{From: fmt.Sprint(i), To: "200"})
		all["200 at once"] = append(all["200 at once"], mapEdge{From: "web", To: fmt.Sprint(i)})
	}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 31))
		services := 2 + r.IntN(60)
		var edges []mapEdge
		for range services + r.IntN(2*services) {
			edges = append(edges, mapEdge{From: fmt.Sprint(r.IntN(services)), To: fmt.Sprint(r.IntN(services)), Weight: r.Float64()})
		}
		all[fmt.Sprintf("%d at random, seed %d", services, seed)] = edges
	}
	return all
}

// TestNothingOnAMapOverlaps holds that boxes stand clear of each other and of
// the lines that pass them, and that all are within the drawing.
func TestNothingOnAMapOverlaps(t *testing.T) {
	for name, edges := range systems() {
		nodes := []mapNode{{Service: "alone"}, {Service: "1", Lines: []string{"figures"}, Errors: "5 errors"}}
		plan := planMap(nodes, edges)
		for i, a := range plan.boxes {
			half := plan.nodes[i].height() / 2
			if a.x < 0 || a.y-half < above-.01 || a.x+boxWidth > plan.size.x || a.y+half > plan.size.y {
				t.Errorf("%s: box %d is at %v, in %v", name, i, a, plan.size)
			}
			for j, b := range plan.boxes[:i] {
				if a.x == b.x && max(a.y, b.y)-min(a.y, b.y) < half+plan.nodes[j].height()/2+15 {
					t.Errorf("%s: boxes %d and %d are at %v and %v", name, i, j, a, b)
				}
			}
			for k, line := range plan.lines {
				for p := 1; p+1 < len(line); p += 2 { // where it is straight
					if from, to := line[p], line[p+1]; min(from.x, to.x) < a.x+boxWidth && max(from.x, to.x) > a.x && from.y > a.y-half-5 && from.y < a.y+half+5 {
						t.Errorf("%s: line %d passes box %d", name, k, i)
					}
				}
			}
		}
		for k, line := range plan.lines {
			for _, at := range line {
				if at.x < 0 || at.y < 0 || at.x > plan.size.x || at.y > plan.size.y {
					t.Errorf("%s: line %d goes to %v, in %v", name, k, at, plan.size)
				}
			}
		}
	}
}

// TestALineLeadsFromCallerToCalled holds that each begins on a side of its
// caller's box and ends on one of the called's, and that all that need not turn
// lead to the right.
func TestALineLeadsFromCallerToCalled(t *testing.T) {
	for name, edges := range systems() {
		plan := planMap(nil, edges)
		at := func(p point, service string, side float64) bool {
			i := plan.places[service]
			return p.x == plan.boxes[i].x+side && p.y > plan.boxes[i].y-plan.nodes[i].height()/2 && p.y < plan.boxes[i].y+plan.nodes[i].height()/2
		}
		for k, e := range plan.edges {
			line := plan.lines[k]
			first, last := line[0], line[len(line)-1]
			forth := at(first, e.From, boxWidth) && at(last, e.To, 0)
			back := at(first, e.From, 0) && at(last, e.To, boxWidth)
			if e.From != e.To && !forth && !back || len(line)%2 != 0 {
				t.Errorf("%s: the line from %.20q to %.20q is %v", name, e.From, e.To, line)
			}
			if circle := strings.Contains(name, "circle") || strings.Contains(name, "random") || strings.Contains(name, "fro"); back && !circle {
				t.Errorf("%s: the line from %.20q to %.20q leads back", name, e.From, e.To)
			}
		}
	}
}

// TestAMapIsDrawnTheSame whatever the order in which services and calls come,
// and however many calls there are.
func TestAMapIsDrawnTheSame(t *testing.T) {
	for name, edges := range systems() {
		if name == "twice" {
			continue // which of the two is first may tell
		}
		var nodes []mapNode
		for i := range 30 {
			nodes = append(nodes, mapNode{Service: fmt.Sprint(i)})
		}
		want := planMap(nodes, edges)
		r := rand.New(rand.NewPCG(1, 32))
		r.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
		if !strings.Contains(name, "random") { // where some calls come twice
			r.Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
		}
		for i := range edges {
			edges[i].Weight *= 3
		}
		if got := planMap(nodes, edges); !reflect.DeepEqual(got.boxes, want.boxes) || !reflect.DeepEqual(got.lines, want.lines) {
			t.Errorf("%s: got %v, want %v", name, got.boxes, want.boxes)
		}
	}
}

func TestLinesAreUntangled(t *testing.T) {
	// In the order of their names, each of these lines crosses all others.
	var links []link
	heights := make([]float64, 12)
	for i := range 6 {
		heights[i], heights[i+6] = 40, 40
		links = append(links, link{i, 11 - i})
	}
	d := layOut(heights, links)
	if n := d.crossings(); n != 0 {
		t.Errorf("%d crossings", n)
	}
	for i, l := range links {
		if from, to := d.vertices[l.from].y, d.vertices[l.to].y; from != to {
			t.Errorf("line %d leads from %g to %g", i, from, to)
		}
	}
	d.layers[1][0], d.layers[1][1] = d.layers[1][1], d.layers[1][0]
	d.layers[1][4], d.layers[1][5] = d.layers[1][5], d.layers[1][4]
	if n := d.crossings(); n != 2 {
		t.Errorf("%d crossings, want 2", n)
	}
}

// TestAMapIsReadPartByPart from callers to called, and who has to do with no
// other last.
func TestAMapIsReadPartByPart(t *testing.T) {
	w, _ := newTest()
	m := w.drawMap("", []mapNode{{Service: "a"}}, []mapEdge{{From: "z", To: "y"}, {From: "y", To: "x"}, {From: "c", To: "b"}})
	var got []string
	for _, n := range m.Nodes {
		got = append(got, n.Service)
	}
	if text := strings.Join(got, " "); text != "z y x c b a" {
		t.Error(text)
	}
}
