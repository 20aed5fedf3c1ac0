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
	Width, Height float64     // in pixels, like all lengths
	Nodes         []drawnNode // connected services together, layer by layer
	Edges         []drawnEdge
}

type drawnNode struct {
	MapNode
	graph.Box
	ID int // the page's script finds its edges by it
}

type drawnEdge struct {
	MapEdge
	FromID, ToID int
	Line, Head   string // paths
	Width        float64
}

// NewServiceMap draws services and their calls. It draws a service that only edges name
// without figures. The order of its arguments doesn't change the drawing.
func NewServiceMap(label string, nodes []MapNode, edges []MapEdge) *ServiceMap {
	nodes, edges = slices.Clone(nodes), slices.Clone(edges)
	least, most := math.Inf(1), 0.0
	for _, e := range edges {
		nodes = append(nodes, MapNode{Service: e.From}, MapNode{Service: e.To})
		least, most = min(least, e.Weight), max(most, e.Weight)
	}
	slices.SortStableFunc(nodes, func(a, b MapNode) int { return cmp.Compare(a.Service, b.Service) })
	nodes = slices.CompactFunc(nodes, func(a, b MapNode) bool { return a.Service == b.Service })
	slices.SortStableFunc(edges, func(a, b MapEdge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})

	ids, heights := map[string]int{}, make([]float64, len(nodes))
	for i, n := range nodes {
		const padding, line = 8, 17
		ids[n.Service], heights[i] = i, 2*padding+line*float64(1+len(n.text()))
	}
	calls := make([]graph.Edge, len(edges))
	for i, e := range edges {
		calls[i] = graph.Edge{From: ids[e.From], To: ids[e.To]}
	}
	layout := graph.Place(heights, calls)

	drawn := &ServiceMap{Label: label, Width: layout.Width, Height: layout.Height}
	for _, i := range layout.Order {
		drawn.Nodes = append(drawn.Nodes, drawnNode{nodes[i], layout.Boxes[i], i})
	}
	for i, e := range edges {
		line, head := layout.Lines[i].Path()
		width := lineWidth(e.Weight, least, most)
		drawn.Edges = append(drawn.Edges, drawnEdge{e, calls[i].From, calls[i].To, line, head, width})
	}
	return drawn
}

// lineWidth returns the width of a line by its weight, the least and the most weight.
// Doubling the weight adds the same width everywhere.
func lineWidth(weight, least, most float64) float64 {
	const thin, wide = 1.2, 3.6
	if most <= least {
		return (thin + wide) / 3
	}
	return thin + (wide-thin)*math.Log((1+weight)/(1+least))/math.Log((1+most)/(1+least))
}

// text returns the node's lines with its errors.
func (n MapNode) text() []string {
	if n.Errors == "" {
		return n.Lines
	}
	return append(slices.Clone(n.Lines), n.Errors)
}

// Title returns the node's hover text.
func (n MapNode) Title() string {
	return strings.TrimSuffix(isolated(n.Service)+": "+strings.Join(n.text(), ", "), ": ")
}

// Title returns the edge's hover text.
func (e MapEdge) Title() string { return isolated(e.From) + " → " + isolated(e.To) + ": " + e.Label }

// isolated returns a service's name for use within other text, whose direction it must
// not change.
func isolated(service string) string {
	if service == "" {
		return "no service"
	}
	return "\u2068" + format.Printable(service, 300) + "\u2069"
}

// BoxWidth returns the width of a node's box.
func (*ServiceMap) BoxWidth() int { return graph.BoxWidth }
