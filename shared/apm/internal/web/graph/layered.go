package graph

import (
	"cmp"
	"slices"
)

// A layered drawing follows Sugiyama's method
// (https://en.wikipedia.org/wiki/Layered_graph_drawing): turn the edges that close a
// cycle, assign layers, order each layer so that few lines cross, then choose heights that
// make lines straight. Its first vertices are the boxes; the others are bends of lines.
type layered struct {
	vertices []vertex
	layers   [][]int // vertices, from top to bottom
	chains   [][]int // the vertices of each edge, from left to right
	turned   []bool  // edges that lead from right to left
}

// A vertex is a box, or a bend where a line crosses a layer.
type vertex struct {
	layer  int
	height float64  // 0 for a bend
	y      float64  // of its middle
	beside [2][]int // its neighbours in the layers on the left and on the right
}

// newLayered draws boxes of the given heights. No edge may lead from a box to itself.
func newLayered(heights []float64, edges []Edge) *layered {
	d := &layered{vertices: make([]vertex, len(heights)), turned: make([]bool, len(edges))}
	order := callersFirst(len(heights), edges)
	rank := make([]int, len(heights))
	for i, box := range order {
		rank[box] = i
	}
	forward, callees := slices.Clone(edges), make([][]int, len(heights))
	for i, e := range edges {
		if d.turned[i] = rank[e.From] > rank[e.To]; d.turned[i] {
			e = Edge{e.To, e.From}
		}
		forward[i] = e
		callees[e.From] = append(callees[e.From], e.To)
	}
	for _, box := range order { // neighbours follow each other, so few lines cross at first
		d.vertices[box].height = heights[box]
		d.addToLayer(box)
		for _, to := range callees[box] {
			d.vertices[to].layer = max(d.vertices[to].layer, d.vertices[box].layer+1)
		}
	}
	for _, e := range forward {
		d.chains = append(d.chains, d.addChain(e))
	}
	d.uncross()
	d.straighten()
	return d
}

// callersFirst sorts boxes so that edges lead from earlier to later ones, except those
// that close a cycle: the reverse postorder of depth-first searches. These start at boxes
// without callers, then where the most edges lead away.
func callersFirst(boxes int, edges []Edge) (order []int) {
	callees, callers := make([][]int, boxes), make([]int, boxes)
	for _, e := range edges {
		callees[e.From] = append(callees[e.From], e.To)
		callers[e.To]++
	}
	starts := make([]int, boxes)
	for box := range starts {
		starts[box] = box
	}
	slices.SortStableFunc(starts, func(a, b int) int {
		return cmp.Or(cmp.Compare(min(callers[a], 1), min(callers[b], 1)),
			cmp.Compare(callers[a]-len(callees[a]), callers[b]-len(callees[b])))
	})
	seen := make([]bool, boxes)
	var visit func(box int)
	visit = func(box int) {
		if seen[box] {
			return
		}
		seen[box] = true
		for _, to := range slices.Backward(callees[box]) { // the result is reversed again
			visit(to)
		}
		order = append(order, box)
	}
	for _, box := range starts {
		visit(box)
	}
	slices.Reverse(order)
	return order
}

func (d *layered) addToLayer(v int) {
	layer := d.vertices[v].layer
	for len(d.layers) <= layer {
		d.layers = append(d.layers, nil)
	}
	d.layers[layer] = append(d.layers[layer], v)
}

// addChain adds a bend in each layer that an edge crosses, and returns its vertices.
func (d *layered) addChain(e Edge) []int {
	chain := []int{e.From}
	for layer := d.vertices[e.From].layer + 1; layer < d.vertices[e.To].layer; layer++ {
		bend := len(d.vertices)
		d.vertices = append(d.vertices, vertex{layer: layer})
		d.addToLayer(bend)
		chain = append(chain, bend)
	}
	chain = append(chain, e.To)
	for i, right := range chain[1:] {
		left := chain[i]
		d.vertices[left].beside[1] = append(d.vertices[left].beside[1], right)
		d.vertices[right].beside[0] = append(d.vertices[right].beside[0], left)
	}
	return chain
}

// sweeps calls do for each layer: from the left, where the neighbours on that side, 0, are
// settled, then from the right, and so on.
func (d *layered) sweeps(n int, do func(sweep, side int, layer []int)) {
	for sweep := range n {
		side := sweep % 2
		for i := range d.layers {
			if side == 1 {
				i = len(d.layers) - 1 - i
			}
			do(sweep, side, d.layers[i])
		}
	}
}

// uncross sorts each layer by the mean position of its vertices' neighbours, sweeping to
// the right and back.
func (d *layered) uncross() {
	position := make([]float64, len(d.vertices)) // within a layer
	d.sweeps(15, func(_, side int, layer []int) {
		mean := map[int]float64{}
		for i, v := range layer {
			beside := d.vertices[v].beside[side]
			if len(beside) == 0 {
				mean[v] = float64(i)
			}
			for _, other := range beside {
				mean[v] += position[other] / float64(len(beside))
			}
		}
		slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
		for i, v := range layer {
			position[v] = float64(i)
		}
	})
}

// straighten moves vertices to the heights of their neighbours, as far as there is room:
// of those on the left, then of those on the right, and finally of both.
func (d *layered) straighten() {
	const last = 14 // sweep over one side
	d.sweeps(last+2, func(sweep, side int, layer []int) {
		d.alignLayer(layer, func(v vertex) []int {
			if sweep >= last {
				return slices.Concat(v.beside[0], v.beside[1])
			}
			return v.beside[side]
		})
	})
	top := d.vertices[0].y
	for _, v := range d.vertices {
		top = min(top, v.y-v.height/2)
	}
	for i := range d.vertices {
		d.vertices[i].y -= top
	}
}

// alignLayer moves each vertex of a layer as near to its wanted height as the others
// allow. Vertices that get in each other's way form a pool, which moves to the weighted
// mean (the pool-adjacent-violators algorithm).
func (d *layered) alignLayer(layer []int, neighbours func(vertex) []int) {
	type pool struct {
		sum, weight float64
		vertices    int
	}
	var pools []pool
	offsets := make([]float64, len(layer)) // the heights if the layer is packed, from 0
	for i, v := range layer {
		if i > 0 {
			offsets[i] = offsets[i-1] + d.vertices[layer[i-1]].room() + d.vertices[v].room()
		}
		y, weight := d.wanted(d.vertices[v], neighbours(d.vertices[v]))
		next := pool{(y - offsets[i]) * weight, weight, 1}
		for len(pools) > 0 {
			last := pools[len(pools)-1]
			if last.sum/last.weight <= next.sum/next.weight {
				break
			}
			pools = pools[:len(pools)-1]
			next = pool{last.sum + next.sum, last.weight + next.weight, last.vertices + next.vertices}
		}
		pools = append(pools, next)
	}
	i := 0
	for _, p := range pools {
		for range p.vertices {
			d.vertices[layer[i]].y = p.sum/p.weight + offsets[i]
			i++
		}
	}
}

// room returns how much room a vertex needs above and below its middle.
func (v vertex) room() float64 {
	const besideBox, besideBend = 11, 4.5
	if v.height > 0 {
		return v.height/2 + besideBox
	}
	return besideBend
}

// wanted returns the mean height of a vertex's neighbours, and its weight: bends beside
// bends weigh more, since long lines should be straight.
func (d *layered) wanted(v vertex, neighbours []int) (y, weight float64) {
	if len(neighbours) == 0 {
		return v.y, .1
	}
	weight = 1
	for _, i := range neighbours {
		other := d.vertices[i]
		y += other.y / float64(len(neighbours))
		weight += .25
		if v.height == 0 && other.height == 0 {
			weight += 2
		}
	}
	return y, weight
}

// lines returns the points of each edge, from its caller to its callee.
func (d *layered) lines() (lines [][]Point) {
	begins, ends := d.ports(0), d.ports(1)
	for i, chain := range d.chains {
		var line []Point
		for _, v := range chain {
			x, y := layerX(d.vertices[v].layer), d.vertices[v].y
			line = append(line, Point{x, y}, Point{x + BoxWidth, y})
		}
		line = line[1 : len(line)-1] // from the first box's right side to the last one's left
		line[0].Y, line[len(line)-1].Y = begins[i], ends[i]
		if d.turned[i] {
			slices.Reverse(line)
		}
		lines = append(lines, line)
	}
	return lines
}

// ports returns the height at which each edge meets its box at one end, the left one for
// 0. Edges at the same side of a box are sorted by the height of the next vertex, and
// stand apart.
func (d *layered) ports(end int) []float64 {
	sides := make([][]int, len(d.vertices)) // edges by box
	nextY := make([]float64, len(d.chains))
	for i, chain := range d.chains {
		box, next := chain[0], chain[1]
		if end == 1 {
			box, next = chain[len(chain)-1], chain[len(chain)-2]
		}
		sides[box], nextY[i] = append(sides[box], i), d.vertices[next].y
	}
	ports := make([]float64, len(d.chains))
	for box, edges := range sides {
		slices.SortStableFunc(edges, func(a, b int) int { return cmp.Compare(nextY[a], nextY[b]) })
		apart := min(9, (d.vertices[box].height-12)/float64(len(edges)))
		for i, edge := range edges {
			ports[edge] = d.vertices[box].y + (float64(i)-float64(len(edges)-1)/2)*apart
		}
	}
	return ports
}
