package web

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"thinker/shared/apm/format"
)

// A mapNode is a service on a map.
type mapNode struct {
	Service string
	Lines   []string // figures, a few words each
	Errors  string   // how many there are, in words; empty for none
	Failed  bool     // they are so many that the service stands out
	Current bool     // the map is about this service
	URL     string   // empty for no link
}

// A mapEdge is calls from one service to another.
type mapEdge struct {
	From, To string
	Label    string  // figures, in words
	Weight   float64 // 0 or more: the line's width grows with its logarithm
	Failed   bool
}

// A serviceMap is a picture of services, callers to the left of those they call,
// and tables of the same. Pages show it by the template "servicemap".
type serviceMap struct {
	Label         string // what it shows, in words
	Width, Height string
	Nodes         []drawnNode // those that have to do with each other together, layer by layer
	Edges         []drawnEdge
}

type drawnNode struct {
	mapNode
	ID            int // by which the page's script finds its edges
	Shown         service
	Title         string // all that is known of it
	X, Y          string // of the box's upper left corner
	Width, Height string
}

type drawnEdge struct {
	mapEdge
	FromID, ToID   int
	Caller, Callee service
	Title          string
	Line, Head     string // paths
	Width          string
}

// The measures of a map, in pixels.
const (
	boxWidth     = 188
	boxPadding   = 8
	boxLine      = 17
	betweenBoxes = 54 // from layer to layer
	besides      = 4  // of the drawing, on the left and right
	above        = 20 // and over and under it, where calls to oneself need room
	headLength   = 8
)

// drawMap draws services and their calls. Who is in an edge and not among the
// nodes is drawn without figures.
func (w *Web) drawMap(label string, nodes []mapNode, edges []mapEdge) *serviceMap {
	plan := planMap(nodes, edges)
	drawn := &serviceMap{Label: label, Width: pixels(plan.size.x), Height: pixels(plan.size.y)}
	for _, i := range plan.order {
		n, at := plan.nodes[i], plan.boxes[i]
		drawn.Nodes = append(drawn.Nodes, drawnNode{
			mapNode: n, ID: i, Shown: w.service(n.Service), Title: n.title(),
			X: pixels(at.x), Y: pixels(at.y - n.height()/2), Width: pixels(boxWidth), Height: pixels(n.height()),
		})
	}
	width := plan.widths()
	for i, e := range plan.edges {
		draw := arrow
		if e.From == e.To {
			draw = loop
		}
		line, head := draw(plan.lines[i])
		drawn.Edges = append(drawn.Edges, drawnEdge{
			mapEdge: e, FromID: plan.places[e.From], ToID: plan.places[e.To],
			Caller: w.service(e.From), Callee: w.service(e.To), Title: e.title(),
			Line: line, Head: head, Width: pixels(width(e)),
		})
	}
	return drawn
}

// widths gives each line its width: the widest one to the edge of most weight,
// each the wider by as much for twice the weight.
func (p *mapPlan) widths() func(mapEdge) float64 {
	const thin, wide = 1.2, 3.6
	least, most := math.Inf(1), 0.0
	for _, e := range p.edges {
		least, most = min(least, e.Weight), max(most, e.Weight)
	}
	return func(e mapEdge) float64 {
		if most <= least {
			return (thin + wide) / 3
		}
		return thin + (wide-thin)*math.Log((1+e.Weight)/(1+least))/math.Log((1+most)/(1+least))
	}
}

// arrow writes a line that has two points for each of its curves, and its head.
func arrow(points []point) (line, head string) {
	first, last := points[0], points[len(points)-1]
	way := 1.0 // to the right
	if last.x < first.x {
		way = -1
	}
	points = slices.Clone(points)
	points[len(points)-1].x -= way * (headLength - 1) // the head goes on
	var text strings.Builder
	fmt.Fprintf(&text, "M%s %s", pixels(first.x), pixels(first.y))
	for i := 0; i < len(points); i += 2 {
		from, to := points[i], points[i+1]
		if i > 0 {
			fmt.Fprintf(&text, "H%s", pixels(from.x))
		}
		middle := pixels((from.x + to.x) / 2)
		fmt.Fprintf(&text, "C%s %s %s %s %s %s", middle, pixels(from.y), middle, pixels(to.y), pixels(to.x), pixels(to.y))
	}
	return text.String(), fmt.Sprintf("M%s %sl%s -4v8z", pixels(last.x), pixels(last.y), pixels(-way*headLength))
}

// loop writes the line of a service that calls itself, up from its box and back.
func loop(points []point) (line, head string) {
	first, last := points[0], points[1]
	across := pixels(last.x - first.x)
	line = fmt.Sprintf("M%s %sc0 -20 %s -20 %s %s", pixels(first.x), pixels(first.y), across, across, pixels(1-headLength))
	return line, fmt.Sprintf("M%s %sl-4 %sh8z", pixels(last.x), pixels(last.y), pixels(-headLength))
}

// pixels writes a measure to a tenth of a pixel.
func pixels(x float64) string { return compact(math.Round(10*x) / 10) }

// height is that of the node's box.
func (n mapNode) height() float64 { return 2*boxPadding + boxLine*float64(len(n.allLines())+1) }

func (n mapNode) allLines() []string {
	if n.Errors == "" {
		return n.Lines
	}
	return append(slices.Clone(n.Lines), n.Errors)
}

func (n mapNode) title() string {
	return strings.TrimSuffix(isolated(n.Service)+": "+strings.Join(n.allLines(), ", "), ": ")
}

func (e mapEdge) title() string {
	return isolated(e.From) + " → " + isolated(e.To) + ": " + e.Label
}

// isolated is a service's name within other text, which it cannot turn around,
// whatever it holds.
func isolated(service string) string {
	if service == "" {
		return "no service"
	}
	return "\u2068" + format.Printable(short(service), 300) + "\u2069"
}
