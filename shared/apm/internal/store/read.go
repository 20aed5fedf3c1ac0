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

// columns gives those asked for.
func (s *Store) columns(g *segment, keys []key) (map[key]*column, error) {
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

// eachColumn calls do for the columns asked for, or for all, one after the other.
func (s *Store) eachColumn(g *segment, keys []key, do func(key, *column) error) error {
	if keys == nil && g.builder == nil {
		found := false
		err := s.file.each(g.id, g.rows, func(k key, c *column) error { found = true; return do(k, c) })
		if err == nil && !found {
			err = errGone
		}
		return s.suspect(g, err)
	}
	if keys == nil {
		keys = g.builder.keys()
	}
	for _, k := range keys {
		c, err := s.column(g, k)
		if err != nil {
			return err
		}
		if c != nil {
			if err := do(k, c); err != nil {
				return err
			}
		}
	}
	return nil
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

// mostShown bounds how many spans of one trace are put together, and mostBytes how
// much memory they take.
const (
	mostShown = 100_000
	mostBytes = 80 << 20
)

// Trace returns what is kept of the trace with that ID, as far as it is not too
// large: Truncated counts the spans that are left out.
func (s *Store) Trace(ctx context.Context, id uint64) (trace apm.Trace, found bool, err error) {
	return s.TraceWithin(ctx, id, mostBytes)
}

// TraceWithin is Trace for as many spans as take about so many bytes of memory.
func (s *Store) TraceWithin(ctx context.Context, id uint64, bytes int) (trace apm.Trace, found bool, err error) {
	err = s.again(func() error {
		trace, err = s.trace(ctx, s.snapshot(), id, nil, bytes)
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
func (s *Store) trace(ctx context.Context, parts []*segment, id uint64, keys []key, bytes int) (apm.Trace, error) {
	place, err := s.locate(parts, id)
	if err != nil {
		return apm.Trace{}, err
	}
	traces, err := s.assemble(ctx, parts, []whereabouts{place}, keys, bytes)
	if err != nil {
		return apm.Trace{}, err
	}
	return traces[0], nil
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

// assemble puts together traces that were located, as many of their spans, the
// first to arrive first, as take so many bytes. It reads each segment once, several
// at a time.
func (s *Store) assemble(ctx context.Context, parts []*segment, places []whereabouts, keys []key, bytes int) ([]apm.Trace, error) {
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
	parts = slices.DeleteFunc(slices.Clone(parts), func(g *segment) bool { return len(wanted[g]) == 0 })
	spans := make([][]apm.Span, len(places))
	for atOnce := range slices.Chunk(parts, cap(s.jobs)) {
		if bytes <= 0 {
			break
		}
		found := make([][]weighed, len(atOnce))
		most := bytes / len(atOnce)
		err := s.jobs.parallel(ctx, len(atOnce), func(i int) (err error) {
			rows := newRowSet(atOnce[i].rows)
			for _, want := range wanted[atOnce[i]] {
				rows.unite(want.rows)
			}
			found[i], err = s.spans(atOnce[i], rows, keys, most)
			for ; errors.Is(err, errTooLarge) && rows.count() > 1; found[i], err = s.spans(atOnce[i], rows, keys, most) {
				rows = rows.half()
			}
			if errors.Is(err, errTooLarge) {
				found[i], err = nil, nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, g := range atOnce {
			rows := 0
			for _, want := range wanted[g] {
				rows += want.rows.count()
			}
			for _, span := range found[i] {
				if bytes -= span.bytes; bytes <= 0 {
					break
				}
				for _, want := range wanted[g] {
					if want.rows.has(span.row) {
						spans[want.place] = append(spans[want.place], span.Span)
						break
					}
				}
			}
			if len(found[i]) < rows { // what arrived later is left out, too
				bytes = 0
			}
		}
	}
	traces := make([]apm.Trace, len(places))
	for i, place := range places {
		traces[i] = apm.NewTrace(place.trace, spans[i])
		traces[i].Truncated = place.more + place.spans - len(spans[i])
	}
	return traces, nil
}
