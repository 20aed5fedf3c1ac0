// Package store keeps spans, joined into traces, in an SQLite file and within
// bounds, and finds them again.
//
// Spans are kept in segments of some thousand, each a set of columns: one for
// every attribute, with its distinct values and which span has which. A segment
// grows in memory while a log in the file makes it safe; then it is packed and
// takes the log's place. See ARCHITECTURE.md for a picture.
package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"thinker/shared/apm"
)

const (
	// DefaultMaxSpans is how many spans a store keeps if it is not told.
	DefaultMaxSpans = 2_000_000
	// DefaultMaxBytes is how much it may write for them, in bytes.
	DefaultMaxBytes = 1 << 30
	// MemoryMaxBytes is the same for a store in memory.
	MemoryMaxBytes = 128 << 20

	cacheBytes = 64 << 20
)

// Config says what to keep, and where. Its zero value keeps spans in memory.
type Config struct {
	Path     string // of the file; empty to keep spans in memory, until the store is closed
	MaxSpans int    // DefaultMaxSpans where 0
	MaxBytes int    // DefaultMaxBytes where 0: of the segments, packed
	Logger   *slog.Logger
}

// A Store is safe for concurrent use.
type Store struct {
	Config
	rows  int // of a full segment, at most
	bulk  int // likewise, bytes of its values
	file  *file
	cache *cache

	queue   chan batch
	tasks   chan func()
	packs   chan packed
	closing chan struct{}
	close   func() error
	running sync.WaitGroup

	// The writer's own: one goroutine does all that changes the store.
	active  *segment // takes the spans that come
	packing int      // segments being packed
	stuck   []packed // those that could not be written
	why     error    // they could not

	mu          sync.RWMutex
	segments    []*segment        // by place
	births      map[uint64]uint64 // the arrival of each trace that is kept
	services    map[string]int    // spans of each
	kept        apm.Retention
	next        int64 // the number of the segment to come
	subscribers map[*subscriber]struct{}
}

// A batch is spans to be kept together.
type batch struct {
	spans []apm.Span
	done  chan error
}

// Open opens the store, with all that was kept in it before. A file that is
// not the store's own is a ForeignError, and left as it is.
func Open(config Config) (*Store, error) {
	if config.MaxSpans <= 0 {
		config.MaxSpans = DefaultMaxSpans
	}
	if config.MaxBytes <= 0 {
		config.MaxBytes = DefaultMaxBytes
		if config.Path == "" {
			config.MaxBytes = MemoryMaxBytes
		}
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := openFile(config.Path)
	if err != nil {
		return nil, openError(config.Path, err)
	}
	s := &Store{
		Config:      config,
		rows:        max(1, min(maxRows, config.MaxSpans/16)), // as whole segments are evicted
		bulk:        min(maxText, config.MaxBytes/16),
		file:        f,
		cache:       newCache(cacheBytes),
		queue:       make(chan batch),
		tasks:       make(chan func()),
		packs:       make(chan packed),
		closing:     make(chan struct{}),
		subscribers: map[*subscriber]struct{}{},
	}
	if err := s.load(); err != nil {
		return nil, openError(config.Path, errors.Join(err, f.close()))
	}
	s.close = sync.OnceValue(s.closeOnce)
	s.running.Go(s.write)
	s.running.Go(s.syncEverySecond)
	return s, nil
}

// ErrUnopened is the error of a file that is not there to be kept in, and
// cannot be made or read.
var ErrUnopened = errors.New("traces cannot be kept")

func openError(path string, err error) error {
	if foreign := (ForeignError{}); errors.As(err, &foreign) {
		return err
	}
	return fmt.Errorf("%w in %s: %w", ErrUnopened, path, err)
}

// errClosed is the error of what comes too late.
var errClosed = errors.New("the store is closed")

// Add keeps spans. When it returns without an error they can be found, and are
// not lost when the program dies; a second later, nor when the machine does.
// Without room on the disk it is ErrFull.
// While the store cannot follow, Add waits, until ctx ends. Nobody may change
// the spans' maps until it returns.
func (s *Store) Add(ctx context.Context, spans []apm.Span) error {
	if len(spans) == 0 {
		return nil
	}
	b := batch{spans, make(chan error, 1)}
	select {
	case s.queue <- b:
		return <-b.done
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return errClosed
	}
}

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
	changed := map[uint64]bool{}
	s.mu.Lock()
	for _, t := range stretches {
		if t.segment.rows == 0 {
			s.segments = append(s.segments, t.segment)
		}
		s.admitNew(t.segment, t.segment.rows+len(t.spans))
		if len(s.subscribers) == 0 {
			continue
		}
		for i := range t.spans {
			changed[t.spans[i].TraceID] = true
		}
	}
	for sub := range s.subscribers {
		sub.notify(changed)
	}
	s.mu.Unlock()
	for _, t := range stretches {
		if s.full(t.segment.builder) && !t.segment.packing {
			s.packUp(t.segment)
		}
	}
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
			s.Logger.Error("could not write traces; it is tried every second, and meanwhile none are taken in", "error", err)
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
		err := s.file.sync("PASSIVE")
		if err == nil && s.file.waiting() > large {
			err = s.do(func() error { return s.file.sync("RESTART") })
		}
		if err != nil && !failing && !errors.Is(err, errClosed) {
			s.Logger.Error("could not bring traces to the disk; it is tried every second", "error", err)
		}
		failing = err != nil
	}
}

// Retention is what is kept, and what had to go.
func (s *Store) Retention() apm.Retention {
	s.mu.RLock()
	kept := s.kept
	kept.Traces, kept.MaxSpans, kept.MaxBytes, kept.Durable = len(s.births), s.MaxSpans, s.MaxBytes, s.Path != ""
	s.mu.RUnlock()
	for _, g := range s.snapshot() {
		if first, ok := s.earliest(g); ok && (kept.Oldest == 0 || first < kept.Oldest) {
			kept.Oldest = first
		}
	}
	return kept
}

// earliest is the start of the earliest span kept in a segment.
func (s *Store) earliest(g *segment) (start int64, ok bool) {
	if g.dead == nil {
		return g.first, g.rows > 0
	}
	rows := allRows(g.rows)
	rows.remove(g.dead)
	starts, err := s.column(g, key{wide, wideNames[startPlace]})
	if err != nil { // it will be met again by whoever asks for spans
		return g.first, true
	}
	start = math.MaxInt64
	for row := range rows.all() {
		start, ok = min(start, int64(starts.numbers[row])), true
	}
	return start, ok
}

// Clear lets go of all that is kept, and begins anew.
func (s *Store) Clear(context.Context) error {
	return s.do(func() error {
		for ; s.packing > 0; s.packing-- {
			<-s.packs
		}
		if err := s.file.clear(); err != nil {
			return err
		}
		defer s.file.shrink()
		s.mu.Lock()
		defer s.mu.Unlock()
		changed := map[uint64]bool{}
		for id := range s.births {
			changed[id] = true
		}
		for sub := range s.subscribers {
			sub.notify(changed)
		}
		s.stuck, s.why, s.segments, s.kept = nil, nil, nil, apm.Retention{}
		s.births, s.services = map[uint64]uint64{}, map[string]int{}
		s.begin()
		return nil
	})
}

// Close ends the store. What was added and not yet packed is in the log.
func (s *Store) Close() error { return s.close() }

func (s *Store) closeOnce() error {
	close(s.closing)
	s.running.Wait()
	if err := s.file.close(); err != nil {
		return fmt.Errorf("close the traces' file: %w", err)
	}
	return nil
}
