package apm

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// A Flame is a trace as a flame graph on a time axis: each span is a box, as
// long as the span and in a row below its parent's. Children that run at the
// same time stand in lanes of their own, one below the other, each with all
// that is below it. So no two boxes in a row overlap.
type Flame struct {
	Boxes []Box // parents before their children
	Rows  int
	// Orphans is the row that is left free, for words, above the spans whose
	// parent is missing; −1 where there are none.
	Orphans int
}

// A Box is a span's place in a Flame.
type Box struct {
	Node   *Node
	Parent int // its index in Boxes; −1 for a root
	Row    int // from 0, the top
}

// A block is a box with all that is below it.
type block struct {
	start, end int64 // of all its spans
	height     int   // rows
	row        int   // within the parent's block
	children   []int
}

// NewFlame lays out a tree.
func NewFlame(roots []*Node) Flame {
	boxes, blocks := flatten(roots)
	// Those below come later in boxes: from the end, blocks are whole.
	for i := len(boxes) - 1; i >= 0; i-- {
		b := &blocks[i]
		b.start, b.end = boxes[i].Node.Span.Start, occupiedUntil(boxes[i].Node.Span)
		for _, child := range b.children {
			b.start, b.end = min(b.start, blocks[child].start), max(b.end, blocks[child].end)
		}
		b.height = 1 + pack(blocks, b.children, 1)
	}

	var whole, orphans []int
	for i := range boxes {
		switch {
		case boxes[i].Parent >= 0:
		case boxes[i].Node.Orphan:
			orphans = append(orphans, i)
		default:
			whole = append(whole, i)
		}
	}
	flame := Flame{Boxes: boxes, Orphans: -1}
	flame.Rows = pack(blocks, whole, 0)
	if len(orphans) > 0 {
		flame.Orphans = flame.Rows
		flame.Rows += 1 + pack(blocks, orphans, flame.Rows+1)
	}
	for i := range boxes {
		boxes[i].Row = blocks[i].row
		if parent := boxes[i].Parent; parent >= 0 {
			boxes[i].Row += boxes[parent].Row
		}
	}
	return flame
}

// flatten gives the tree's nodes, parents first, and who is whose child.
func flatten(roots []*Node) ([]Box, []block) {
	var boxes []Box
	waiting := make([]Box, 0, len(roots))
	for _, root := range slices.Backward(roots) {
		waiting = append(waiting, Box{Node: root, Parent: -1})
	}
	for len(waiting) > 0 {
		last := len(waiting) - 1
		box := waiting[last]
		waiting = waiting[:last]
		for _, child := range slices.Backward(box.Node.Children) {
			waiting = append(waiting, Box{Node: child, Parent: len(boxes)})
		}
		boxes = append(boxes, box)
	}
	blocks := make([]block, len(boxes))
	for i, box := range boxes {
		if box.Parent >= 0 {
			blocks[box.Parent].children = append(blocks[box.Parent].children, i)
		}
	}
	return boxes, blocks
}

// occupiedUntil is where a span's box ends: one without a duration has a place, too.
func occupiedUntil(s *Span) int64 {
	if s.Start == math.MaxInt64 {
		return s.Start
	}
	return max(s.End(), s.Start+1)
}

// pack puts blocks into lanes, the first from a row on, and returns how many
// rows they take. In order of start, each goes to the first lane that is free
// by then; a lane is as high as its highest block.
func pack(blocks []block, members []int, row int) (rows int) {
	if len(members) == 0 {
		return 0
	}
	inOrder := slices.SortedStableFunc(slices.Values(members), func(a, b int) int { return cmp.Compare(blocks[a].start, blocks[b].start) })
	var (
		heights []int // of lanes
		lanes   = make([]int, len(inOrder))
		busy    = &order{less: func(a, b claim) bool { return a.until < b.until }}
		free    = &order{less: func(a, b claim) bool { return a.lane < b.lane }}
	)
	for i, member := range inOrder {
		b := &blocks[member]
		for busy.Len() > 0 && busy.claims[0].until <= b.start {
			heap.Push(free, heap.Pop(busy))
		}
		lane := len(heights)
		if free.Len() > 0 {
			lane = heap.Pop(free).(claim).lane
		} else {
			heights = append(heights, 0)
		}
		heap.Push(busy, claim{lane, b.end})
		heights[lane] = max(heights[lane], b.height)
		lanes[i] = lane
	}
	tops := make([]int, len(heights))
	for lane, height := range heights {
		tops[lane] = row + rows
		rows += height
	}
	for i, member := range inOrder {
		blocks[member].row = tops[lanes[i]]
	}
	return rows
}

// A claim is a lane that is taken for a time.
type claim struct {
	lane  int
	until int64
}

// An order is a heap of claims.
type order struct {
	claims []claim
	less   func(a, b claim) bool
}

func (o *order) Len() int           { return len(o.claims) }
func (o *order) Less(i, j int) bool { return o.less(o.claims[i], o.claims[j]) }
func (o *order) Swap(i, j int)      { o.claims[i], o.claims[j] = o.claims[j], o.claims[i] }
func (o *order) Push(x any)         { o.claims = append(o.claims, x.(claim)) }
func (o *order) Pop() any {
	last := len(o.claims) - 1
	c := o.claims[last]
	o.claims = o.claims[:last]
	return c
}
