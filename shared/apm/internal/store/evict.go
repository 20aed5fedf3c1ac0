package store

import "errors"

// makeRoom evicts what is too much for some spans to come, and sets aside what
// turns out to be damaged.
func (s *Store) makeRoom(coming int) {
	err := s.evict(coming)
	for found := (damage{}); errors.As(err, &found); err = s.evict(coming) {
		s.condemn(found)
	}
	if err != nil {
		s.Logger.Error("could not evict the oldest traces", "error", err)
	}
}

// evict makes room by dropping the oldest segments, with all of their traces,
// until the store is within its bounds again, and has room for spans to come.
// What a service needs to keep its floor is spared: it stays as a smaller
// segment in the same place.
func (s *Store) evict(coming int) error {
	for i := 0; s.over(coming) && i < len(s.segments) && s.segments[i].builder == nil; {
		g := s.segments[i]
		if s.guarded(g) {
			i++
			continue
		}
		spared, err := s.spare(g)
		if err != nil {
			return err
		}
		if g.rows > 0 && g.dead == nil && len(g.traces(spared)) == 0 { // all that it has belongs to traces that stay
			i++
			continue
		}
		old := []*segment{g}
		if i > 0 && s.segments[i-1].rows+len(spared) <= maxRows/4 && s.segments[i-1].bytes+g.bytes <= s.MaxBytes/16 { // it would be a pity to keep many small ones, or one so large that all go with it
			old = []*segment{s.segments[i-1], g}
			for _, t := range s.segments[i-1].born {
				spared[t.id] = true
			}
		}
		left, err := s.replace(old, spared)
		if err != nil {
			return err
		}
		i += left - (len(old) - 1)
	}
	// Where spans are so large that even the floors are too much, the oldest go.
	for s.over(coming) && len(s.segments) > 0 && s.segments[0].builder == nil {
		if _, err := s.replace(s.segments[:1], nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) over(coming int) bool {
	return s.kept.Spans+coming > s.MaxSpans || s.kept.Bytes > s.MaxBytes
}

// floor is how many spans of each service are kept, however many there are of
// the others. All floors together are a quarter of the store at most.
func (s *Store) floor() int {
	const most = 1000
	return min(most, s.MaxSpans/4/max(1, len(s.services)))
}

// guarded tells whether the segment holds what was spared, and must be, still.
func (s *Store) guarded(g *segment) bool {
	for name, n := range g.guards {
		if n > 0 && s.services[name]-n < s.floor() {
			return true
		}
	}
	return false
}

// spare gives the traces of a segment that one of their services needs.
func (s *Store) spare(g *segment) (map[uint64]bool, error) {
	spared := map[uint64]bool{}
	if g.rows == 0 {
		return spared, nil
	}
	services, err := s.column(g, key{field, service})
	if err != nil {
		return spared, err
	}
	counts := make([]int, len(services.values))
	for i, code := range services.codes {
		if !g.dead.has(int(services.rows[i])) {
			counts[code]++
		}
	}
	guards := map[string]int{}
	for code, n := range counts {
		name := services.values[code]
		if total, known := s.services[name]; known && n > 0 && total-n < s.floor() {
			guards[name] = n
		}
	}
	s.mu.Lock()
	g.guards = guards
	s.mu.Unlock()
	if len(guards) == 0 {
		return spared, s.spareElsewhere(g, spared)
	}
	traces, err := s.column(g, key{wide, traceID})
	if err != nil {
		return spared, err
	}
	for i, row := range services.rows {
		if _, needed := guards[services.values[services.codes[i]]]; needed && !g.dead.has(int(row)) {
			spared[traces.numbers[row]] = true
		}
	}
	return spared, s.spareElsewhere(g, spared)
}

// spareElsewhere adds the traces that began in a segment and that a service
// needs which has its spans of them in others.
func (s *Store) spareElsewhere(g *segment, spared map[uint64]bool) error {
	r := replacement{old: []*segment{g}, evicted: g.traces(spared)}
	if err := s.dig(&r); err != nil {
		return err
	}
	going := map[string]int{}
	for _, b := range r.buried {
		for _, row := range b.rows {
			name, _ := b.services.at(row)
			going[name]++
		}
	}
	for _, b := range r.buried {
		traces, err := s.column(b.segment, key{wide, traceID})
		if err != nil {
			return err
		}
		for _, row := range b.rows {
			name, _ := b.services.at(row)
			if total, known := s.services[name]; known && total-going[name] < s.floor() {
				spared[traces.numbers[row]] = true
			}
		}
	}
	return nil
}
