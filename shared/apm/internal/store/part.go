package store

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/query"
)

// A part is what the store knows about a segment without reading it. Its fields belong
// to the store's lock. A copy stays valid, since its slices only grow.
type part struct {
	place int64 // in the order of arrival
	rows  int
	live  int // rows of traces that weren't evicted
	bytes int // of its file

	first, last int64 // start of the earliest and of the latest live span
	oldest      int64 // the first place in which one of its traces began

	began  []arrival // the traces whose first span is here, in the order of arrival
	joined []uint64  // the traces with spans here that began in an earlier part

	builder *segment.Builder // nil once the segment is in its file
	log     *log             // likewise
	writing bool             // the builder is full, and is being written
	damaged int              // rows of a file that can't be read; the part has no other rows
}

// An arrival is a trace and when it arrived: the place of the part in which it began, and
// its number there, from 1. Each span is stored with its trace's arrival. So the spans of
// an evicted trace are told from those of the same trace when it comes again.
type arrival struct{ trace, at uint64 }

func arrivalAt(place int64, number int) uint64 { return uint64(place)<<16 | uint64(number) }

func placeOf(arrival uint64) int64 { return int64(arrival >> 16) }

func newPart(place int64) *part {
	return &part{place: place, oldest: place, first: math.MaxInt64, last: math.MinInt64}
}

func (p *part) name() name {
	return name{place: p.place, rows: cmp.Or(p.damaged, p.rows), damaged: p.damaged > 0}
}

// builderRows returns the rows of the builder, of which the last may not be visible yet.
func (p *part) builderRows() int {
	if p.builder == nil {
		return 0
	}
	return p.builder.Rows()
}

// overlaps reports whether the part may have spans that started in a time; 0 is no limit.
func (p *part) overlaps(from, to int64) bool {
	return p.live > 0 && (from == 0 || p.last >= from) && (to == 0 || p.first < to)
}

// within reports whether all its spans started in a time.
func (p *part) within(from, to int64) bool {
	return (from == 0 || p.first >= from) && (to == 0 || p.last < to)
}

// firstPlace returns the place of the oldest part. Traces that began before it were
// evicted.
func firstPlace(parts []*part) int64 {
	if len(parts) == 0 {
		return 0
	}
	return parts[0].place
}

// numbers are the columns that the store needs when rows are added.
type numbers struct{ traces, arrivals, starts []uint64 }

// admit makes the part's rows up to a number visible.
func (s *Store) admit(p *part, rows int, n numbers) {
	first := firstPlace(s.parts)
	var before arrival
	for row := p.rows; row < rows; row++ {
		t := arrival{n.traces[row], n.arrivals[row]}
		p.oldest = min(p.oldest, placeOf(t.at))
		if placeOf(t.at) < first {
			continue
		}
		if t != before {
			s.enter(p, t)
			before = t
		}
		start := int64(n.starts[row])
		p.first, p.last = min(p.first, start), max(p.last, start)
		p.live++
		s.kept.Spans++
	}
	p.rows = rows
}

// enter makes a trace known that has spans in a part.
func (s *Store) enter(p *part, t arrival) {
	if s.began[t.trace] != t.at {
		began := s.parts[placeOf(t.at)-firstPlace(s.parts)] // p, or one that can't be read any more
		at, _ := slices.BinarySearchFunc(began.began, t.at, func(a arrival, at uint64) int { return cmp.Compare(a.at, at) })
		began.began = slices.Insert(began.began, at, t)
		s.began[t.trace] = t.at
	}
	if placeOf(t.at) != p.place && !slices.Contains(p.joined, t.trace) {
		p.joined = append(p.joined, t.trace)
	}
}

// makeRoom evicts the oldest parts until so many more spans fit.
func (s *Store) makeRoom(coming int) {
	var evicted []*part
	for (s.kept.Spans+coming > s.MaxSpans || s.kept.Bytes > s.MaxBytes) && len(s.parts) > 0 && s.parts[0].builder == nil {
		spans, traces := s.kept.Spans, len(s.began)
		s.buryLater(s.parts[0].place)
		largest := s.largestService()
		s.mu.Lock()
		evicted = append(evicted, s.drop())
		s.kept.EvictedSpans += spans - s.kept.Spans
		s.kept.EvictedTraces += traces - len(s.began)
		s.kept.EvictedBy = cmp.Or(largest, s.kept.EvictedBy)
		s.mu.Unlock()
	}
	if err := s.removeParts(evicted); err != nil {
		s.Logger.Error("could not remove the oldest traces", "error", err)
	}
}

// drop forgets the oldest part, with the traces that began in it. It needs the lock.
func (s *Store) drop() *part {
	p := s.parts[0]
	for _, t := range p.began {
		if s.began[t.trace] == t.at {
			delete(s.began, t.trace)
			s.changes.forget(t.trace)
		}
	}
	s.kept.Spans -= p.live
	s.kept.Bytes -= p.bytes
	s.parts = slices.Clone(s.parts[1:])
	return p
}

// removeParts removes the files of parts that were dropped. If the program is killed
// meanwhile, the next start removes the rest.
func (s *Store) removeParts(dropped []*part) (err error) {
	if len(dropped) == 0 {
		return nil
	}
	s.directory.writeTotals(totals{dropped[len(dropped)-1].place + 1, s.kept.EvictedTraces, s.kept.EvictedSpans, s.kept.EvictedBy})
	for _, p := range dropped {
		if p.builder != nil {
			err = errors.Join(err, s.removeLog(p))
		} else {
			err = errors.Join(err, s.directory.remove(p.name()))
		}
	}
	return err
}

// removeLog removes the log of a part.
func (s *Store) removeLog(p *part) error {
	s.mu.Lock()
	l := p.log
	p.log = nil
	s.mu.Unlock()
	if l == nil || l.file == nil {
		return nil
	}
	return errors.Join(l.close(), s.directory.remove(name{place: p.place, log: true}))
}

// buryLater takes the spans of the traces that began in a part off the later parts.
func (s *Store) buryLater(place int64) {
	for i := 0; i < len(s.parts); i++ {
		p := s.parts[i]
		if p.place == place || p.oldest > place || p.rows == 0 {
			continue
		}
		n, err := s.numbers(p)
		if err != nil {
			s.lose(p, err)
			continue
		}
		live, first, last := 0, int64(math.MaxInt64), int64(math.MinInt64)
		for row, at := range n.arrivals[:p.rows] {
			if placeOf(at) > place {
				live++
				first, last = min(first, int64(n.starts[row])), max(last, int64(n.starts[row]))
			}
		}
		s.mu.Lock()
		s.kept.Spans -= p.live - live
		p.live, p.first, p.last = live, first, last
		s.mu.Unlock()
	}
}

// largestService returns the service with most spans in the newest part.
func (s *Store) largestService() (largest string) {
	if len(s.parts) == 0 {
		return ""
	}
	services, err := s.column(s.parts[len(s.parts)-1], query.Service)
	if err != nil || services == nil {
		return ""
	}
	counts := make([]int, len(services.Values))
	for _, code := range services.Codes {
		counts[code]++
	}
	if len(counts) == 0 {
		return ""
	}
	return services.Values[slices.Index(counts, slices.Max(counts))]
}

// numbers reads the columns that the store needs of all rows.
func (s *Store) numbers(p *part) (n numbers, err error) {
	for name, to := range map[query.Column]*[]uint64{query.TraceID: &n.traces, segment.Arrival: &n.arrivals, query.Start: &n.starts} {
		column, err := s.column(p, name)
		if err != nil {
			return n, err
		}
		*to = column.Numbers
	}
	return n, nil
}

// lose sets a segment's file aside that can't be read. The part stays, without rows, for
// the traces that began in it and have spans in later ones.
func (s *Store) lose(p *part, why error) {
	at := slices.IndexFunc(s.parts, func(other *part) bool { return other.place == p.place && other.builder == nil && other.damaged == 0 })
	if at < 0 {
		return // that was done already
	}
	p = s.parts[at]
	if err := s.directory.setAside(p.name()); err != nil {
		s.Logger.Error("could not rename a damaged file", "file", p.name(), "error", err)
	}
	s.Logger.Error("stored traces are damaged; their file was set aside", "spans", p.rows, "file", name{place: p.place, rows: p.rows, damaged: true}, "error", why)
	left := newPart(p.place)
	left.damaged = p.rows
	elsewhere := map[uint64]bool{}
	for _, other := range s.parts[at+1:] {
		for _, trace := range other.joined {
			elsewhere[trace] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.Spans -= p.live
	s.kept.Bytes -= p.bytes
	s.kept.DamagedSpans += p.rows
	for _, t := range p.began {
		switch {
		case s.began[t.trace] != t.at:
		case elsewhere[t.trace]:
			left.began = append(left.began, t)
		default:
			delete(s.began, t.trace)
			s.changes.forget(t.trace)
		}
	}
	s.parts = slices.Clone(s.parts)
	s.parts[at] = left
}
