// Package store keeps spans, joined into traces, in an SQLite file and within
// bounds, and finds them again.
//
// Spans are kept in segments of some thousand, each a set of columns: one for
// every attribute, with its distinct values and which span has which. A segment
// grows in memory while a log in the file makes it safe; then it is packed and
// takes the log's place. See ARCHITECTURE.md for a picture.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
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
	jobs  jobs

	changes *changes

	queue   chan batch
	tasks   chan func()
	packs   chan packed
	closing chan struct{}
	gone    atomic.Bool // the file is
	close   func() error
	running sync.WaitGroup

	// The writer's own: one goroutine does all that changes the store.
	active  *segment // takes the spans that come
	packing int      // segments being packed
	stuck   []packed // those that could not be written
	why     error    // they could not

	mu       sync.RWMutex
	segments []*segment        // by place
	births   map[uint64]uint64 // the arrival of each trace that is kept
	services map[string]int    // spans of each
	kept     stats.Retention
	next     int64 // the number of the segment to come
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
	if err := f.restrict(); err != nil {
		config.Logger.Warn("could not make the trace file private; other users of this machine may read it", "error", err)
	}
	s := &Store{
		Config:  config,
		rows:    max(1, min(maxRows, config.MaxSpans/16)), // as whole segments are evicted
		bulk:    min(maxText, config.MaxBytes/16),
		file:    f,
		cache:   newCache(cacheBytes),
		jobs:    newJobs(),
		queue:   make(chan batch),
		tasks:   make(chan func()),
		packs:   make(chan packed),
		closing: make(chan struct{}),
		changes: newChanges(),
	}
	if err := s.load(); err != nil {
		return nil, openError(config.Path, errors.Join(err, f.close()))
	}
	s.close = sync.OnceValue(s.closeOnce)
	s.running.Go(s.write)
	s.running.Go(s.syncEverySecond)
	return s, nil
}

// ErrUnopened reports a trace file that can't be created or read.
var ErrUnopened = errors.New("could not open the trace file")

func openError(path string, err error) error {
	if foreign := (ForeignError{}); errors.As(err, &foreign) {
		return err
	}
	if code(err) == sqliteCorrupt {
		return fmt.Errorf("%w (%w)", ForeignError{path, "is damaged. Move it away to start with a new file"}, err)
	}
	return fmt.Errorf("%w %s: %w", ErrUnopened, path, err)
}

// errClosed reports a call after Close.
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

// Retention is what is kept, and what had to go.
func (s *Store) Retention() stats.Retention {
	s.mu.RLock()
	kept := s.kept
	kept.Traces, kept.MaxSpans, kept.MaxBytes, kept.Durable, kept.FileGone = len(s.births), s.MaxSpans, s.MaxBytes, s.Path != "", s.gone.Load()
	s.mu.RUnlock()
	for _, g := range s.snapshot() {
		first, last, ok := s.starts(g)
		if !ok {
			continue
		}
		if kept.Oldest == 0 || first < kept.Oldest {
			kept.Oldest = first
		}
		if kept.Newest == 0 || last > kept.Newest {
			kept.Newest = last
		}
	}
	return kept
}

// starts are those of the earliest and of the latest span kept in a segment.
func (s *Store) starts(g *segment) (first, last int64, ok bool) {
	if g.dead == nil {
		return g.first, g.last, g.rows > 0
	}
	rows := allRows(g.rows)
	rows.remove(g.dead)
	starts, err := s.column(g, key{wide, wideNames[startPlace]})
	if err != nil { // it will be met again by whoever asks for spans
		return g.first, g.last, true
	}
	first, last = math.MaxInt64, math.MinInt64
	for row := range rows.all() {
		start := int64(starts.numbers[row])
		first, last, ok = min(first, start), max(last, start), true
	}
	return first, last, ok
}

// Clear drops every trace and gives their space on the disk back, also where the
// disk is full.
func (s *Store) Clear(context.Context) error {
	return s.do(func() error {
		for ; s.packing > 0; s.packing-- {
			s.stuck = append(s.stuck, <-s.packs) // written in a second, if nothing comes of this
		}
		if err := s.file.clear(); err != nil {
			return err
		}
		changed := slices.Collect(maps.Keys(s.births)) // which the writer alone changes
		defer s.changes.add(changed)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stuck, s.why, s.segments, s.kept = nil, nil, nil, stats.Retention{}
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
		return fmt.Errorf("close the trace file: %w", err)
	}
	return nil
}
