package store

import (
	"cmp"
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
	for _, step := range []func() error{s.loadTotals, s.loadSegments, s.replay, s.enterAll, s.sealAll} {
		if err := step(); err != nil {
			return fmt.Errorf("read %s: %w", s.Path, err)
		}
	}
	if s.active == nil {
		s.begin()
	}
	if err := s.evict(0); err != nil { // as the bounds may be others now
		s.Logger.Error("could not make room for traces", "error", err)
	}
	return nil
}

func (s *Store) loadTotals() error {
	err := s.file.read.QueryRow("SELECT traces, spans, (SELECT coalesce(sum(rows), 0) FROM segments WHERE damaged), max((SELECT coalesce(max(id), 0) FROM segments), (SELECT coalesce(max(place), 0) FROM graves)) FROM evicted").
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
	return each(s.file.read, "SELECT id, place, rows, first, last, bytes FROM segments WHERE NOT damaged ORDER BY place", func(scan scanner) error {
		g := &segment{seen: map[uint64]struct{}{}}
		err := scan(&g.id, &g.place, &g.rows, &g.first, &g.last, &g.bytes)
		s.segments = append(s.segments, g)
		return err
	})
}

// enterAll makes the traces of all segments known, in the order in which they
// came: a segment may have been sealed while one before it was still in the log.
func (s *Store) enterAll() error {
	slices.SortFunc(s.segments, func(a, b *segment) int { return cmp.Compare(a.place, b.place) })
	sound := s.segments[:0]
	for _, g := range s.segments {
		if g.builder != nil {
			if g.builder.rows > 0 {
				s.admitNew(g, g.builder.rows)
				sound = append(sound, g)
			}
			continue
		}
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

// replay takes the spans in the log.
func (s *Store) replay() error {
	var g *segment
	broken := false // the segment's log is damaged from some record on
	return each(s.file.read, "SELECT segment, spans FROM log ORDER BY id", func(scan scanner) error {
		var r record
		if err := scan(&r.place, &r.spans); err != nil {
			return err
		}
		s.next = max(s.next, r.place+1)
		if g == nil || g.place != r.place {
			g, broken = newSegment(r.place), false
			s.segments = append(s.segments, g)
		}
		if broken {
			return nil
		}
		if err := replayRecord(g.builder, r.spans); err != nil {
			s.Logger.Error("a part of the log is damaged, and what came after it to the same segment", "error", err)
			broken = true
		}
		return nil
	})
}

func replayRecord(b *builder, record []byte) error {
	end := len(record) - crc32.Size
	if end < 0 || crc32.Checksum(record[:end], crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(record[end:]) {
		return fmt.Errorf("%w: a record's checksum", errDamaged)
	}
	rows := b.rows
	err := b.replay(record[:end])
	if err != nil {
		b.cut(rows)
	}
	return err
}

// sealAll seals what has been in the log, but for the last segment where it may
// grow on.
func (s *Store) sealAll() error {
	for i, g := range s.segments {
		if g.builder == nil {
			continue
		}
		if i == len(s.segments)-1 && !s.full(g.builder) {
			s.active = g
			continue
		}
		p := s.file.pack(g.builder, packed{id: g.id, place: g.place, first: g.first, last: g.last})
		if err := s.file.put(p); err != nil {
			return err
		}
		g.builder, g.seen, g.bytes = nil, nil, p.bytes
		s.kept.Bytes += p.bytes
	}
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
func (s *Store) condemn(id int64, why error) error {
	at := slices.IndexFunc(s.segments, func(g *segment) bool { return g.id == id })
	if at < 0 {
		return nil // somebody else has found it, too
	}
	g := s.segments[at]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = slices.Delete(slices.Clone(s.segments), at, at+1)
	s.kept.Spans -= g.rows - g.dead.count()
	s.kept.Bytes -= g.bytes
	for _, trace := range g.born {
		delete(s.births, trace)
	}
	return s.setAside(g, why)
}
