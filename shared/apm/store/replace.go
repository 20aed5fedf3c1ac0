package store

import (
	"math"
	"slices"

	"thinker/shared/apm"
)

// A replacement is what takes the place of neighbouring segments when traces
// in them are evicted.
type replacement struct {
	old     []*segment
	evicted map[uint64]bool     // traces, all of which began in old
	fresh   *segment            // what is left of old; nil for nothing
	packed  packed              // the same, for the file
	buried  map[*segment]rowSet // what the evicted traces have in other segments
	graves  map[uint64]grave    // the same, by trace
	first   int64               // place of the first segment that there will be
	kept    apm.Retention       // from then on

	oldServices    []*column
	freshServices  *column
	buriedServices map[*segment]*column
}

// replace evicts the traces that began in neighbouring segments and are not
// spared. left is how many segments there are now instead: one or none.
func (s *Store) replace(old []*segment, spared map[uint64]bool) (left int, err error) {
	r := replacement{old: old, evicted: map[uint64]bool{}, kept: s.kept}
	for _, g := range old {
		services, err := s.column(g, key{field, service})
		if err != nil {
			return 0, err
		}
		r.oldServices = append(r.oldServices, services)
		for _, id := range g.born {
			if !spared[id] {
				r.evicted[id] = true
			}
		}
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
		stays := func(id uint64) bool { _, known := s.births[id]; return known && !r.evicted[id] }
		if !slices.ContainsFunc(g.born, stays) && !slices.ContainsFunc(g.joined, stays) {
			continue
		}
		traces, err := s.column(g, key{wide, traceID})
		if err != nil {
			return err
		}
		rows := newRowSet(g.rows)
		for row, id := range traces.numbers {
			if stays(id) && !g.dead.has(row) {
				rows.add(row)
			}
		}
		spans, err := s.spans(g, rows, nil)
		if err != nil {
			return err
		}
		for i := range spans {
			b.add(&spans[i])
		}
	}
	if b.rows == 0 {
		return nil
	}
	r.fresh = &segment{id: s.next, place: r.old[0].place, rows: b.rows, first: math.MaxInt64, last: math.MinInt64, guards: map[string]int{}}
	s.next++
	for _, start := range b.numbers[startPlace] {
		r.fresh.first, r.fresh.last = min(r.fresh.first, int64(start)), max(r.fresh.last, int64(start))
	}
	cursors := map[uint64]uint64{}
	for _, g := range r.old {
		for i, id := range g.born {
			cursors[id] = g.cursor(i)
		}
	}
	seen := map[uint64]bool{}
	for _, id := range b.numbers[tracePlace] {
		switch place := int64(s.births[id]); {
		case seen[id]:
		case slices.ContainsFunc(r.old, func(g *segment) bool { return g.place == place }):
			r.fresh.born = append(r.fresh.born, id)
			r.fresh.cursors = append(r.fresh.cursors, cursors[id])
		default:
			r.fresh.joined = append(r.fresh.joined, id)
		}
		seen[id] = true
	}
	services := b.look(key{field, service}, b.rows)
	r.freshServices = services
	for _, g := range r.old {
		for name := range g.guards {
			r.fresh.guards[name] = 0
		}
	}
	for _, code := range services.codes {
		if n, guard := r.fresh.guards[services.values[code]]; guard {
			r.fresh.guards[services.values[code]] = n + 1
		}
	}
	r.packed = s.file.pack(b, packed{id: r.fresh.id, place: r.fresh.place, first: r.fresh.first, last: r.fresh.last})
	r.fresh.bytes = r.packed.bytes
	return nil
}

// dig finds what the evicted traces have in other segments.
func (s *Store) dig(r *replacement) error {
	r.buried, r.graves, r.buriedServices = map[*segment]rowSet{}, map[uint64]grave{}, map[*segment]*column{}
	for _, g := range s.segments {
		if slices.Contains(r.old, g) || !slices.ContainsFunc(g.joined, func(id uint64) bool { return r.evicted[id] }) {
			continue
		}
		traces, err := s.column(g, key{wide, traceID})
		if err != nil {
			return err
		}
		rows := newRowSet(g.rows)
		for row, id := range traces.numbers {
			if r.evicted[id] && !g.dead.has(row) {
				rows.add(row)
				r.graves[id] = grave{s.active.place, s.active.rows}
			}
		}
		r.buried[g] = rows
		if r.buriedServices[g], err = s.column(g, key{field, service}); err != nil {
			return err
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
	for _, rows := range r.buried {
		gone += rows.count()
	}
	if r.fresh != nil {
		gone -= r.fresh.rows
		r.kept.Bytes += r.fresh.bytes
	}
	r.kept.Spans -= gone
	r.kept.EvictedSpans += gone
	r.kept.EvictedTraces += len(r.evicted)
	r.first = math.MaxInt64
	if r.fresh != nil {
		r.first = r.fresh.place
	}
	for _, g := range s.segments {
		if !slices.Contains(r.old, g) {
			r.first = min(r.first, g.place)
		}
	}
}

// enact makes the replacement seen, once it is in the file.
func (s *Store) enact(r *replacement) {
	s.kept = r.kept
	for i, services := range r.oldServices {
		s.count(services, 0, func(row int) bool { return !r.old[i].dead.has(row) }, -1)
	}
	if r.fresh != nil {
		s.count(r.freshServices, 0, func(int) bool { return true }, 1)
	}
	for g, rows := range r.buried {
		s.count(r.buriedServices[g], 0, rows.has, -1)
	}
	at := slices.Index(s.segments, r.old[0])
	after := s.segments[at+len(r.old):]
	s.segments = slices.Clone(s.segments[:at]) // others may be going through them
	if r.fresh != nil {
		s.segments = append(s.segments, r.fresh)
		for _, id := range r.fresh.born {
			s.births[id] = uint32(r.fresh.place)
			if _, ok := s.graves[id]; ok { // its rows have other numbers now
				s.graves[id] = grave{r.fresh.place, 0}
			}
		}
	}
	s.segments = append(s.segments, after...)
	for id := range r.evicted {
		delete(s.births, id)
		delete(s.active.seen, id)
		for sub := range s.subscribers {
			sub.forget(id)
		}
	}
	for id, g := range r.graves {
		s.graves[id] = g
	}
	for id, g := range s.graves {
		if g.place < r.first {
			delete(s.graves, id)
		}
	}
	for g, rows := range r.buried {
		dead := newRowSet(max(g.rows, 64*len(g.dead)))
		copy(dead, g.dead)
		for row := range rows.all() {
			dead.add(row)
			if name, _ := r.buriedServices[g].at(row); g.guards[name] > 0 {
				g.guards[name]--
			}
		}
		g.dead = dead
	}
}
