package apm

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// A Flame is a trace as a flame graph on a time axis. Each span is a box, in a row below
// its parent's. Children that run at the same time get separate lanes, each with its
// descendants. So no two boxes in a row overlap.
type Flame struct {
	Boxes []Box // parents before their children
	Rows  int
	// Orphans is the empty row, for a caption, above the spans whose parent is missing;
	// −1 if there are none.
	Orphans int
}

// A Box is a span in a Flame.
type Box struct {
	Node   *Node
	Parent int // its index in Boxes; −1 for a root
	Row    int // from 0, the top
}

// A block is a box with its descendants.
type block struct {
	start, end int64 // of all its spans
	height     int   // rows
	row        int   // within the parent's block
	children   []int
}

// NewFlame returns the layout of a tree.
// See decisions/flame-layout.md.
func NewFlame(roots []*Node) Flame {
	boxes, blocks := flatten(roots)
	// Descendants come later in boxes, so from the end, their blocks are complete.
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

// flatten returns the tree's nodes, parents first, and a block with each one's children.
func flatten(roots []*Node) ([]Box, []block) {
	var boxes []Box
	pending := make([]Box, 0, len(roots))
	for _, root := range slices.Backward(roots) {
		pending = append(pending, Box{Node: root, Parent: -1})
	}
	for len(pending) > 0 {
		last := len(pending) - 1
		box := pending[last]
		pending = pending[:last]
		for _, child := range slices.Backward(box.Node.Children) {
			pending = append(pending, Box{Node: child, Parent: len(boxes)})
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

// occupiedUntil returns where a span's box ends. One without a duration takes a nanosecond.
func occupiedUntil(s *Span) int64 {
	if s.Start == math.MaxInt64 {
		return s.Start
	}
	return max(s.End(), s.Start+1)
}

// pack puts blocks into lanes, from a row on, and returns the number of rows. In order of
// start, each block gets the first lane that is free. A lane is as high as its highest
// block.
func pack(blocks []block, members []int, row int) (rows int) {
	if len(members) == 0 {
		return 0
	}
	inOrder := slices.SortedStableFunc(slices.Values(members), func(a, b int) int {
		return cmp.Compare(blocks[a].start, blocks[b].start)
	})
	var (
		heights []int // of lanes
		lanes   = make([]int, len(inOrder))
		busy    = &laneHeap{less: func(a, b busyLane) bool { return a.until < b.until }}
		free    = &laneHeap{less: func(a, b busyLane) bool { return a.number < b.number }}
	)
	for i, member := range inOrder {
		b := &blocks[member]
		for busy.Len() > 0 && busy.lanes[0].until <= b.start {
			heap.Push(free, heap.Pop(busy))
		}
		lane := len(heights)
		if free.Len() > 0 {
			lane = heap.Pop(free).(busyLane).number
		} else {
			heights = append(heights, 0)
		}
		heap.Push(busy, busyLane{lane, b.end})
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

// A busyLane is a lane and when it is free again.
type busyLane struct {
	number int
	until  int64
}

// A laneHeap implements heap.Interface.
type laneHeap struct {
	lanes []busyLane
	less  func(a, b busyLane) bool
}

func (h *laneHeap) Len() int           { return len(h.lanes) }
func (h *laneHeap) Less(i, j int) bool { return h.less(h.lanes[i], h.lanes[j]) }
func (h *laneHeap) Swap(i, j int)      { h.lanes[i], h.lanes[j] = h.lanes[j], h.lanes[i] }
func (h *laneHeap) Push(x any)         { h.lanes = append(h.lanes, x.(busyLane)) }
func (h *laneHeap) Pop() any {
	last := len(h.lanes) - 1
	lane := h.lanes[last]
	h.lanes = h.lanes[:last]
	return lane
}
