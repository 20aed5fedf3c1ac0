package store

import (
	"cmp"
	"errors"
	"time"

	"thinker/shared/apm"
)

// write is where all changes are made.
func (s *Store) write() {
	retry := time.NewTicker(time.Second)
	defer retry.Stop()
	for {
		select {
		case b := <-s.queue:
			s.take(s.gather(b))
		case p := <-s.packs:
			s.packing--
			s.seal(p)
		case task := <-s.tasks:
			task()
		case <-retry.C:
			s.retry()
		case <-s.closing:
			for ; s.packing > 0; s.packing-- {
				s.seal(<-s.packs)
			}
			return
		}
	}
}

// gather adds to a batch the others that wait: they share a transaction.
func (s *Store) gather(first batch) []batch {
	batches := []batch{first}
	for spans := len(first.spans); spans < maxRows; {
		select {
		case b := <-s.queue:
			batches = append(batches, b)
			spans += len(b.spans)
		default:
			return batches
		}
	}
	return batches
}

// take adds batches to the active segment, and to those that follow it when it
// is full. They are in the log before anybody sees them.
func (s *Store) take(batches []batch) {
	err := s.makeWay()
	if err == nil {
		spans := 0
		for _, b := range batches {
			spans += len(b.spans)
		}
		s.makeRoom(min(spans, s.rows)) // so that the bound holds between one segment and the next
		err = s.append(batches)
	}
	for _, b := range batches {
		b.done <- err
	}
}

// makeWay waits while there is too much to be packed. Segments that cannot be
// written, as the disk is full, are not added to.
func (s *Store) makeWay() error {
	const most = 2
	for s.packing >= most {
		p := <-s.packs
		s.packing--
		s.seal(p)
	}
	return s.why
}

// A stretch is spans that go to one segment.
type stretch struct {
	segment *segment
	spans   []apm.Span
}

func (s *Store) append(batches []batch) error {
	before, next := s.active, s.next
	coming := arrivals{store: s}
	var stretches []stretch
	var records []record
	for _, b := range batches {
		for spans := b.spans; len(spans) > 0; {
			if s.full(s.active.builder) {
				s.begin()
			}
			n := 0
			s.active.builder.mu.Lock()
			for ; n < len(spans) && !s.full(s.active.builder); n++ {
				s.active.builder.add(&spans[n], coming.of(spans[n].TraceID))
			}
			s.active.builder.mu.Unlock()
			stretches = append(stretches, stretch{s.active, spans[:n]})
			records = append(records, record{s.active.place, s.active.builder.takeRecord()})
			spans = spans[n:]
		}
	}
	if err := s.file.append(records); err != nil {
		s.active, s.next = before, next
		s.active.builder.cut(s.active.rows)
		return err
	}
	s.show(stretches)
	return nil
}

// arrivals gives the arrivals of traces, of which some are new.
type arrivals struct {
	store *Store
	fresh map[uint64]uint64
	in    *segment // that the last new one began in
	count int      // traces that began there
	last  birth
}

func (a *arrivals) of(trace uint64) uint64 {
	if trace == a.last.id && a.last.arrival != 0 {
		return a.last.arrival
	}
	known := cmp.Or(a.store.births[trace], a.fresh[trace]) // only the writer, which this is, changes births
	if known == 0 {
		if a.in != a.store.active {
			a.in, a.count = a.store.active, len(a.store.active.born)
		}
		if a.fresh == nil {
			a.fresh = map[uint64]uint64{}
		}
		a.count++
		known = arrival(a.in.place, a.count)
		a.fresh[trace] = known
	}
	a.last = birth{trace, known}
	return known
}

// full tells whether a segment takes no more spans.
func (s *Store) full(b *builder) bool {
	return b.rows >= s.rows || b.text > s.bulk || len(b.order) > maxColumns
}

// begin has a new segment take the spans that come.
func (s *Store) begin() {
	s.active = newSegment(s.next)
	s.next++
}

// show lets everybody see what is in the log.
func (s *Store) show(stretches []stretch) {
	s.mu.Lock()
	for _, t := range stretches {
		if t.segment.rows == 0 {
			s.segments = append(s.segments, t.segment)
		}
		s.admitNew(t.segment, t.segment.rows+len(t.spans))
	}
	s.mu.Unlock()
	s.changes.add(changedBy(stretches))
	for _, t := range stretches {
		if s.full(t.segment.builder) && !t.segment.packing {
			s.packUp(t.segment)
		}
	}
}

// changedBy returns the traces that spans belong to, each once where its spans are
// neighbours.
func changedBy(stretches []stretch) (traces []uint64) {
	for _, t := range stretches {
		for i := range t.spans {
			if id := t.spans[i].TraceID; len(traces) == 0 || id != traces[len(traces)-1] {
				traces = append(traces, id)
			}
		}
	}
	return traces
}

// admitNew makes the builder's next rows a part of the store.
func (s *Store) admitNew(g *segment, rows int) {
	for _, span := range g.builder.numbers[startPlace][g.rows:rows] {
		g.first, g.last = min(g.first, int64(span)), max(g.last, int64(span))
	}
	s.admit(g, rows, g.builder.numbers[tracePlace], g.builder.numbers[arrivalPlace], g.builder.look(key{field, service}, rows))
}

// packUp has a full segment packed, beside what else is done.
func (s *Store) packUp(g *segment) {
	s.mu.Lock()
	g.packing = true
	s.mu.Unlock()
	if s.active == g {
		s.begin()
	}
	s.packing++
	b, p := g.builder, packed{id: g.id, place: g.place, until: g.until, first: g.first, last: g.last}
	go func() { s.packs <- s.file.pack(b, p) }()
}

// seal writes a packed segment to the file, in place of its log, and makes
// room for it.
func (s *Store) seal(p packed) {
	if err := s.file.put(p); err != nil {
		if s.why == nil { // else that has been said
			s.Logger.Error("could not write traces; retrying every second, new traces are rejected until then", "error", err)
		}
		s.stuck, s.why = append(s.stuck, p), err
		return
	}
	s.mu.Lock()
	for _, g := range s.segments {
		if g.id == p.id {
			g.builder, g.bytes = nil, p.bytes
			s.kept.Bytes += p.bytes
		}
	}
	s.mu.Unlock()
	s.makeRoom(0)
}

// retry writes what could not be written before.
func (s *Store) retry() {
	stuck := s.stuck
	s.stuck = nil
	for i, p := range stuck {
		if s.seal(p); len(s.stuck) > 0 {
			s.stuck = append(s.stuck, stuck[i+1:]...)
			return
		}
	}
	s.why = nil
}

// do has the writer run a task, and waits for it.
func (s *Store) do(task func() error) error {
	done := make(chan error, 1)
	select {
	case s.tasks <- func() { done <- task() }:
		return <-done
	case <-s.closing:
		return errClosed
	}
}

// syncEverySecond brings what has been written to the disk. The write-ahead log
// can begin anew only while nothing is written: that is left to the writer, and
// quick, as little remains to be done.
func (s *Store) syncEverySecond() {
	const large = 16 << 20 // bytes
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for failing := false; ; {
		select {
		case <-s.closing:
			return
		case <-second.C:
		}
		if s.file.gone() && s.gone.CompareAndSwap(false, true) {
			s.Logger.Error("the trace file was removed; its traces are lost when apm stops", "file", s.Path)
		}
		err := s.file.sync("PASSIVE")
		if err == nil && s.file.waiting() > large {
			err = s.do(func() error { return s.file.sync("RESTART") })
		}
		if err != nil && !failing && !errors.Is(err, errClosed) {
			s.Logger.Error("could not sync traces to disk; retrying every second", "error", err)
		}
		failing = err != nil
	}
}
