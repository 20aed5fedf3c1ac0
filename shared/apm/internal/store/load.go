package store

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"thinker/shared/apm/internal/segment"
)

// A loader restores a store from its directory.
type loader struct{ *writer }

// load reads what is in the directory: the segments, and the logs of those that weren't
// written yet.
func (s loader) load() error {
	names, err := s.directory.list()
	if err != nil {
		return fmt.Errorf("list the stored traces: %w", err)
	}
	totals := s.directory.readTotals()
	if len(names) == 0 || totals.First > names[len(names)-1].seq {
		totals.First = 0 // they are damaged: there is a log after what was evicted
	}
	s.kept.EvictedTraces, s.kept.EvictedSpans, s.kept.EvictedBy = totals.EvictedTraces, totals.EvictedSpans, totals.EvictedBy
	bySeq := map[int64]name{}
	const maxGap = 1 << 20 // sequence numbers between two files of a store
	last := totals.First
	for i, n := range names {
		if i == 0 {
			last = n.seq
		}
		if n.rows > segment.MaxRows || n.seq > last+maxGap {
			s.Logger.Error("ignored a file that isn't the store's", "file", n)
			continue
		}
		last = n.seq
		if n.seq < totals.First {
			_ = s.directory.remove(n) // it's skipped at the next start, too
			continue
		}
		other, both := bySeq[n.seq]
		switch {
		case both && n.log: // the program was killed before it removed the log
			_ = s.directory.remove(n)
		case both:
			_ = s.directory.remove(other)
			fallthrough
		default:
			bySeq[n.seq] = n
		}
	}
	if len(bySeq) > 0 {
		seqs := slices.Sorted(maps.Keys(bySeq))
		for seq := seqs[0]; seq <= seqs[len(seqs)-1]; seq++ {
			s.parts = append(s.parts, newPart(seq))
		}
	}
	for i, p := range s.parts {
		if n, ok := bySeq[p.seq]; ok {
			if err := s.loadPart(p, n, i == len(s.parts)-1); err != nil {
				return err
			}
		}
	}
	return s.resume(totals.First)
}

// loadPart reads a part.
func (s loader) loadPart(p *part, n name, last bool) error {
	switch {
	case n.log:
		return s.replay(p, last)
	case n.damaged:
		p.damaged = n.rows
		s.kept.DamagedSpans += n.rows
		return nil
	}
	p.rows = n.rows
	err := s.directory.readSegment(n, func(_ io.ReaderAt, size int64) error { p.bytes = int(size); return nil })
	if err != nil {
		return err
	}
	columns, err := s.numbers(p)
	if damage := (damage{}); errors.As(err, &damage) {
		s.setAside(p, err)
		return nil
	}
	if err != nil {
		return err
	}
	p.rows = 0
	s.addRows(p, n.rows, columns)
	s.kept.Bytes += p.bytes
	return nil
}

// replay reads a part's log. Bytes that are no record end it: a killed program leaves
// some, which nobody was told are stored.
func (s loader) replay(p *part, last bool) error {
	p.builder = segment.NewBuilder()
	l, unreadable, cut, err := s.directory.openLog(p.seq, p.builder.Replay)
	if err != nil {
		return err
	}
	p.log = l
	if unreadable > 0 && !(cut && last) {
		s.Logger.Error("the end of a log is damaged; the spans in it are lost", "bytes", unreadable)
	}
	s.showRows(p)
	return nil
}

// resume goes on with the last part if it may grow, and writes the other logs' parts.
// next is the sequence number of the first part of an empty store.
func (s loader) resume(next int64) error {
	for i, p := range s.parts {
		next = p.seq + 1
		switch {
		case p.builder == nil:
		case p.rows == 0:
			if err := s.removeLog(p); err != nil {
				return err
			}
			p.builder = nil
		case i == len(s.parts)-1 && !s.full(p):
			s.active = p
		default:
			p.writing = true
			s.finish(s.writeFile(p)) // what can't be written now is retried, and can be seen meanwhile
		}
	}
	if s.active == nil {
		if err := s.begin(max(1, next)); err != nil {
			return err
		}
	}
	s.makeRoom(0) // the limits may be lower than before
	return nil
}
