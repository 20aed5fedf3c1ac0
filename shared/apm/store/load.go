package store

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// load makes the store know what is in its file: the segments, and the spans
// in the log, which go to segments in memory as they did when they came.
func (s *Store) load() error {
	s.births, s.graves, s.services = map[uint64]uint32{}, map[uint64]grave{}, map[string]int{}
	err := s.loadTotals()
	if err == nil {
		err = s.loadSegments()
	}
	if err == nil {
		err = s.replay()
	}
	if err != nil {
		return fmt.Errorf("read what is there: %w", err)
	}
	if s.active == nil || s.full(s.active.builder) {
		s.begin()
	}
	s.makeRoom() // there may be less of it than there was
	return nil
}

func (s *Store) loadTotals() error {
	err := s.file.read.QueryRow("SELECT traces, spans, (SELECT coalesce(sum(rows), 0) FROM segments WHERE damaged), (SELECT coalesce(max(id), 0) FROM segments) FROM evicted").
		Scan(&s.kept.EvictedTraces, &s.kept.EvictedSpans, &s.kept.DamagedSpans, &s.next)
	if err != nil {
		return err
	}
	s.next++
	return each(s.file.read, "SELECT trace, place, row FROM graves", func(scan scanner) error {
		var trace int64
		var g grave
		err := scan(&trace, &g.place, &g.row)
		s.graves[uint64(trace)] = g
		return err
	})
}

func (s *Store) loadSegments() error {
	err := each(s.file.read, "SELECT id, place, rows, first, last, bytes FROM segments WHERE NOT damaged ORDER BY place", func(scan scanner) error {
		g := &segment{seen: map[uint64]struct{}{}}
		err := scan(&g.id, &g.place, &g.rows, &g.first, &g.last, &g.bytes)
		s.segments = append(s.segments, g)
		return err
	})
	if err != nil {
		return err
	}
	sound := s.segments[:0]
	for _, g := range s.segments {
		err := s.enterSegment(g)
		switch {
		case errors.Is(err, errDamaged):
			if err := s.setAside(g, err); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			sound = append(sound, g)
		}
	}
	s.segments = sound
	return nil
}

// enterSegment makes the traces of a segment in the file known.
func (s *Store) enterSegment(g *segment) error {
	traces, err := s.file.column(g.id, key{wide, traceID}, g.rows)
	if err != nil {
		return err
	}
	services, err := s.file.column(g.id, key{field, service}, g.rows)
	if err != nil {
		return err
	}
	if traces == nil || services == nil {
		return fmt.Errorf("%w: a column is missing", errDamaged)
	}
	rows := g.rows
	g.rows = 0
	s.admit(g, rows, traces.numbers, services)
	g.seen = nil
	s.kept.Bytes += g.bytes
	return nil
}

// setAside leaves a damaged segment where it is, and says so.
func (s *Store) setAside(g *segment, why error) error {
	s.Logger.Error("a part of the traces is damaged and has been set aside", "spans", g.rows, "error", why)
	s.kept.DamagedSpans += g.rows
	_, err := s.file.write.Exec("UPDATE segments SET damaged = 1 WHERE id = ?", g.id)
	return err
}

// replay takes the spans in the log. Those of all segments but the last one had
// been on their way to be sealed.
func (s *Store) replay() error {
	var broken int64 // the segment whose log is damaged from some record on
	err := each(s.file.read, "SELECT segment, spans FROM log ORDER BY id", func(scan scanner) error {
		var r record
		if err := scan(&r.place, &r.spans); err != nil {
			return err
		}
		s.next = max(s.next, r.place+1)
		if r.place == broken {
			return nil
		}
		if s.active == nil || s.active.place != r.place {
			s.active = newSegment(r.place)
			s.segments = append(s.segments, s.active)
		}
		err := s.replayRecord(s.active, r.spans)
		if errors.Is(err, errDamaged) {
			s.Logger.Error("a part of the log is damaged, and what came after it to the same segment", "error", err)
			broken = r.place
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, g := range s.segments {
		if g.builder == nil || g == s.active && g.place != broken && !s.full(g.builder) {
			continue
		}
		p := s.file.pack(g.builder, packed{id: g.id, place: g.place, first: g.first, last: g.last})
		if err := s.file.put(p); err != nil {
			return err
		}
		g.builder, g.seen, g.bytes = nil, nil, p.bytes
		s.kept.Bytes += p.bytes
	}
	s.segments = slices.DeleteFunc(s.segments, func(g *segment) bool { return g.rows == 0 }) // whose first record was damaged
	if s.active != nil && s.active.builder == nil {
		s.active = nil
	}
	return nil
}

func (s *Store) replayRecord(g *segment, record []byte) error {
	end := len(record) - crc32.Size
	if end < 0 || crc32.Checksum(record[:end], crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(record[end:]) {
		return fmt.Errorf("%w: a record's checksum", errDamaged)
	}
	if err := g.builder.replay(record[:end]); err != nil {
		g.builder.cut(g.rows)
		return err
	}
	s.admitNew(g, g.builder.rows)
	return nil
}

// A scanner reads a row's columns.
type scanner = func(to ...any) error

// each calls do for every row of a query's answer.
func each(db *sql.DB, query string, do func(scanner) error, arguments ...any) error {
	rows, err := db.Query(query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// condemn sets a segment aside that was found to be damaged while it was read.
// What its traces have in later segments is there still: they begin there now.
func (s *Store) condemn(found damage) {
	at := slices.IndexFunc(s.segments, func(g *segment) bool { return g.id == found.segment })
	if at < 0 {
		return // somebody else has found it, too
	}
	g := s.segments[at]
	services, err := s.column(g, key{field, service})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil { // else they are counted until the store is opened again
		s.count(services, 0, -1)
	}
	s.segments = slices.Delete(slices.Clone(s.segments), at, at+1)
	s.kept.Spans -= g.rows - g.dead.count()
	s.kept.Bytes -= g.bytes
	orphans := map[uint64]bool{}
	for _, trace := range g.born {
		orphans[trace] = true
		delete(s.births, trace)
	}
	for _, later := range s.segments[at:] {
		later.joined = slices.DeleteFunc(slices.Clone(later.joined), func(trace uint64) bool {
			if !orphans[trace] {
				return false
			}
			delete(orphans, trace)
			s.births[trace] = uint32(later.place)
			later.born = append(later.born, trace)
			return true
		})
	}
	if err := s.setAside(g, found); err != nil {
		s.Logger.Error("could not note that a part of the traces is damaged", "error", err)
	}
}
