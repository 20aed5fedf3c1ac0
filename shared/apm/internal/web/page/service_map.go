package page

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/graph"
)

// A MapNode is a service on a map.
type MapNode struct {
	Service string
	Lines   []string // figures, a few words each
	Errors  string   // the number of errors in words; empty for none
	Failed  bool     // there are so many errors that the service stands out
	Current bool     // the map is about this service
	URL     string   // empty for no link
}

// A MapEdge represents the calls from one service to another.
type MapEdge struct {
	From, To string
	Label    string  // figures, in words
	Weight   float64 // 0 or more: the line's width grows with its logarithm
	Failed   bool
}

// A ServiceMap is a drawing of services, callers to the left of the services they call,
// and tables of the same figures. The template "servicemap" shows it.
type ServiceMap struct {
	Label         string
	Width, Height string
	Nodes         []drawnNode // connected services together, layer by layer
	Edges         []drawnEdge
}

type drawnNode struct {
	MapNode
	ID            int // the page's script finds its edges by it
	Shown         Service
	Title         string
	X, Y          string // the upper left corner
	Width, Height string
}

type drawnEdge struct {
	MapEdge
	FromID, ToID   int
	Caller, Callee Service
	Title          string
	Line, Head     string // paths
	Width          string
}

// NewServiceMap draws services and their calls. It draws a service that only edges name without
// figures. The order of its arguments doesn't change the drawing.
func NewServiceMap(site *Site, label string, nodes []MapNode, edges []MapEdge) *ServiceMap {
	nodes, edges = slices.Clone(nodes), slices.Clone(edges)
	for _, e := range edges {
		nodes = append(nodes, MapNode{Service: e.From}, MapNode{Service: e.To})
	}
	slices.SortStableFunc(nodes, func(a, b MapNode) int { return cmp.Compare(a.Service, b.Service) })
	nodes = slices.CompactFunc(nodes, func(a, b MapNode) bool { return a.Service == b.Service })
	slices.SortStableFunc(edges, func(a, b MapEdge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})

	ids, heights := map[string]int{}, make([]float64, len(nodes))
	for i, n := range nodes {
		ids[n.Service], heights[i] = i, n.height()
	}
	calls := make([]graph.Edge, len(edges))
	for i, e := range edges {
		calls[i] = graph.Edge{From: ids[e.From], To: ids[e.To]}
	}
	layout := graph.Place(heights, calls)

	drawn := &ServiceMap{Label: label, Width: graph.Pixels(layout.Width), Height: graph.Pixels(layout.Height)}
	for _, i := range layout.Order {
		n, box := nodes[i], layout.Boxes[i]
		drawn.Nodes = append(drawn.Nodes, drawnNode{
			MapNode: n, ID: i, Shown: site.Service(n.Service), Title: n.title(),
			X: graph.Pixels(box.X), Y: graph.Pixels(box.Y),
			Width: graph.Pixels(graph.BoxWidth), Height: graph.Pixels(box.Height),
		})
	}
	width := lineWidths(edges)
	for i, e := range edges {
		line, head := layout.Lines[i].Path()
		drawn.Edges = append(drawn.Edges, drawnEdge{
			MapEdge: e, FromID: ids[e.From], ToID: ids[e.To],
			Caller: site.Service(e.From), Callee: site.Service(e.To),
			Title: isolated(e.From) + " → " + isolated(e.To) + ": " + e.Label,
			Line:  line, Head: head, Width: graph.Pixels(width(e.Weight)),
		})
	}
	return drawn
}

// lineWidths returns the width of lines in pixels by weight: doubling the weight adds the
// same width everywhere.
func lineWidths(edges []MapEdge) func(weight float64) float64 {
	const thin, wide = 1.2, 3.6
	least, most := math.Inf(1), 0.0
	for _, e := range edges {
		least, most = min(least, e.Weight), max(most, e.Weight)
	}
	return func(weight float64) float64 {
		if most <= least {
			return (thin + wide) / 3
		}
		return thin + (wide-thin)*math.Log((1+weight)/(1+least))/math.Log((1+most)/(1+least))
	}
}

// height returns the height of the node's box in pixels.
func (n MapNode) height() float64 {
	const padding, line = 8, 17
	return 2*padding + line*float64(1+len(n.allLines()))
}

func (n MapNode) allLines() []string {
	if n.Errors == "" {
		return n.Lines
	}
	return append(slices.Clone(n.Lines), n.Errors)
}

func (n MapNode) title() string {
	return strings.TrimSuffix(isolated(n.Service)+": "+strings.Join(n.allLines(), ", "), ": ")
}

// isolated returns a service's name for use within other text, whose direction it must
// not change.
func isolated(service string) string {
	if service == "" {
		return "no service"
	}
	return "\u2068" + format.Printable(Short(service), 300) + "\u2069"
}
