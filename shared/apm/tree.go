package apm

import "slices"

// A Node is a span in its place in the trace's tree.
type Node struct {
	Span     *Span
	Children []*Node // in order of start
	// Orphan: the span names a parent that has not arrived, or whose ancestors
	// lead back to the span itself. It stands among the roots.
	Orphan bool

	index int // of the span in its trace
}

// Tree arranges the spans under their parents and returns the roots, first to
// last by start. Orphans are among them, and a circle of spans is cut open at
// one of them, so that every span of the trace is in the tree exactly once.
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

// circular follows parents from a node that no root leads to, until it meets
// a node again: that one is on the circle.
func circular(node *Node, byID map[uint64]*Node) *Node {
	met := map[*Node]bool{}
	for !met[node] {
		met[node] = true
		node = byID[node.Span.ParentID]
	}
	return node
}

// Walk visits the node and all below it, parents first. Traces may be deeper
// than a stack of calls should be.
func (n *Node) Walk(visit func(*Node)) {
	waiting := []*Node{n}
	for len(waiting) > 0 {
		last := len(waiting) - 1
		node := waiting[last]
		waiting = waiting[:last]
		visit(node)
		for _, child := range slices.Backward(node.Children) {
			waiting = append(waiting, child)
		}
	}
}
