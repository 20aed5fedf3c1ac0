package apm

import "slices"

// A Node is a span in the trace's tree.
type Node struct {
	Span     *Span
	Children []*Node // in order of start
	// Orphan reports that the parent hasn't arrived, or that the span's ancestors lead
	// back to the span itself. Orphans are among the roots.
	Orphan bool

	index int // of the span in its trace
}

// Tree returns the roots of the trace's tree, in order of start. A circle of spans has an
// orphan as its root, so each span is in the tree exactly once.
func (t Trace) Tree() []*Node {
	nodes := make([]*Node, len(t.Spans))
	byID := make(map[uint64]*Node, len(t.Spans))
	for i := range t.Spans {
		nodes[i] = &Node{Span: &t.Spans[i], index: i}
		byID[t.Spans[i].SpanID] = nodes[i]
	}

	var roots []*Node
	for _, node := range nodes {
		parent, arrived := byID[node.Span.ParentID]
		switch {
		case node.Span.ParentID == 0:
			roots = append(roots, node)
		case !arrived:
			node.Orphan = true
			roots = append(roots, node)
		default:
			parent.Children = append(parent.Children, node)
		}
	}

	reached := make([]bool, len(nodes))
	reach := func(node *Node) { reached[node.index] = true }
	for _, root := range roots {
		root.Walk(reach)
	}
	for i, node := range nodes {
		if reached[i] {
			continue
		}
		node = circular(node, byID)
		parent := byID[node.Span.ParentID]
		parent.Children = slices.DeleteFunc(parent.Children, func(n *Node) bool { return n == node })
		node.Orphan = true
		roots = append(roots, node)
		node.Walk(reach)
	}
	slices.SortStableFunc(roots, func(a, b *Node) int { return compareStart(a.Span, b.Span) })
	return roots
}

// circular returns a node of the circle above a node that isn't below any root: the first
// one that it meets again.
func circular(node *Node, byID map[uint64]*Node) *Node {
	visited := map[*Node]bool{}
	for !visited[node] {
		visited[node] = true
		node = byID[node.Span.ParentID]
	}
	return node
}

// Walk visits the node and all below it, parents first. It isn't recursive, since traces
// may be very deep.
func (n *Node) Walk(visit func(*Node)) {
	pending := []*Node{n}
	for len(pending) > 0 {
		last := len(pending) - 1
		node := pending[last]
		pending = pending[:last]
		visit(node)
		for _, child := range slices.Backward(node.Children) {
			pending = append(pending, child)
		}
	}
}
