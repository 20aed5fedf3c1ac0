package store

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"sync"

	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// A part is what the store knows about a segment without reading it. Its fields belong
// to the store's lock. A copy stays valid, since its slices only grow.
type part struct {
	seq   int64 // its sequence number, in the order of arrival
	rows  int
	live  int // rows of traces that weren't evicted
	bytes int // of its file

	first, last int64 // start of the earliest and of the latest live span
	oldest      int64 // the first part in which one of its traces began

	began  []arrival // the traces whose first span is here, in the order of arrival
	joined []uint64  // the traces with spans here that began in an earlier part

	builder *segment.Builder // nil once the segment is in its file
	log     *log             // likewise
	writing bool             // the builder is full, and is being written
	damaged int              // rows of a file that can't be read; the part has no other rows
}

// An arrival is a trace and when it arrived: the sequence number of the part in which it
// began, and its number there, from 1. Each span is stored with its trace's arrival. So the spans of
// an evicted trace are told from those of the same trace when it comes again.
type arrival struct{ trace, at uint64 }

func arrivalAt(seq int64, number int) uint64 { return uint64(seq)<<16 | uint64(number) }

func seqOf(arrival uint64) int64 { return int64(arrival >> 16) }

func newPart(seq int64) *part {
	return &part{seq: seq, oldest: seq, first: math.MaxInt64, last: math.MinInt64}
}

func (p *part) name() name {
	return name{seq: p.seq, rows: cmp.Or(p.damaged, p.rows), damaged: p.damaged > 0}
}

// builderRows returns the rows of the builder, of which the last may not be visible yet.
func (p *part) builderRows() int {
	if p.builder == nil {
		return 0
	}
	return p.builder.Rows()
}

// overlaps reports whether the part may have spans that started in a time range; 0 is no
// limit.
func (p *part) overlaps(from, to int64) bool {
	return p.live > 0 && (from == 0 || p.last >= from) && (to == 0 || p.first < to)
}

// within reports whether all its spans started in a time range.
func (p *part) within(from, to int64) bool {
	return (from == 0 || p.first >= from) && (to == 0 || p.last < to)
}

// firstSeq returns the sequence number of the oldest part. Traces that began before it were
// evicted.
func firstSeq(parts []*part) int64 {
	if len(parts) == 0 {
		return 0
	}
	return parts[0].seq
}

// numbers are the columns that the store reads when rows are added.
type numbers struct{ traces, arrivals, starts []uint64 }

// A catalog knows what the parts contain, without reading them.
type catalog struct {
	Config
	*reader
	changes *changes

	mu    sync.RWMutex      // guards the fields below, which only the writer changes
	parts []*part           // by sequence number, without a gap
	began map[uint64]uint64 // when each trace arrived: see arrival
	kept  stats.Retention
}

// addRows makes a part's rows visible, up to the given number of rows.
func (s *catalog) addRows(p *part, rows int, n numbers) {
	first := firstSeq(s.parts)
	var before arrival
	for row := p.rows; row < rows; row++ {
		t := arrival{n.traces[row], n.arrivals[row]}
		p.oldest = min(p.oldest, seqOf(t.at))
		if seqOf(t.at) < first {
			continue
		}
		if t != before {
			s.addTrace(p, t)
			before = t
		}
		start := int64(n.starts[row])
		p.first, p.last = min(p.first, start), max(p.last, start)
		p.live++
		s.kept.Spans++
	}
	p.rows = rows
}

// addTrace records that a trace has spans in a part.
func (s *catalog) addTrace(p *part, t arrival) {
	if s.began[t.trace] != t.at {
		began := s.parts[seqOf(t.at)-firstSeq(s.parts)] // p, or a part that can't be read any more
		at, _ := slices.BinarySearchFunc(began.began, t.at, func(a arrival, at uint64) int { return cmp.Compare(a.at, at) })
		began.began = slices.Insert(began.began, at, t)
		s.began[t.trace] = t.at
	}
	if seqOf(t.at) != p.seq && !slices.Contains(p.joined, t.trace) {
		p.joined = append(p.joined, t.trace)
	}
}

// makeRoom evicts the oldest parts until so many more spans fit.
// See decisions/oldest-first.md.
func (s *catalog) makeRoom(coming int) {
	var evicted []*part
	for (s.kept.Spans+coming > s.MaxSpans || s.kept.Bytes > s.MaxBytes) && len(s.parts) > 0 && s.parts[0].builder == nil {
		spans, traces := s.kept.Spans, len(s.began)
		s.uncountEvicted(s.parts[0].seq)
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

// drop forgets the oldest part, with the traces that began in it. The caller holds the lock.
func (s *catalog) drop() *part {
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
func (s *catalog) removeParts(dropped []*part) (err error) {
	if len(dropped) == 0 {
		return nil
	}
	first := dropped[len(dropped)-1].seq + 1
	s.directory.writeTotals(totals{first, s.kept.EvictedTraces, s.kept.EvictedSpans, s.kept.EvictedBy})
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
func (s *catalog) removeLog(p *part) error {
	s.mu.Lock()
	l := p.log
	p.log = nil
	s.mu.Unlock()
	if l == nil || l.file == nil {
		return nil
	}
	return errors.Join(l.close(), s.directory.remove(name{seq: p.seq, log: true}))
}

// uncountEvicted subtracts the spans of traces that began in a part from the later parts'
// counts.
func (s *catalog) uncountEvicted(seq int64) {
	for i := 0; i < len(s.parts); i++ {
		p := s.parts[i]
		if p.seq == seq || p.oldest > seq || p.rows == 0 {
			continue
		}
		n, err := s.numbers(p)
		if err != nil {
			s.setAside(p, err)
			continue
		}
		live, first, last := 0, int64(math.MaxInt64), int64(math.MinInt64)
		for row, at := range n.arrivals[:p.rows] {
			if seqOf(at) > seq {
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
func (s *catalog) largestService() (largest string) {
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

// numbers reads these columns of a part.
func (s *reader) numbers(p *part) (n numbers, err error) {
	for name, to := range map[query.Column]*[]uint64{
		query.TraceID: &n.traces, segment.Arrival: &n.arrivals, query.Start: &n.starts,
	} {
		column, err := s.column(p, name)
		if err != nil {
			return n, err
		}
		*to = column.Numbers
	}
	return n, nil
}

// setAside renames a segment's file that can't be read. The part stays, without rows, for
// the traces that began in it and have spans in later parts.
func (s *catalog) setAside(p *part, cause error) {
	at := slices.IndexFunc(s.parts, func(other *part) bool {
		return other.seq == p.seq && other.builder == nil && other.damaged == 0
	})
	if at < 0 {
		return // already set aside
	}
	p = s.parts[at]
	if err := s.directory.setAside(p.name()); err != nil {
		s.Logger.Error("could not rename a damaged file", "file", p.name(), "error", err)
	}
	s.Logger.Error("stored traces are damaged; their file was set aside", "spans", p.rows,
		"file", name{seq: p.seq, rows: p.rows, damaged: true}, "error", cause)
	left := newPart(p.seq)
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
