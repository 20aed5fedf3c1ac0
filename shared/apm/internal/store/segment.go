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
	until int64 // the last place that it covers: more than one where it took the place of several
	rows  int
	dead  rowSet // rows of traces that have been evicted

	first, last int64 // start of the earliest and of the latest span
	bytes       int   // in the file

	born   []birth  // the traces whose first span is here, in order of its arrival
	joined []uint64 // traces that have spans here, and began before

	builder *builder       // nil once the segment is in the file
	packing bool           // the builder is full, and on its way there
	torn    bool           // the log's records of it are damaged, from some one on
	damaged bool           // set aside: no row of it is read, but its traces may have others
	guards  map[string]int // the services for whose sake it was spared, and how many spans they have here
}

// A birth is a trace, and its arrival: the place of the segment that its first
// span came to, and the number of the trace there, from 1. Each of its spans has
// it with it, so an evicted trace's are not taken for those of its next life.
type birth struct{ id, arrival uint64 }

func arrival(place int64, number int) uint64 { return uint64(place)<<16 | uint64(number) }

func newSegment(number int64) *segment {
	return &segment{id: number, place: number, until: number, first: math.MaxInt64, last: math.MinInt64, builder: newBuilder()}
}

// covers tells whether a trace with that arrival began in the segment.
func (g *segment) covers(arrival uint64) bool {
	place := int64(arrival >> 16)
	return g.place <= place && place <= g.until
}

// admit makes the segment's rows, up to a number, a part of the store. The
// columns are those of the segment.
func (s *Store) admit(g *segment, rows int, traces, arrivals []uint64, services *column) {
	var before birth
	for row := g.rows; row < rows; row++ {
		t := birth{traces[row], arrivals[row]}
		if t != before {
			s.enter(g, t)
		}
		if before = t; s.births[t.id] != t.arrival {
			g.bury(row)
		} else {
			s.kept.Spans++
		}
	}
	s.count(services, g.rows, func(row int) bool { return !g.dead.has(row) }, 1)
	g.rows = rows
}

// enter makes the trace of a row known. One that began in a segment which is
// gone has been evicted.
func (s *Store) enter(g *segment, t birth) {
	known := s.births[t.id]
	if known == 0 && !g.covers(t.arrival) {
		known = s.remember(t)
	}
	switch {
	case g.covers(t.arrival) && known != t.arrival:
		s.births[t.id] = t.arrival
		g.born = append(g.born, t)
	case !g.covers(t.arrival) && known == t.arrival && !slices.Contains(g.joined, t.id):
		g.joined = append(g.joined, t.id)
	}
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
func (g *segment) bury(rows ...int) {
	dead := newRowSet(max(slices.Max(rows)+1, 64*len(g.dead)))
	copy(dead, g.dead)
	for _, row := range rows {
		dead.add(row)
	}
	g.dead = dead
}

// overlaps tells whether the segment may have spans that started in a time;
// 0 is no bound.
func (g *segment) overlaps(from, to int64) bool {
	return (from == 0 || g.last >= from) && (to == 0 || g.first < to)
}
