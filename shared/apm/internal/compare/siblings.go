package compare

import (
	"cmp"
	"slices"

	"thinker/shared/apm"
)

// A match is a sibling of two traces, or of one of them, and what is to be
// matched below it.
type match struct {
	a, b           *apm.Node
	belowA, belowB []*apm.Node
}

// An identity is what counterparts in two traces have in common.
type identity struct{ service, name, resource string }

func identityOf(s *apm.Span) identity { return identity{s.Service, s.Name, s.Resource} }

func (id identity) compare(other identity) int {
	return cmp.Or(cmp.Compare(id.service, other.service), cmp.Compare(id.name, other.name), cmp.Compare(id.resource, other.resource))
}

const alone = -1

// siblings are the children of a place, as they are matched.
type siblings struct {
	a, b   []*apm.Node
	ofA    []int         // each one's counterpart in b, or alone
	ofB    []int         // and in a
	underA [][]*apm.Node // children of b that go below one of a, which has no counterpart
	underB [][]*apm.Node
}

// matchSiblings finds each sibling's counterpart. They come in the order of as,
// and what is in bs alone before what follows it there.
func matchSiblings(as, bs []*apm.Node) []match {
	s := siblings{a: as, b: bs, ofA: make([]int, len(as)), ofB: make([]int, len(bs)), underA: make([][]*apm.Node, len(as)), underB: make([][]*apm.Node, len(bs))}
	for i := range s.ofA {
		s.ofA[i] = alone
	}
	for i := range s.ofB {
		s.ofB[i] = alone
	}
	s.inOrder()
	s.firstWithFirst()
	s.onlyOnes()
	adopted := s.slipIn()
	return s.matches(adopted)
}

func (s *siblings) join(i, j int) { s.ofA[i], s.ofB[j] = j, i }

// inOrder joins the longest sequence of kinds that both have in the same order,
// unless there are too many to look for it.
func (s *siblings) inOrder() {
	const most = 1 << 18 // comparisons
	same := func(i, j int) bool { return identityOf(s.a[i].Span) == identityOf(s.b[j].Span) }
	first, endA, endB := 0, len(s.a), len(s.b)
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
	// length of the longest sequence from i of A and j of B on, row by row.
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
		// Where either will do, the names decide: so it is the same from B's side.
		case skipA > skipB, skipA == skipB && identityOf(s.a[i].Span).compare(identityOf(s.b[j].Span)) < 0:
			i++
		default:
			j++
		}
	}
}

// firstWithFirst joins those that are left of a kind, in order.
func (s *siblings) firstWithFirst() {
	left := map[identity][]int{}
	for i, node := range s.a {
		if s.ofA[i] == alone {
			left[identityOf(node.Span)] = append(left[identityOf(node.Span)], i)
		}
	}
	for j, node := range s.b {
		if id := identityOf(node.Span); s.ofB[j] == alone && len(left[id]) > 0 {
			s.join(left[id][0], j)
			left[id] = left[id][1:]
		}
	}
}

// onlyOnes joins those that are left where only one in each trace is of the
// same service and operation.
func (s *siblings) onlyOnes() {
	type operation struct{ service, name string }
	left := map[operation][2][]int{}
	collect := func(side int, nodes []*apm.Node, counterparts []int) {
		for i, node := range nodes {
			if counterparts[i] == alone {
				o := operation{node.Span.Service, node.Span.Name}
				both := left[o]
				both[side] = append(both[side], i)
				left[o] = both
			}
		}
	}
	collect(0, s.a, s.ofA)
	collect(1, s.b, s.ofB)
	for _, both := range left {
		if len(both[0]) == 1 && len(both[1]) == 1 {
			s.join(both[0][0], both[1][0])
		}
	}
}

// slipIn has those that are left go below one of the other trace that has slipped
// in between them and their parent: among its children is one of their kind. If
// that is so both ways, nothing tells which of the two has slipped in. It
// returns those that have gone below another.
func (s *siblings) slipIn() (adopted map[*apm.Node]bool) {
	adoptedA := adopt(s.a, s.ofA, s.b, s.ofB, s.underB)
	adoptedB := adopt(s.b, s.ofB, s.a, s.ofA, s.underA)
	switch {
	case len(adoptedB) == 0:
		return adoptedA
	case len(adoptedA) == 0:
		return adoptedB
	}
	clear(s.underA)
	clear(s.underB)
	return nil
}

// adopt puts those of nodes that have no counterpart under those of parents that
// have none and have such a child.
func adopt(nodes []*apm.Node, ofNodes []int, parents []*apm.Node, ofParents []int, under [][]*apm.Node) map[*apm.Node]bool {
	left := map[identity][]int{}
	for i, node := range nodes {
		if ofNodes[i] == alone {
			left[identityOf(node.Span)] = append(left[identityOf(node.Span)], i)
		}
	}
	adopted := map[*apm.Node]bool{}
	if len(left) == 0 {
		return adopted
	}
	for j, parent := range parents {
		if ofParents[j] != alone {
			continue
		}
		var taken []int
		for _, child := range parent.Children {
			if id := identityOf(child.Span); len(left[id]) > 0 {
				taken = append(taken, left[id][0])
				left[id] = left[id][1:]
			}
		}
		slices.Sort(taken)
		for _, i := range taken {
			under[j] = append(under[j], nodes[i])
			adopted[nodes[i]] = true
		}
	}
	return adopted
}

// matches puts them in order.
func (s *siblings) matches(adopted map[*apm.Node]bool) []match {
	before := make([][]int, len(s.a)+1) // of b alone, by what they come before
	next := len(s.a)
	for j := len(s.b) - 1; j >= 0; j-- {
		if s.ofB[j] != alone {
			next = s.ofB[j]
		} else if !adopted[s.b[j]] {
			before[next] = append(before[next], j)
		}
	}
	var all []match
	for i := range len(s.a) + 1 {
		for _, j := range slices.Backward(before[i]) {
			all = append(all, match{b: s.b[j], belowA: s.underB[j], belowB: s.b[j].Children})
		}
		switch {
		case i == len(s.a) || adopted[s.a[i]]:
		case s.ofA[i] == alone:
			all = append(all, match{a: s.a[i], belowA: s.a[i].Children, belowB: s.underA[i]})
		default:
			b := s.b[s.ofA[i]]
			all = append(all, match{a: s.a[i], b: b, belowA: s.a[i].Children, belowB: b.Children})
		}
	}
	return all
}
