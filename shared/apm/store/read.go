package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"thinker/shared/apm"
)

// snapshot copies what is known of the segments. What a copy refers to does
// not change, but its segment may be gone from the file when it is read.
func (s *Store) snapshot() []*segment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	copies := make([]segment, len(s.segments))
	parts := make([]*segment, len(s.segments))
	for i, g := range s.segments {
		copies[i] = *g
		parts[i] = &copies[i]
	}
	return parts
}

// column is one of a segment's; nil if it has none such.
func (s *Store) column(g *segment, k key) (*column, error) {
	return s.read(g, k, s.file.column)
}

// seek is column for somebody who looks for values that pass a test: without one,
// it may be an empty column.
func (s *Store) seek(g *segment, k key, test func(string) bool) (*column, error) {
	return s.read(g, k, func(segment int64, k key, rows int) (*column, error) {
		return s.file.seek(segment, k, rows, test)
	})
}

func (s *Store) read(g *segment, k key, from func(segment int64, k key, rows int) (*column, error)) (*column, error) {
	if g.builder != nil {
		return g.builder.look(k, g.rows), nil
	}
	if c, ok := s.cache.get(cacheKey{g.id, k}); ok {
		return c, nil
	}
	c, err := from(g.id, k, g.rows)
	if err != nil {
		return nil, s.suspect(g, err)
	}
	if c == nil || c.numbers != nil || c.codes != nil {
		s.cache.put(cacheKey{g.id, k}, c)
	}
	return c, nil
}

// errGone is the error of a segment that was evicted while it was being read.
var errGone = errors.New("the segment has been evicted")

// columns gives all of a segment's, or only those asked for.
func (s *Store) columns(g *segment, keys []key) (map[key]*column, error) {
	if keys == nil && g.builder == nil {
		return s.allColumns(g)
	}
	if keys == nil {
		keys = g.builder.keys()
	}
	columns := make(map[key]*column, len(keys))
	for _, k := range keys {
		c, err := s.column(g, k)
		if err != nil {
			return nil, err
		}
		if c != nil {
			columns[k] = c
		}
	}
	return columns, nil
}

func (s *Store) allColumns(g *segment) (map[key]*column, error) {
	columns, err := s.file.all(g.id, g.rows)
	if err != nil {
		return nil, s.suspect(g, err)
	}
	if len(columns) == 0 {
		return nil, errGone
	}
	return columns, nil
}

// keys are those of all of a segment's columns.
func (s *Store) keys(g *segment) ([]key, error) {
	if g.builder != nil {
		return g.builder.keys(), nil
	}
	list := cacheKey{g.id, key{kind: listing}}
	c, ok := s.cache.get(list)
	if !ok {
		var err error
		if c, err = s.file.list(g.id); err != nil {
			return nil, s.suspect(g, err)
		}
		s.cache.put(list, c)
	}
	if len(c.values) == 0 {
		return nil, errGone
	}
	keys := make([]key, len(c.values))
	for i, name := range c.values {
		keys[i] = key{kind(c.codes[i]), name}
	}
	return keys, nil
}

// spans gives a segment's rows; with keys, only those of their attributes.
func (s *Store) spans(g *segment, rows rowSet, keys []key) ([]apm.Span, error) {
	columns, err := s.columns(g, keys)
	if err != nil {
		return nil, err
	}
	spans := make([]apm.Span, 0, rows.count())
	for row := range rows.all() {
		spans = append(spans, rowReader{columns}.span(row))
	}
	return spans, nil
}

// mostShown bounds how many spans of one trace are put together.
const mostShown = 100_000

// Trace is what is kept of the trace with that ID.
func (s *Store) Trace(_ context.Context, id uint64) (trace apm.Trace, found bool, err error) {
	err = s.again(func() error {
		trace, err = s.trace(s.snapshot(), id, nil)
		return err
	})
	if errors.Is(err, errGone) {
		return apm.Trace{}, false, nil
	}
	if err != nil {
		return apm.Trace{}, false, fmt.Errorf("read trace %d: %w", id, err)
	}
	return trace, len(trace.Spans) > 0, nil
}

// trace puts together a trace, with keys only of those attributes.
func (s *Store) trace(parts []*segment, id uint64, keys []key) (apm.Trace, error) {
	place, err := s.locate(parts, id)
	if err != nil {
		return apm.Trace{}, err
	}
	return s.assemble(place, keys)
}

// A whereabouts is where a trace's spans are.
type whereabouts struct {
	trace uint64
	rows  []selected
	spans int // in these rows
	more  int // that are kept besides, and are too many to be put together
}

// locate finds a trace's spans.
func (s *Store) locate(parts []*segment, id uint64) (whereabouts, error) {
	s.mu.RLock()
	arrival, known := s.births[id]
	s.mu.RUnlock()
	place := whereabouts{trace: id}
	if !known {
		return place, nil
	}
	birth := int64(arrival >> 16)
	for _, g := range parts {
		if g.rows == 0 || g.place > birth && !slices.Contains(g.joined, id) || g.until < birth {
			continue
		}
		traces, err := s.column(g, key{wide, traceID})
		if err != nil {
			return place, err
		}
		rows := newRowSet(g.rows)
		for row, trace := range traces.numbers {
			switch {
			case trace != id || g.dead.has(row):
			case place.spans == mostShown:
				place.more++
			default:
				place.spans++
				rows.add(row)
			}
		}
		if !rows.empty() {
			place.rows = append(place.rows, selected{g, rows})
		}
	}
	return place, nil
}

// assemble puts together what was located.
func (s *Store) assemble(place whereabouts, keys []key) (apm.Trace, error) {
	found := make([][]apm.Span, len(place.rows))
	err := parallel(len(found), func(i int) (err error) {
		found[i], err = s.spans(place.rows[i].segment, place.rows[i].rows, keys)
		return err
	})
	if err != nil {
		return apm.Trace{}, err
	}
	return place.of(slices.Concat(found...)), nil
}

// of is the trace with the spans that were located.
func (w whereabouts) of(spans []apm.Span) apm.Trace {
	trace := apm.NewTrace(w.trace, spans)
	trace.Truncated = w.more
	return trace
}

// assembleAll does so for many traces: it reads each segment once, on all
// processors.
func (s *Store) assembleAll(ctx context.Context, parts []*segment, places []whereabouts, keys []key) ([]apm.Trace, error) {
	type want struct {
		place int
		rows  rowSet
	}
	wanted := map[*segment][]want{}
	for i, place := range places {
		for _, part := range place.rows {
			wanted[part.segment] = append(wanted[part.segment], want{i, part.rows})
		}
	}
	found := make([][][]apm.Span, len(parts)) // by segment, as wanted of it
	err := parallel(len(parts), func(i int) error {
		g := parts[i]
		if err := ctx.Err(); err != nil || len(wanted[g]) == 0 {
			return err
		}
		columns, err := s.columns(g, keys)
		if err != nil {
			return err
		}
		for _, want := range wanted[g] {
			var spans []apm.Span
			for row := range want.rows.all() {
				spans = append(spans, rowReader{columns}.span(row))
			}
			found[i] = append(found[i], spans)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	spans := make([][]apm.Span, len(places))
	for i, g := range parts {
		for at, want := range wanted[g] {
			spans[want.place] = append(spans[want.place], found[i][at]...)
		}
	}
	traces := make([]apm.Trace, len(places))
	for i, place := range places {
		traces[i] = place.of(spans[i])
	}
	return traces, nil
}
