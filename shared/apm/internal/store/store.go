// Package store stores spans, joined into traces, in a directory and within limits, and
// finds them again. Spans are stored in segments, in the order of their arrival. A segment
// grows in memory while a log makes it safe; then it's written to its own file, and
// the log is removed. See ARCHITECTURE.md.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/internal/stats"
)

const (
	// DefaultMaxSpans is the default limit of spans.
	DefaultMaxSpans = 2_000_000
	// DefaultMaxBytes is the default limit of bytes on disk.
	DefaultMaxBytes = 1 << 30
	// MemoryMaxBytes is the default limit of bytes of a store in memory.
	MemoryMaxBytes = 128 << 20

	cacheBytes = 64 << 20
)

// Config configures a Store. Its zero value stores spans in memory.
type Config struct {
	Path     string // of a directory; empty to store spans in memory until the store is closed
	MaxSpans int    // DefaultMaxSpans if 0
	MaxBytes int    // of the segments' files; DefaultMaxBytes or MemoryMaxBytes if 0
	Logger   *slog.Logger
}

// A Store is safe for concurrent use. Its parts are a reader, which reads segments, a
// catalog, which knows what they contain, and a writer.
type Store struct {
	*writer
	close   func() error
	running sync.WaitGroup
}

// A batch is a call of Add.
type batch struct {
	spans []apm.Span
	done  chan error
}

// Open opens or creates a store. It returns a ForeignError if the path has something else,
// and leaves that unchanged.
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
	d, err := openDirectory(config.Path, config.Logger)
	if err != nil {
		return nil, openError(config.Path, err)
	}
	r := &reader{directory: d, codec: segment.NewCodec(), cache: newCache(cacheBytes), jobs: newJobs()}
	c := &catalog{Config: config, reader: r, changes: newChanges(), began: map[uint64]uint64{}}
	r.isStored = c.has
	s := &Store{writer: &writer{
		catalog: c,
		queue:   make(chan batch),
		tasks:   make(chan func()),
		written: make(chan written),
		closing: make(chan struct{}),
	}}
	if err := (loader{s.writer}).load(); err != nil {
		return nil, openError(config.Path, errors.Join(err, s.closeFiles()))
	}
	s.close = sync.OnceValue(s.closeOnce)
	s.running.Go(s.write)
	s.running.Go(s.syncEverySecond)
	return s, nil
}

// ErrUnopened reports a directory of traces that can't be created or read.
var ErrUnopened = errors.New("could not open the stored traces")

func openError(path string, err error) error {
	if foreign := (ForeignError{}); errors.As(err, &foreign) {
		return err
	}
	return fmt.Errorf("%w %s: %w", ErrUnopened, path, err)
}

var errClosed = errors.New("the store is closed")

// Add stores spans. Once it returns without an error, they can be found and survive a
// crash of the program; a second later, they survive a power cut. It returns ErrFull if
// the disk is full. While the store is busy writing, it blocks until ctx is done. The
// caller must not change the spans' maps before it returns.
// See decisions/add-blocks.md.
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

// Retention returns what is stored, and how much was evicted.
func (s *Store) Retention() stats.Retention {
	s.mu.RLock()
	defer s.mu.RUnlock()
	kept := s.kept
	kept.Traces, kept.MaxSpans, kept.MaxBytes = len(s.began), s.MaxSpans, s.MaxBytes
	kept.Durable, kept.FileGone = s.Path != "", s.removed.Load()
	for _, p := range s.parts {
		if p.live == 0 {
			continue
		}
		if kept.Oldest == 0 || p.first < kept.Oldest {
			kept.Oldest = p.first
		}
		if kept.Newest == 0 || p.last > kept.Newest {
			kept.Newest = p.last
		}
	}
	return kept
}

// Clear deletes all traces, even if the disk is full.
// See decisions/clear.md.
func (s *Store) Clear(context.Context) error {
	return s.do(func() error {
		for ; s.writing > 0; s.writing-- {
			s.finish(<-s.written)
		}
		if s.directory.removed() {
			return fmt.Errorf("the directory %s was removed, so its traces can't be deleted. Restart apm", s.Path)
		}
		defer s.changes.add(slices.Collect(maps.Keys(s.began)))
		var dropped []*part
		s.mu.Lock()
		for len(s.parts) > 0 {
			dropped = append(dropped, s.drop())
		}
		s.stuck, s.writeErr, s.kept, s.began = nil, nil, stats.Retention{}, map[uint64]uint64{}
		s.mu.Unlock()
		if err := errors.Join(s.removeParts(dropped), s.removeLog(s.active)); err != nil {
			return err
		}
		return s.begin(s.active.seq + 1)
	})
}

// Sync waits until all full segments are written, and syncs the logs to disk. After it, a
// power cut loses nothing that was added before.
func (s *Store) Sync() error {
	return s.do(func() error {
		for ; s.writing > 0; s.writing-- {
			s.finish(<-s.written)
		}
		return errors.Join(s.writeErr, s.syncLogs())
	})
}

// Close ends the store. Spans that aren't in a segment's file yet stay in their log.
func (s *Store) Close() error { return s.close() }

func (s *Store) closeOnce() error {
	close(s.closing)
	s.running.Wait()
	if err := s.closeFiles(); err != nil {
		return fmt.Errorf("close the stored traces: %w", err)
	}
	return nil
}

func (s *Store) closeFiles() error {
	var errs []error
	for _, p := range s.parts {
		if p.log != nil {
			errs = append(errs, p.log.close())
		}
	}
	return errors.Join(append(errs, s.directory.close())...)
}
