package store

import (
	"cmp"
	"errors"
	"sync/atomic"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/query"
)

// A writer makes all changes to the store, in one goroutine.
type writer struct {
	*catalog
	queue   chan batch
	tasks   chan func()
	written chan written
	closing chan struct{}
	removed atomic.Bool // whether the directory was removed

	// Used only by write.
	active   *part   // receives the next spans
	writing  int     // segments that are being written
	stuck    []*part // segments that couldn't be written, to retry
	writeErr error   // why they couldn't be written; new spans are refused
}

// write makes all changes to the store, until it is closed.
func (s *writer) write() {
	retry := time.NewTicker(time.Second)
	defer retry.Stop()
	for {
		select {
		case b := <-s.queue:
			s.storeBatches(s.gather(b))
		case w := <-s.written:
			s.writing--
			s.finish(w)
		case task := <-s.tasks:
			task()
		case <-retry.C:
			s.retry()
		case <-s.closing:
			for ; s.writing > 0; s.writing-- {
				s.finish(<-s.written)
			}
			return
		}
	}
}

// gather adds the batches that wait to the first one, so that they share a write.
func (s *writer) gather(first batch) []batch {
	batches := []batch{first}
	for spans := len(first.spans); spans < segment.MaxRows; {
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

// storeBatches stores batches. They're in the log before a reader can see them.
func (s *writer) storeBatches(batches []batch) {
	const maxWriting = 2 // segments that are written while more spans arrive
	for s.writing >= maxWriting {
		s.writing--
		s.finish(<-s.written)
	}
	err := s.writeErr
	if err == nil {
		spans := 0
		for _, b := range batches {
			spans += len(b.spans)
		}
		s.makeRoom(min(spans, s.rows()))
		err = s.append(batches)
	}
	for _, b := range batches {
		b.done <- err
	}
}

// rows returns the maximum number of rows in a segment. A small store has small segments,
// since whole segments are evicted.
func (s *writer) rows() int { return max(1, min(segment.MaxRows, s.MaxSpans/16)) }

// full reports whether a part takes no more spans.
func (s *writer) full(p *part) bool {
	return p.builder == nil || p.writing || p.builder.Full(s.rows(), s.MaxBytes/16)
}

// A segmentBatch is spans that go to the same part.
type segmentBatch struct {
	part  *part
	spans []apm.Span
	size  int64 // of the part's log before them
}

// append adds the spans to the active part, and to new ones when it is full.
func (s *writer) append(batches []batch) (err error) {
	var segmentBatches []segmentBatch
	before, arrivals := s.active, arrivals{writer: s}
	for _, b := range batches {
		for spans := b.spans; len(spans) > 0 && err == nil; {
			// Spans that were added together stay together if a part can hold them, so that
			// a killed program leaves all or none of them.
			left := s.rows() - s.active.builderRows()
			if s.full(s.active) || left < len(spans) && len(spans) <= s.rows() {
				if err = s.begin(s.active.seq + 1); err != nil {
					break
				}
			}
			n := 0
			for ; n < len(spans) && !s.full(s.active); n++ {
				s.active.builder.Add(&spans[n], arrivals.of(spans[n].TraceID))
			}
			segmentBatches = append(segmentBatches, segmentBatch{s.active, spans[:n], s.active.log.size})
			err = s.active.log.append(s.active.builder.Record())
			spans = spans[n:]
		}
	}
	if err == nil {
		s.show(segmentBatches)
		return nil
	}
	for i := len(segmentBatches) - 1; i >= 0; i-- {
		p := segmentBatches[i].part
		p.log.undo(segmentBatches[i].size)
		if p != before && p.rows == 0 && p.log != nil {
			err = errors.Join(err, s.removeLog(p))
		}
	}
	if s.active = before; before.builder != nil {
		before.builder.Cut(before.rows)
	}
	return err
}

// arrivals assigns arrivals to traces, of which some are new.
type arrivals struct {
	writer *writer
	new    map[uint64]uint64
	part   *part // in which the last new trace began
	count  int   // traces that began there
	last   arrival
}

func (a *arrivals) of(trace uint64) uint64 {
	if trace == a.last.trace && a.last.at != 0 {
		return a.last.at
	}
	at := cmp.Or(a.writer.began[trace], a.new[trace])
	if at == 0 {
		if a.part != a.writer.active {
			a.part, a.count = a.writer.active, 0
			if n := len(a.part.began); n > 0 {
				a.count = int(a.part.began[n-1].at & 0xffff)
			}
		}
		if a.new == nil {
			a.new = map[uint64]uint64{}
		}
		a.count++
		at = arrivalAt(a.part.seq, a.count)
		a.new[trace] = at
	}
	a.last = arrival{trace, at}
	return at
}

// begin starts a new part.
func (s *writer) begin(seq int64) error {
	l, err := s.directory.createLog(seq)
	if err != nil {
		return err
	}
	s.active = newPart(seq)
	s.active.builder, s.active.log = segment.NewBuilder(), l
	return nil
}

// show makes spans visible once they're in the log.
func (s *writer) show(segmentBatches []segmentBatch) {
	var changed []uint64
	s.mu.Lock()
	for _, t := range segmentBatches {
		if len(s.parts) == 0 || s.parts[len(s.parts)-1].seq < t.part.seq {
			s.parts = append(s.parts, t.part)
		}
		s.showRows(t.part)
		for i := range t.spans {
			if id := t.spans[i].TraceID; len(changed) == 0 || id != changed[len(changed)-1] {
				changed = append(changed, id)
			}
		}
	}
	s.mu.Unlock()
	s.changes.add(changed)
	for _, p := range s.parts {
		if p.builder != nil && !p.writing && (p != s.active || s.full(p)) {
			s.writeOut(p)
		}
	}
}

// showRows makes the builder's new rows visible.
func (s *catalog) showRows(p *part) {
	rows := p.builder.Rows()
	column := func(name query.Column) []uint64 { return p.builder.Column(name, rows).Numbers }
	s.addRows(p, rows, numbers{column(query.TraceID), column(segment.Arrival), column(query.Start)})
}

// written is the result of writing a part.
type written struct {
	part  *part
	bytes int
	err   error
}

// writeOut writes a full part in the background.
func (s *writer) writeOut(p *part) {
	s.mu.Lock()
	p.writing = true
	s.mu.Unlock()
	s.writing++
	go func() { s.written <- s.writeFile(p) }()
}

func (s *writer) writeFile(p *part) written {
	content := s.codec.Encode(p.builder)
	return written{p, len(content), s.directory.writeSegment(p.name(), content)}
}

// finish handles the end of writing a part: its log is no longer needed.
func (s *writer) finish(w written) {
	if w.err != nil {
		if s.writeErr == nil { // otherwise it was logged before
			s.Logger.Error("could not write traces; retrying every second, new traces are rejected until then", "error", w.err)
		}
		s.stuck, s.writeErr = append(s.stuck, w.part), w.err
		return
	}
	s.mu.Lock()
	w.part.builder, w.part.bytes = nil, w.bytes
	s.kept.Bytes += w.bytes
	s.mu.Unlock()
	if err := s.removeLog(w.part); err != nil {
		s.Logger.Error("could not remove a log", "error", err)
	}
	s.makeRoom(0)
}

// retry writes the parts that couldn't be written before.
func (s *writer) retry() {
	stuck := s.stuck
	s.stuck = nil
	for i, p := range stuck {
		if s.finish(s.writeFile(p)); len(s.stuck) > 0 {
			s.stuck = append(s.stuck, stuck[i+1:]...)
			return
		}
	}
	s.writeErr = nil
}

// do lets the writer run a task, and waits for it.
func (s *writer) do(task func() error) error {
	done := make(chan error, 1)
	select {
	case s.tasks <- func() { done <- task() }:
		return <-done
	case <-s.closing:
		return errClosed
	}
}

// syncEverySecond syncs the logs to disk.
func (s *writer) syncEverySecond() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for failing := false; ; {
		select {
		case <-s.closing:
			return
		case <-second.C:
		}
		if s.directory.removed() && s.removed.CompareAndSwap(false, true) {
			s.Logger.Error("the directory with the traces was removed; the traces are lost", "directory", s.Path)
		}
		err := s.syncLogs()
		if err != nil && !failing {
			s.Logger.Error("could not sync traces to disk; retrying every second", "error", err)
		}
		failing = err != nil
	}
}

func (s *writer) syncLogs() error {
	var errs []error
	for _, p := range s.snapshot() {
		if p.log != nil {
			errs = append(errs, p.log.sync())
		}
	}
	return errors.Join(errs...)
}
