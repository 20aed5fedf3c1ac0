package store

import (
	"cmp"
	"errors"
	"slices"
)

// A damage is the error of a segment in the file that cannot be read.
type damage struct {
	segment int64
	error
}

func (d damage) Unwrap() error { return d.error }

// suspect says which segment it is that is damaged.
func (s *Store) suspect(g *segment, err error) error {
	if !errors.Is(err, errDamaged) {
		return err
	}
	return damage{g.id, err}
}

// setAside leaves a damaged segment where it is, and says so.
func (s *Store) setAside(g *segment, spans int, why error) error {
	s.Logger.Error("part of the stored traces is damaged and was quarantined", "spans", spans, "error", why)
	_, err := s.file.write.Exec("UPDATE segments SET damaged = 1 WHERE id = ?", g.id)
	return err
}

// condemn sets a segment aside that was found to be damaged while it was read.
// It keeps its place for the traces that began there and have spans elsewhere.
func (s *Store) condemn(found damage) {
	at := slices.IndexFunc(s.segments, func(g *segment) bool { return g.id == found.segment && !g.damaged })
	if at < 0 {
		return // somebody else has found it, too
	}
	g := s.segments[at]
	services, err := s.column(g, key{field, service})
	elsewhere := map[uint64]bool{}
	for _, other := range s.segments {
		for _, id := range other.joined {
			elsewhere[id] = true
		}
	}
	left := &segment{id: g.id, place: g.place, until: g.until, first: g.first, last: g.last, damaged: true}
	s.mu.Lock()
	if err == nil { // else they are counted until the store is opened again
		s.count(services, 0, func(row int) bool { return !g.dead.has(row) }, -1)
	}
	s.kept.Spans -= g.rows - g.dead.count()
	s.kept.Bytes -= g.bytes
	s.kept.DamagedSpans += g.rows
	for _, t := range g.born {
		if elsewhere[t.id] {
			left.born = append(left.born, t)
			continue
		}
		delete(s.births, t.id)
		s.changes.forget(t.id)
	}
	s.segments = slices.Clone(s.segments)
	s.segments[at] = left
	s.mu.Unlock()
	if err := s.setAside(g, g.rows, found); err != nil {
		s.Logger.Error("could not record that part of the stored traces is damaged", "error", err)
	}
}

// remember makes a trace known that began in a damaged segment, and has spans
// in a sound one.
func (s *Store) remember(t birth) (arrival uint64) {
	for _, g := range s.segments {
		if g.damaged && g.id == g.place && g.covers(t.arrival) { // in one that was rewritten it may have been evicted
			at, _ := slices.BinarySearchFunc(g.born, t.arrival, func(b birth, arrival uint64) int { return cmp.Compare(b.arrival, arrival) })
			g.born = slices.Insert(g.born, at, t)
			s.births[t.id] = t.arrival
			return t.arrival
		}
	}
	return 0
}
