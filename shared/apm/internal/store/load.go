package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// load makes the store know what is in its file: the segments, and the spans
// in the log, which go to segments in memory as they did when they came.
func (s *Store) load() error {
	s.births, s.services = map[uint64]uint64{}, map[string]int{}
	for _, step := range []func() error{s.loadTotals, s.loadSegments, s.replay, s.enterAll, s.sealAll} {
		if err := step(); err != nil {
			return fmt.Errorf("read the stored traces: %w", err)
		}
	}
	if s.active == nil {
		s.begin()
	}
	s.makeRoom(0) // as the bounds may be others now
	if err := s.file.shrink(s.MaxBytes); err != nil {
		s.Logger.Warn("could not shrink the trace file; retrying at the next start", "file", s.Path, "error", err)
	}
	return nil
}

func (s *Store) loadTotals() error {
	err := s.file.read.QueryRow("SELECT traces, spans, (SELECT coalesce(sum(rows), 0) FROM segments WHERE damaged), (SELECT coalesce(max(max(id, until)), 0) FROM segments) FROM evicted").
		Scan(&s.kept.EvictedTraces, &s.kept.EvictedSpans, &s.kept.DamagedSpans, &s.next)
	s.next++
	return err
}

func (s *Store) loadSegments() error {
	return each(s.file.read, "SELECT id, place, until, rows, first, last, bytes, damaged FROM segments", func(scan scanner) error {
		g := &segment{}
		err := scan(&g.id, &g.place, &g.until, &g.rows, &g.first, &g.last, &g.bytes, &g.damaged)
		if g.damaged {
			g.rows, g.bytes = 0, 0
		}
		s.segments = append(s.segments, g)
		return err
	})
}

// enterAll makes the traces of all segments known, in the order in which they
// came: a segment may have been sealed while one before it was still in the log.
func (s *Store) enterAll() error {
	slices.SortFunc(s.segments, func(a, b *segment) int { return cmp.Compare(a.place, b.place) })
	for _, g := range s.segments {
		switch {
		case g.damaged, g.torn && g.builder.rows == 0:
		case g.builder != nil:
			s.admitNew(g, g.builder.rows)
		default:
			if err := s.enterSegment(g); errors.Is(err, errDamaged) {
				spans := g.rows
				s.kept.DamagedSpans += spans
				g.rows, g.bytes, g.damaged = 0, 0, true
				if err := s.setAside(g, spans, err); err != nil {
					return err
				}
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

// enterSegment makes the traces of a segment in the file known.
func (s *Store) enterSegment(g *segment) error {
	traces, err := s.file.column(g.id, key{wide, traceID}, g.rows)
	if err != nil {
		return err
	}
	arrivals, err := s.file.column(g.id, key{wide, arrived}, g.rows)
	if err != nil {
		return err
	}
	services, err := s.file.column(g.id, key{field, service}, g.rows)
	if err != nil {
		return err
	}
	if traces == nil || arrivals == nil || services == nil {
		return fmt.Errorf("%w: a column is missing", errDamaged)
	}
	rows := g.rows
	g.rows = 0
	s.admit(g, rows, traces.numbers, arrivals.numbers, services)
	s.kept.Bytes += g.bytes
	return nil
}

// maxRecord bounds a record of the log that is read, in bytes. What is longer
// isn't of this program: an intake bounds a payload, and each is a record or more.
const maxRecord = 32 << 20

// replay takes the spans in the log.
func (s *Store) replay() error {
	var g *segment
	// SQLite knows a record's length without reading it.
	read := fmt.Sprintf("SELECT segment, CASE WHEN length(spans) <= %d THEN spans END FROM log ORDER BY id", maxRecord)
	return each(s.file.read, read, func(scan scanner) error {
		var r record
		if err := scan(&r.place, &r.spans); err != nil {
			return err
		}
		s.next = max(s.next, r.place+1)
		if g == nil || g.place != r.place {
			g = newSegment(r.place)
			s.segments = append(s.segments, g)
		}
		if g.torn {
			return nil
		}
		if err := replayRecord(g.builder, r.spans); err != nil {
			s.Logger.Error("part of the log is damaged; later spans of the same segment are lost", "error", err)
			g.torn = true
		}
		return nil
	})
}

func replayRecord(b *builder, record []byte) error {
	end := len(record) - crc32.Size
	switch {
	case record == nil:
		return fmt.Errorf("%w: a record is longer than %d bytes", errDamaged, maxRecord)
	case b.rows >= maxRows || b.text > maxText || len(b.order) > maxColumns:
		return fmt.Errorf("%w: a record is for a segment that was full", errDamaged)
	}
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
		if i == len(s.segments)-1 && !g.torn && !s.full(g.builder) {
			s.active = g
			continue
		}
		p := s.file.pack(g.builder, packed{id: g.id, place: g.place, until: g.until, first: g.first, last: g.last})
		if err := s.file.put(p); err != nil { // it is tried again, and all that is there can be seen meanwhile
			s.Logger.Error("could not write traces; retrying every second, new traces are rejected until then", "error", err)
			s.stuck, s.why = append(s.stuck, p), err
			continue
		}
		g.builder, g.bytes = nil, p.bytes
		s.kept.Bytes += p.bytes
	}
	s.segments = slices.DeleteFunc(s.segments, func(g *segment) bool { return g.torn && g.rows == 0 })
	return nil
}
