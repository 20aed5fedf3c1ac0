package web

import (
	"cmp"
	"slices"
)

// A drawing of what leads to what: boxes in layers from left to right, each to
// the right of those that lead to it, and lines between them that bend around
// the boxes on their way. The same boxes and links are always drawn the same
// (Sugiyama's method: https://en.wikipedia.org/wiki/Layered_graph_drawing).

// A link leads from one box to another, by their places in a list.
type link struct{ from, to int }

// A layered drawing has the boxes as its first vertices, in the same order, and
// then the bends of the lines.
type layered struct {
	vertices []vertex
	layers   [][]int // of vertices, each from top to bottom
	chains   [][]int // for each link the vertices that it leads through, from left to right; nil for one from a box to itself
	turned   []bool  // links that lead from right to left
}

// A vertex is a box or a bend.
type vertex struct {
	layer       int
	height      float64 // 0 for a bend
	y           float64 // of its middle
	left, right []int   // the vertices that it is linked with, in the layers beside its own
}

func (v vertex) isBend() bool { return v.height == 0 }

// layOut arranges boxes of some heights.
func layOut(heights []float64, links []link) *layered {
	d := &layered{turned: turnedLinks(len(heights), links)}
	for i, layer := range layersOf(len(heights), links, d.turned) {
		d.vertices = append(d.vertices, vertex{layer: layer, height: heights[i]})
	}
	for i, l := range links {
		d.chains = append(d.chains, d.chain(l, d.turned[i]))
	}
	for i, v := range d.vertices {
		for len(d.layers) <= v.layer {
			d.layers = append(d.layers, nil)
		}
		d.layers[v.layer] = append(d.layers[v.layer], i)
	}
	d.untangle()
	d.straighten()
	return d
}

// turnedLinks are those that must lead from right to left, as links go round in
// circles: those that lead back to where a walk came from. It begins at the
// boxes to which nothing leads, and of these where it comes to most others.
func turnedLinks(boxes int, links []link) []bool {
	out := make([][]int, boxes) // links, by where they begin
	in := make([]int, boxes)
	for i, l := range links {
		if l.from != l.to {
			out[l.from] = append(out[l.from], i)
			in[l.to]++
		}
	}
	const unseen, onTheWay, done = 0, 1, 2
	var walk func(box int, state []int, back func(i int)) (met int)
	walk = func(box int, state []int, back func(i int)) (met int) {
		state[box] = onTheWay
		for _, i := range out[box] {
			switch state[links[i].to] {
			case onTheWay:
				back(i)
			case unseen:
				met += walk(links[i].to, state, back)
			}
		}
		state[box] = done
		return met + 1
	}
	starts, reach := make([]int, boxes), make([]int, boxes)
	for box := range boxes {
		starts[box] = box
		reach[box] = walk(box, make([]int, boxes), func(int) {})
	}
	slices.SortStableFunc(starts, func(a, b int) int {
		return cmp.Or(cmp.Compare(min(in[a], 1), min(in[b], 1)), cmp.Compare(reach[b], reach[a]), cmp.Compare(len(out[b])-in[b], len(out[a])-in[a]))
	})
	turned, state := make([]bool, len(links)), make([]int, boxes)
	for _, box := range starts {
		if state[box] == unseen {
			walk(box, state, func(i int) { turned[i] = true })
		}
	}
	return turned
}

// layersOf gives each box a layer: the first, or the one after the last of those
// that lead to it.
func layersOf(boxes int, links []link, turned []bool) []int {
	out, waits := make([][]int, boxes), make([]int, boxes)
	for i, l := range links {
		if turned[i] {
			l.from, l.to = l.to, l.from
		}
		if l.from != l.to {
			out[l.from] = append(out[l.from], l.to)
			waits[l.to]++
		}
	}
	layers := make([]int, boxes)
	var ready []int
	for box := range boxes {
		if waits[box] == 0 {
			ready = append(ready, box)
		}
	}
	for len(ready) > 0 {
		box := ready[0]
		ready = ready[1:]
		for _, to := range out[box] {
			layers[to] = max(layers[to], layers[box]+1)
			if waits[to]--; waits[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	return layers
}

// chain makes the bends of a link, one in each layer that it crosses.
func (d *layered) chain(l link, turned bool) []int {
	if l.from == l.to {
		return nil
	}
	from, to := l.from, l.to
	if turned {
		from, to = to, from
	}
	chain := []int{from}
	for layer := d.vertices[from].layer + 1; layer < d.vertices[to].layer; layer++ {
		d.vertices = append(d.vertices, vertex{layer: layer})
		chain = append(chain, len(d.vertices)-1)
	}
	chain = append(chain, to)
	for i, right := range chain[1:] {
		left := chain[i]
		d.vertices[left].right = append(d.vertices[left].right, right)
		d.vertices[right].left = append(d.vertices[right].left, left)
	}
	return chain
}

// untangle puts the vertices of each layer into an order in which few lines
// cross: each near the middle of those beside it that it is linked with. Of
// several sweeps it keeps the best.
func (d *layered) untangle() {
	const sweeps = 12
	best, fewest := d.order(), d.crossings()
	ranks := d.ranks()
	for sweep := range sweeps {
		for i := range d.layers {
			beside := func(v vertex) []int { return v.left }
			if sweep%2 == 1 {
				i = len(d.layers) - 1 - i
				beside = func(v vertex) []int { return v.right }
			}
			d.sortLayer(d.layers[i], ranks, beside)
		}
		if n := d.crossings(); n < fewest {
			best, fewest = d.order(), n
		}
	}
	d.layers = best
}

func (d *layered) order() [][]int {
	layers := make([][]int, len(d.layers))
	for i, layer := range d.layers {
		layers[i] = slices.Clone(layer)
	}
	return layers
}

// ranks are the places of vertices in their layers.
func (d *layered) ranks() []int {
	ranks := make([]int, len(d.vertices))
	for _, layer := range d.layers {
		for rank, v := range layer {
			ranks[v] = rank
		}
	}
	return ranks
}

// sortLayer sorts a layer by the middle of what its vertices are linked with.
func (d *layered) sortLayer(layer, ranks []int, beside func(vertex) []int) {
	middle := map[int]float64{}
	for rank, v := range layer {
		linked := beside(d.vertices[v])
		if len(linked) == 0 {
			middle[v] = float64(rank)
			continue
		}
		for _, other := range linked {
			middle[v] += float64(ranks[other]) / float64(len(linked))
		}
	}
	slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
	for rank, v := range layer {
		ranks[v] = rank
	}
}

// crossings counts the lines that cross each other.
func (d *layered) crossings() (n int) {
	ranks := d.ranks()
	for i, layer := range d.layers[:max(0, len(d.layers)-1)] {
		// How many lines end at each place of the next layer and below, in a
		// Fenwick tree.
		ends := make([]int, len(d.layers[i+1])+1)
		for _, v := range layer {
			for _, to := range d.vertices[v].right {
				for at := len(d.layers[i+1]) - ranks[to] - 1; at > 0; at -= at & -at {
					n += ends[at]
				}
			}
			for _, to := range d.vertices[v].right {
				for at := len(d.layers[i+1]) - ranks[to]; at < len(ends); at += at & -at {
					ends[at]++
				}
			}
		}
	}
	return n
}

// straighten moves the vertices up and down, in the order in which they are, to
// the height of those that they are linked with, as far as there is room.
func (d *layered) straighten() {
	const sweeps = 24
	for _, layer := range d.layers {
		y := 0.0
		for rank, v := range layer {
			if rank > 0 {
				y += d.distance(layer[rank-1], v)
			}
			d.vertices[v].y = y
		}
	}
	for sweep := range sweeps {
		for i := range d.layers {
			if sweep%2 == 1 {
				i = len(d.layers) - 1 - i
			}
			d.settleLayer(d.layers[i], sweep >= sweeps-2 || sweep%2 == 0, sweep >= sweeps-2 || sweep%2 == 1)
		}
	}
	top := 0.0
	for i, v := range d.vertices {
		if i == 0 || v.y-v.height/2 < top {
			top = v.y - v.height/2
		}
	}
	for i := range d.vertices {
		d.vertices[i].y -= top
	}
}

// distance is how far apart the middles of two neighbours in a layer must be.
func (d *layered) distance(above, below int) float64 {
	const boxes, bends, both = 22, 9, 14
	a, b := d.vertices[above], d.vertices[below]
	switch {
	case a.isBend() && b.isBend():
		return bends
	case a.isBend() || b.isBend():
		return both + (a.height+b.height)/2
	default:
		return boxes + (a.height+b.height)/2
	}
}

// settleLayer moves a layer's vertices to the mean height of what they are
// linked with on the left, on the right or on both sides. Those that would
// come too near to each other share the way that they are kept from it (the
// pool-adjacent-violators algorithm).
func (d *layered) settleLayer(layer []int, left, right bool) {
	type pool struct{ sum, weight, vertices float64 }
	var (
		pools []pool
		least = make([]float64, len(layer)) // y of the vertices if the first were at 0 and all were as near as may be
	)
	for rank, v := range layer {
		if rank > 0 {
			least[rank] = least[rank-1] + d.distance(layer[rank-1], v)
		}
		wish, weight := d.wish(v, left, right)
		next := pool{(wish - least[rank]) * weight, weight, 1}
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
	rank := 0
	for _, p := range pools {
		for range int(p.vertices) {
			d.vertices[layer[rank]].y = p.sum/p.weight + least[rank]
			rank++
		}
	}
}

// wish is where a vertex would best be, and how much it matters: a line that
// goes far should be straight.
func (d *layered) wish(at int, left, right bool) (y, weight float64) {
	v := d.vertices[at]
	var linked []int
	if left {
		linked = append(linked, v.left...)
	}
	if right {
		linked = append(linked, v.right...)
	}
	if len(linked) == 0 {
		return v.y, .1
	}
	for _, other := range linked {
		y += d.vertices[other].y / float64(len(linked))
		weight += .25
		if v.isBend() && d.vertices[other].isBend() {
			weight += 2
		}
	}
	return y, 1 + weight
}
