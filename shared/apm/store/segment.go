package store

import (
	"math"
	"slices"
)

// A segment is some thousand spans that arrived one after the other, and what
// must be known of them without reading the file. The spans are in a builder
// until they are in the file. What is here belongs to the store's lock; a copy
// stays true, as its slices only grow.
type segment struct {
	id    int64 // in the file; never given twice, so what was read of it stays true
	place int64 // in the order of arrival
	rows  int
	dead  rowSet // rows of traces that have been evicted

	first, last int64 // start of the earliest and of the latest span
	bytes       int   // in the file

	// The traces in it: those whose first span is here, in order of its
	// arrival, and those that were there before.
	born, joined []uint64
	cursors      []uint64 // of born, in a segment that was rewritten: those they had before

	builder *builder            // nil once the segment is in the file
	seen    map[uint64]struct{} // born and joined; nil once the builder is full

	guards map[string]int // the services for whose sake it was spared, and how many spans they have here
}

func newSegment(number int64) *segment {
	return &segment{id: number, place: number, first: math.MaxInt64, last: math.MinInt64, builder: newBuilder(), seen: map[uint64]struct{}{}}
}

// admit makes the segment's rows, up to a number, a part of the store. traces
// and services are their columns.
func (s *Store) admit(g *segment, rows int, traces []uint64, services *column) {
	for row := g.rows; row < rows; row++ {
		s.enter(g, row, traces[row])
	}
	s.count(services, g.rows, func(row int) bool { return !g.dead.has(row) }, 1)
	g.rows = rows
}

// enter makes a row's trace known.
func (s *Store) enter(g *segment, row int, trace uint64) {
	if end, ok := s.graves[trace]; ok && end.after(g.place, row) {
		g.bury(row)
		return
	}
	s.kept.Spans++
	if _, ok := g.seen[trace]; ok {
		return
	}
	g.seen[trace] = struct{}{}
	if _, ok := s.births[trace]; ok {
		g.joined = append(g.joined, trace)
		return
	}
	s.births[trace] = uint32(g.place)
	g.born = append(g.born, trace)
}

// count adds the spans of each service in some of the rows, from one on, to
// those of the store; by is 1 or, to take them off, -1. Too many services are
// not told apart.
func (s *Store) count(services *column, from int, in func(row int) bool, by int) {
	const most = 1000
	at, _ := slices.BinarySearch(services.rows, uint16(from))
	counts := make([]int, len(services.values))
	for i, code := range services.codes[at:] {
		if in(int(services.rows[at+i])) {
			counts[code] += by
		}
	}
	for code, n := range counts {
		service := services.values[code]
		if before, known := s.services[service]; n != 0 && (known || len(s.services) < most) {
			if s.services[service] = before + n; before+n <= 0 {
				delete(s.services, service)
			}
		}
	}
}

// bury marks a row as one of an evicted trace. The set is copied, as others may
// be reading it.
func (g *segment) bury(row int) {
	dead := newRowSet(max(row+1, 64*len(g.dead)))
	copy(dead, g.dead)
	dead.add(row)
	g.dead = dead
}

// A grave is where the rows of an evicted trace end: those before it are dead.
// The trace may have come back since.
type grave struct {
	place int64
	row   int
}

func (g grave) after(place int64, row int) bool {
	return place < g.place || place == g.place && row < g.row
}

// overlaps tells whether the segment may have spans that started in a time;
// 0 is no bound.
func (g *segment) overlaps(from, to int64) bool {
	return (from == 0 || g.last >= from) && (to == 0 || g.first < to)
}
