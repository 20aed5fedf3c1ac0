package store

import (
	"maps"
	"math"
	"slices"

	"thinker/shared/apm/internal/stats"
)

// A replacement is what takes the place of neighbouring segments when traces
// in them are evicted.
type replacement struct {
	old     []*segment
	evicted map[uint64]bool // traces, all of which began in old
	fresh   *segment        // what is left of old; nil for nothing
	packed  packed          // the same, for the file
	buried  []burial        // what the evicted traces have in other segments
	kept    stats.Retention // from then on

	oldServices   []*column
	freshServices *column
}

// A burial is rows of evicted traces.
type burial struct {
	segment  *segment
	rows     []int
	services *column
}

// traces are those that began in the segment, but for some.
func (g *segment) traces(but map[uint64]bool) map[uint64]bool {
	traces := make(map[uint64]bool, len(g.born))
	for _, t := range g.born {
		if !but[t.id] {
			traces[t.id] = true
		}
	}
	return traces
}

// replace evicts the traces that began in neighbouring segments and are not
// spared. left is how many segments there are now instead: one or none.
func (s *Store) replace(old []*segment, spared map[uint64]bool) (left int, err error) {
	r := replacement{old: old, evicted: map[uint64]bool{}, kept: s.kept}
	for _, g := range old {
		maps.Copy(r.evicted, g.traces(spared))
		services := &column{}
		if g.rows > 0 {
			if services, err = s.column(g, key{field, service}); err != nil {
				return 0, err
			}
		}
		r.oldServices = append(r.oldServices, services)
	}
	if err := s.keepRest(&r); err != nil {
		return 0, err
	}
	if err := s.dig(&r); err != nil {
		return 0, err
	}
	s.settle(&r)
	if err := s.file.replace(&r); err != nil {
		return 0, err
	}
	for _, g := range old {
		if g.damaged {
			s.file.tidy(g)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enact(&r)
	if r.fresh != nil {
		left = 1
	}
	return left, nil
}

// keepRest makes a segment of the spans that stay.
func (s *Store) keepRest(r *replacement) error {
	b := newBuilder()
	for _, g := range r.old {
		if err := s.keepRows(r, g, b); err != nil {
			return err
		}
	}
	if b.rows == 0 {
		return nil
	}
	last := r.old[len(r.old)-1]
	g := &segment{id: s.next, place: r.old[0].place, until: last.until, rows: b.rows, first: math.MaxInt64, last: math.MinInt64, guards: map[string]int{}}
	s.next++
	for _, start := range b.numbers[startPlace] {
		g.first, g.last = min(g.first, int64(start)), max(g.last, int64(start))
	}
	for _, old := range r.old {
		for _, t := range old.born {
			if !r.evicted[t.id] {
				g.born = append(g.born, t)
			}
		}
		for _, id := range old.joined {
			if at := s.births[id]; at != 0 && !g.covers(at) && !slices.Contains(g.joined, id) {
				g.joined = append(g.joined, id)
			}
		}
		for name := range old.guards {
			g.guards[name] = 0
		}
	}
	r.freshServices = b.look(key{field, service}, b.rows)
	for _, code := range r.freshServices.codes {
		if n, guard := g.guards[r.freshServices.values[code]]; guard {
			g.guards[r.freshServices.values[code]] = n + 1
		}
	}
	r.packed = s.file.pack(b, packed{id: g.id, place: g.place, until: g.until, first: g.first, last: g.last})
	g.bytes = r.packed.bytes
	r.fresh = g
	return nil
}

// keepRows adds those of a segment's rows that stay to a builder.
func (s *Store) keepRows(r *replacement, g *segment, b *builder) error {
	stays := func(id uint64) bool { return s.births[id] != 0 && !r.evicted[id] }
	if g.rows == 0 || !slices.ContainsFunc(g.born, func(t birth) bool { return stays(t.id) }) && !slices.ContainsFunc(g.joined, stays) {
		return nil
	}
	columns := map[key]*column{}
	err := s.eachColumn(g, nil, func(k key, c *column) error { columns[k] = c; return nil })
	if err != nil {
		return err
	}
	traces, arrivals := columns[key{wide, traceID}], columns[key{wide, arrived}]
	for row, id := range traces.numbers {
		if stays(id) && !g.dead.has(row) {
			span := rowReader{columns}.span(row)
			b.add(&span, arrivals.numbers[row])
		}
	}
	return nil
}

// dig finds what the evicted traces have in other segments.
func (s *Store) dig(r *replacement) error {
	for _, g := range s.segments {
		if slices.Contains(r.old, g) || !slices.ContainsFunc(g.joined, func(id uint64) bool { return r.evicted[id] }) {
			continue
		}
		traces, err := s.column(g, key{wide, traceID})
		if err != nil {
			return err
		}
		found := burial{segment: g}
		for row, id := range traces.numbers {
			if r.evicted[id] && !g.dead.has(row) {
				found.rows = append(found.rows, row)
			}
		}
		if found.services, err = s.column(g, key{field, service}); err != nil {
			return err
		}
		if len(found.rows) > 0 {
			r.buried = append(r.buried, found)
		}
	}
	return nil
}

// settle counts what will be kept.
func (s *Store) settle(r *replacement) {
	gone := 0
	for _, g := range r.old {
		gone += g.rows - g.dead.count()
		r.kept.Bytes -= g.bytes
	}
	for _, b := range r.buried {
		gone += len(b.rows)
	}
	if r.fresh != nil {
		gone -= r.fresh.rows
		r.kept.Bytes += r.fresh.bytes
	}
	r.kept.Spans -= gone
	r.kept.EvictedSpans += gone
	r.kept.EvictedTraces += len(r.evicted)
}

// enact makes the replacement seen, once it is in the file.
func (s *Store) enact(r *replacement) {
	s.kept = r.kept
	for i, services := range r.oldServices {
		s.count(services, 0, func(row int) bool { return !r.old[i].dead.has(row) }, -1)
	}
	at := slices.Index(s.segments, r.old[0])
	after := s.segments[at+len(r.old):]
	s.segments = slices.Clone(s.segments[:at]) // others may be going through them
	if r.fresh != nil {
		s.count(r.freshServices, 0, func(int) bool { return true }, 1)
		s.segments = append(s.segments, r.fresh)
	}
	s.segments = append(s.segments, after...)
	for id := range r.evicted {
		delete(s.births, id)
		s.changes.forget(id)
	}
	for _, b := range r.buried {
		b.segment.bury(b.rows...)
		s.count(b.services, 0, func(row int) bool { _, buried := slices.BinarySearch(b.rows, row); return buried }, -1)
		for _, row := range b.rows {
			if name, _ := b.services.at(row); b.segment.guards[name] > 0 {
				b.segment.guards[name]--
			}
		}
	}
}
