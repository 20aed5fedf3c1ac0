package compare

import (
	"cmp"
	"slices"

	"thinker/shared/apm"
)

// A match is a sibling of A and its counterpart in B, or a sibling of one of them, and
// what is to be matched below it.
type match struct {
	nodes [2]*apm.Node
	below [2][]*apm.Node
}

// A Kind is what counterparts have in common.
type Kind struct{ Service, Name, Resource string }

// KindOf returns a span's kind.
func KindOf(s *apm.Span) Kind { return Kind{s.Service, s.Name, s.Resource} }

func (k Kind) compare(other Kind) int {
	return cmp.Or(cmp.Compare(k.Service, other.Service), cmp.Compare(k.Name, other.Name),
		cmp.Compare(k.Resource, other.Resource))
}

const alone = -1

// siblings are the children of a place in A and in B, as they are matched.
type siblings [2]struct {
	nodes   []*apm.Node
	match   []int         // by node, its counterpart on the other side, or alone
	adopted [][]*apm.Node // by node, children of the other side that go below it
}

// matchSiblings finds each sibling's counterpart. The matches are in A's order, and what
// only B has comes before what follows it there.
func matchSiblings(nodes [2][]*apm.Node) []match {
	var s siblings
	for side := range s {
		n := len(nodes[side])
		s[side].nodes, s[side].match = nodes[side], slices.Repeat([]int{alone}, n)
		s[side].adopted = make([][]*apm.Node, n)
	}
	s.matchInOrder()
	matchRemaining(&s, KindOf, false)
	type operation struct{ service, name string }
	matchRemaining(&s, func(s *apm.Span) operation { return operation{s.Service, s.Name} }, true)
	return s.matches(s.adopt())
}

func (s *siblings) join(i, j int) { s[0].match[i], s[1].match[j] = j, i }

// matchInOrder matches the longest sequence of kinds that both sides have in the same
// order, unless there are too many siblings to look for it.
func (s *siblings) matchInOrder() {
	const most = 1 << 18 // comparisons
	a, b := s[0].nodes, s[1].nodes
	same := func(i, j int) bool { return KindOf(a[i].Span) == KindOf(b[j].Span) }
	first, endA, endB := 0, len(a), len(b)
	for first < min(endA, endB) && same(first, first) {
		s.join(first, first)
		first++
	}
	for endA > first && endB > first && same(endA-1, endB-1) {
		endA, endB = endA-1, endB-1
		s.join(endA, endB)
	}
	n, m := endA-first, endB-first
	if n == 0 || m == 0 || n > most/m {
		return
	}
	// The length of the longest sequence from i of A and j of B on, row by row.
	length := make([]uint16, (n+1)*(m+1))
	at := func(i, j int) int { return (i-first)*(m+1) + j - first }
	for i := endA - 1; i >= first; i-- {
		for j := endB - 1; j >= first; j-- {
			if same(i, j) {
				length[at(i, j)] = length[at(i+1, j+1)] + 1
			} else {
				length[at(i, j)] = max(length[at(i+1, j)], length[at(i, j+1)])
			}
		}
	}
	for i, j := first, first; i < endA && j < endB; {
		switch skipA, skipB := length[at(i+1, j)], length[at(i, j+1)]; {
		case same(i, j):
			s.join(i, j)
			i, j = i+1, j+1
		// If both are as long, the names decide, so the result is the same from B's side.
		case skipA > skipB, skipA == skipB && KindOf(a[i].Span).compare(KindOf(b[j].Span)) < 0:
			i++
		default:
			j++
		}
	}
}

// unmatched returns the siblings of a side that have no counterpart, by key.
func unmatched[K comparable](s *siblings, side int, key func(*apm.Span) K) map[K][]int {
	left := map[K][]int{}
	for i, node := range s[side].nodes {
		if s[side].match[i] == alone {
			left[key(node.Span)] = append(left[key(node.Span)], i)
		}
	}
	return left
}

// matchRemaining matches siblings without a counterpart that have the same key, in order. With
// onlyOnes, it does so only where each side has a single one.
func matchRemaining[K comparable](s *siblings, key func(*apm.Span) K, onlyOnes bool) {
	inB := unmatched(s, 1, key)
	for k, as := range unmatched(s, 0, key) {
		bs := inB[k]
		if onlyOnes && max(len(as), len(bs)) > 1 {
			continue
		}
		for n := range min(len(as), len(bs)) {
			s.join(as[n], bs[n])
		}
	}
}

// adopt puts siblings without a counterpart below one of the other side that was inserted
// between them and their parent: among its children is one of their kind. If that is so
// both ways, nothing shows which of the two was inserted. It returns the siblings that
// went below another.
func (s *siblings) adopt() map[*apm.Node]bool {
	fromA, fromB := s.adoptFrom(0), s.adoptFrom(1)
	switch {
	case len(fromB) == 0:
		return fromA
	case len(fromA) == 0:
		return fromB
	}
	clear(s[0].adopted)
	clear(s[1].adopted)
	return nil
}

// adoptFrom puts siblings of one side below those of the other.
func (s *siblings) adoptFrom(side int) map[*apm.Node]bool {
	nodes, parents := s[side].nodes, &s[1-side]
	left := unmatched(s, side, KindOf)
	adopted := map[*apm.Node]bool{}
	for j, parent := range parents.nodes {
		if len(left) == 0 || parents.match[j] != alone {
			continue
		}
		var taken []int
		for _, child := range parent.Children {
			if kind := KindOf(child.Span); len(left[kind]) > 0 {
				taken = append(taken, left[kind][0])
				left[kind] = left[kind][1:]
			}
		}
		slices.Sort(taken)
		for _, i := range taken {
			parents.adopted[j] = append(parents.adopted[j], nodes[i])
			adopted[nodes[i]] = true
		}
	}
	return adopted
}

// matches returns the matches in order.
func (s *siblings) matches(adopted map[*apm.Node]bool) (all []match) {
	a, b := &s[0], &s[1]
	before := make([][]int, len(a.nodes)+1) // nodes that only B has, by A's node after them
	next := len(a.nodes)
	for j, node := range slices.Backward(b.nodes) {
		if b.match[j] != alone {
			next = b.match[j]
		} else if !adopted[node] {
			before[next] = append(before[next], j)
		}
	}
	for i := range len(a.nodes) + 1 {
		for _, j := range slices.Backward(before[i]) {
			node := b.nodes[j]
			all = append(all, match{[2]*apm.Node{nil, node}, [2][]*apm.Node{b.adopted[j], node.Children}})
		}
		if i == len(a.nodes) || adopted[a.nodes[i]] {
			continue
		}
		m := match{[2]*apm.Node{a.nodes[i], nil}, [2][]*apm.Node{a.nodes[i].Children, a.adopted[i]}}
		if j := a.match[i]; j != alone {
			m.nodes[1], m.below[1] = b.nodes[j], b.nodes[j].Children
		}
		all = append(all, m)
	}
	return all
}
