package web

import (
	"cmp"
	"slices"
)

// A point is a place on a map.
type point struct{ x, y float64 }

// A mapPlan is a map's nodes and edges, and where they are drawn.
type mapPlan struct {
	nodes  []mapNode
	edges  []mapEdge
	places map[string]int // of services among the nodes
	boxes  []point        // the middle of each node's left side
	order  []int          // of nodes, in which they are read: part by part, each layer by layer
	lines  [][]point      // of each edge: two points for each curve, with straight lines between them
	size   point
}

// planMap lays a map out: services that have to do with others in layers, and
// those that have not in rows below.
func planMap(nodes []mapNode, edges []mapEdge) *mapPlan {
	p := &mapPlan{places: map[string]int{}}
	p.gather(nodes, edges)
	p.boxes, p.lines = make([]point, len(p.nodes)), make([][]point, len(p.edges))

	related := make([]bool, len(p.nodes))
	for _, e := range p.edges {
		if e.From != e.To {
			related[p.places[e.From]], related[p.places[e.To]] = true, true
		}
	}
	var linked, alone []int // nodes
	for i := range p.nodes {
		if related[i] {
			linked = append(linked, i)
		} else {
			alone = append(alone, i)
		}
	}
	layers := 0
	for _, part := range p.parts(linked) {
		layers = max(layers, p.placeLayers(part))
		slices.SortStableFunc(part, func(a, b int) int {
			return cmp.Or(cmp.Compare(p.boxes[a].x, p.boxes[b].x), cmp.Compare(p.boxes[a].y, p.boxes[b].y))
		})
		p.order = append(p.order, part...)
	}
	p.placeRows(alone, max(5, layers))
	p.order = append(p.order, alone...)
	for i, e := range p.edges {
		if e.From == e.To {
			p.lines[i] = p.ownEnds(p.places[e.From])
		}
	}
	p.size.y = p.bottom() + above
	for _, at := range p.boxes {
		p.size.x = max(p.size.x, at.x+boxWidth+besides)
	}
	return p
}

// gather sorts nodes and edges, so that their order does not tell in the
// drawing, and adds the nodes that edges alone have.
func (p *mapPlan) gather(nodes []mapNode, edges []mapEdge) {
	p.edges = slices.SortedStableFunc(slices.Values(edges), func(a, b mapEdge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	nodes = slices.Clone(nodes)
	for _, e := range p.edges {
		nodes = append(nodes, mapNode{Service: e.From}, mapNode{Service: e.To})
	}
	slices.SortStableFunc(nodes, func(a, b mapNode) int { return cmp.Compare(a.Service, b.Service) })
	p.nodes = slices.CompactFunc(nodes, func(a, b mapNode) bool { return a.Service == b.Service })
	for i, n := range p.nodes {
		p.places[n.Service] = i
	}
}

// parts divides nodes into those that edges connect, the most first: each part
// is a drawing of its own.
func (p *mapPlan) parts(nodes []int) (parts [][]int) {
	beside := map[int][]int{}
	for _, e := range p.edges {
		from, to := p.places[e.From], p.places[e.To]
		beside[from], beside[to] = append(beside[from], to), append(beside[to], from)
	}
	reached := map[int]bool{}
	for _, first := range nodes {
		if reached[first] {
			continue
		}
		reached[first] = true
		part := []int{first}
		for i := 0; i < len(part); i++ {
			for _, next := range beside[part[i]] {
				if !reached[next] {
					reached[next] = true
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

// placeLayers draws nodes and the edges between them below all that has been
// drawn, and says how many layers there are.
func (p *mapPlan) placeLayers(nodes []int) int {
	top := p.bottom() + above
	places := map[int]int{} // of nodes among these
	heights := make([]float64, len(nodes))
	for i, node := range nodes {
		places[node], heights[i] = i, p.nodes[node].height()
	}
	var links []link
	var edges []int // of the links
	for i, e := range p.edges {
		if from, ok := places[p.places[e.From]]; ok && e.From != e.To {
			links = append(links, link{from, places[p.places[e.To]]})
			edges = append(edges, i)
		}
	}
	d := layOut(heights, links)
	left := func(v int) float64 { return besides + float64(d.vertices[v].layer)*(boxWidth+betweenBoxes) }
	for i, node := range nodes {
		p.boxes[node] = point{left(i), top + d.vertices[i].y}
	}
	begins, ends := d.ports()
	for i, chain := range d.chains {
		first, last := chain[0], chain[len(chain)-1]
		line := []point{{left(first) + boxWidth, top + begins[i]}}
		for _, bend := range chain[1 : len(chain)-1] {
			y := top + d.vertices[bend].y
			line = append(line, point{left(bend), y}, point{left(bend) + boxWidth, y})
		}
		line = append(line, point{left(last), top + ends[i]})
		if d.turned[i] {
			slices.Reverse(line)
		}
		p.lines[edges[i]] = line
	}
	return len(d.layers)
}

// placeRows puts nodes below all others.
func (p *mapPlan) placeRows(nodes []int, columns int) {
	y := p.bottom() + above
	for row := range slices.Chunk(nodes, columns) {
		highest := 0.0
		for column, node := range row {
			height := p.nodes[node].height()
			p.boxes[node] = point{besides + float64(column)*(boxWidth+betweenBoxes), y + height/2}
			highest = max(highest, height)
		}
		y += highest + above
	}
}

// bottom is that of the lowest box or line that has been placed.
func (p *mapPlan) bottom() (y float64) {
	for i, at := range p.boxes {
		if at != (point{}) {
			y = max(y, at.y+p.nodes[i].height()/2)
		}
	}
	for _, line := range p.lines {
		for _, at := range line {
			y = max(y, at.y)
		}
	}
	return y
}

// ownEnds are where the line of a service that calls itself begins and ends, on
// top of its box.
func (p *mapPlan) ownEnds(node int) []point {
	top := p.boxes[node].y - p.nodes[node].height()/2
	right := p.boxes[node].x + boxWidth
	return []point{{right - 44, top}, {right - 16, top}}
}

// ports are the heights at which links begin on the right sides of boxes, and
// end on the left sides of others: one below the other, in the order of where
// they come from and go to.
func (d *layered) ports() (begins, ends []float64) {
	type end struct {
		link   int
		beside float64 // the height of what the link leads to first
	}
	rights, lefts := map[int][]end{}, map[int][]end{} // of boxes
	for i, chain := range d.chains {
		first, last := chain[0], chain[len(chain)-1]
		rights[first] = append(rights[first], end{i, d.vertices[chain[1]].y})
		lefts[last] = append(lefts[last], end{i, d.vertices[chain[len(chain)-2]].y})
	}
	spread := func(sides map[int][]end) []float64 {
		heights := make([]float64, len(d.chains))
		for box, side := range sides {
			slices.SortStableFunc(side, func(a, b end) int { return cmp.Compare(a.beside, b.beside) })
			apart := min(9, (d.vertices[box].height-12)/float64(len(side)))
			for i, e := range side {
				heights[e.link] = d.vertices[box].y + (float64(i)-float64(len(side)-1)/2)*apart
			}
		}
		return heights
	}
	return spread(rights), spread(lefts)
}
