package store

import (
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/bits-and-blooms/bitset"

	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/query"
)

// A reader reads the columns of parts, and caches them.
type reader struct {
	directory *directory
	codec     *segment.Codec
	cache     *cache
	jobs      jobs
	isStored  func(seq int64) bool // whether a part isn't evicted, and not damaged
}

// snapshot returns copies of the parts' metadata. A copy doesn't change, but its file may
// be removed before it is read.
func (s *catalog) snapshot() []*part {
	s.mu.RLock()
	defer s.mu.RUnlock()
	copies := make([]part, len(s.parts))
	parts := make([]*part, len(s.parts))
	for i, p := range s.parts {
		copies[i] = *p
		parts[i] = &copies[i]
	}
	return parts
}

// errEvicted reports that a segment was evicted while it was being read.
var errEvicted = errors.New("the segment has been evicted")

// A damage reports a part whose file can't be read.
type damage struct {
	part *part
	error
}

func (d damage) Unwrap() error { return d.error }

// retryEvicted calls do, which reads parts. It retries if a part was evicted meanwhile, or
// is damaged and has been set aside.
func (s *Store) retryEvicted(do func() error) error {
	for tries := 3; ; {
		err := do()
		var found damage
		switch {
		case errors.As(err, &found):
			if err := s.do(func() error { s.setAside(found.part, found); return nil }); err != nil {
				return err
			}
		case errors.Is(err, errEvicted) && tries > 0:
			tries--
		default:
			return err
		}
	}
}

// read calls do with the file of a part and its directory.
func (s *reader) read(p *part, do func(file io.ReaderAt, d *segment.Directory) error) error {
	err := s.directory.readSegment(p.name(), func(file io.ReaderAt, size int64) error {
		d, ok := s.cache.directory(p.seq)
		if !ok {
			var err error
			if d, err = s.codec.ReadDirectory(file, size); err != nil {
				return err
			}
			if d.Rows != p.name().rows {
				return segment.ErrDamaged
			}
			s.cache.putDirectory(p.seq, d)
		}
		return do(file, d)
	})
	if errors.Is(err, errEvicted) && s.isStored(p.seq) { // the file was removed by someone else
		return damage{p, err}
	}
	if errors.Is(err, segment.ErrDamaged) {
		return damage{p, err}
	}
	return err
}

// has reports whether a part is still stored.
func (s *catalog) has(seq int64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	first := firstSeq(s.parts)
	return seq >= first && seq < first+int64(len(s.parts)) && s.parts[seq-first].damaged == 0
}

// column returns a column of a part, or nil if it has none with the name.
func (s *reader) column(p *part, name query.Column) (column *segment.Column, err error) {
	if p.builder != nil {
		return p.builder.Column(name, p.rows), nil
	}
	if column, ok := s.cache.column(p.seq, name); ok {
		return column, nil
	}
	err = s.read(p, func(file io.ReaderAt, d *segment.Directory) (err error) {
		column, err = s.codec.ReadColumn(file, d, name)
		return err
	})
	if err == nil {
		s.cache.putColumn(p.seq, name, column)
	}
	return column, err
}

// columns returns the names of a part's columns.
func (s *reader) columns(p *part) (names []query.Column, err error) {
	if p.builder != nil {
		return p.builder.Columns(), nil
	}
	if d, ok := s.cache.directory(p.seq); ok {
		return d.Columns(), nil
	}
	err = s.read(p, func(_ io.ReaderAt, d *segment.Directory) error {
		names = d.Columns()
		return nil
	})
	return names, err
}

// A view makes a part's rows query.Columns.
type view struct {
	*reader
	ctx  context.Context
	part *part
}

func (v view) Rows() int { return v.part.rows }

func (v view) Tags() ([]query.Column, error) {
	var tags []query.Column
	names, err := v.columns(v.part)
	for _, name := range names {
		if name.IsTag() {
			tags = append(tags, name)
		}
	}
	return tags, err
}

func (v view) Numbers(name query.Column) ([]uint64, error) {
	column, err := v.column(v.part, name)
	if err != nil || column == nil || name.Kind == query.Integer {
		return numbersOf(column), err
	}
	numbers := make([]uint64, v.part.rows)
	for _, row := range column.Rows {
		numbers[row] = column.NumberAt(int(row))
	}
	return numbers, nil
}

func numbersOf(column *segment.Column) []uint64 {
	if column == nil {
		return nil
	}
	return column.Numbers
}

// Collect implements query.Columns. It returns early if the context ends.
func (v view) Collect(name query.Column, test query.Matcher, to *bitset.BitSet) error {
	watched := &watchedTest{Matcher: test, ctx: v.ctx}
	if v.part.builder == nil {
		if _, cached := v.cache.column(v.part.seq, name); !cached {
			found := true
			err := v.read(v.part, func(file io.ReaderAt, d *segment.Directory) (err error) {
				if d.IsLarge(name) {
					found, err = v.codec.HasMatch(file, d, name, watched)
				}
				return err
			})
			if err := cmp.Or(v.ctx.Err(), err); err != nil || !found {
				return err
			}
		}
	}
	column, err := v.column(v.part, name)
	if err != nil || column == nil {
		return err
	}
	column.Collect(name.Kind, watched, func(row uint16) { to.Set(uint(row)) })
	return v.ctx.Err()
}

// A watchedTest matches every value once the context has ended, so that the search ends soon.
type watchedTest struct {
	query.Matcher
	ctx       context.Context
	unchecked int // bytes
	ended     bool
}

func (w *watchedTest) isEnded(bytes int) bool {
	const often = 64 << 10 // bytes
	if w.unchecked += 16 + bytes; w.unchecked > often {
		w.unchecked, w.ended = 0, w.ctx.Err() != nil
	}
	return w.ended
}

func (w *watchedTest) MatchText(value string) bool {
	return w.isEnded(len(value)) || w.Matcher.MatchText(value)
}

func (w *watchedTest) MatchNumber(value float64) bool {
	return w.isEnded(8) || w.Matcher.MatchNumber(value)
}

// match returns the live rows of a part that are selected.
func (s *reader) match(ctx context.Context, p *part, first int64, selection query.Selection) (*bitset.BitSet, error) {
	if !p.overlaps(selection.From, selection.To) {
		return bitset.New(uint(p.rows)), nil
	}
	rest := selection
	rest.Query = query.Query{}
	if p.within(selection.From, selection.To) {
		rest.From, rest.To = 0, 0
	}
	rows, err := rest.Find(view{s, ctx, p})
	if err == nil && p.oldest < first {
		err = s.leaveLive(p, first, rows)
	}
	if err != nil || rows.None() || selection.Query.Expr == nil {
		return rows, err
	}
	found, err := s.answer(ctx, p, selection.Query)
	if err != nil {
		return nil, err
	}
	rows.InPlaceIntersection(found)
	return rows, nil
}

// leaveLive removes the rows of traces that began before the part with this sequence number.
func (s *reader) leaveLive(p *part, first int64, rows *bitset.BitSet) error {
	arrivals, err := s.column(p, segment.Arrival)
	if err != nil {
		return err
	}
	for row := range query.EachRow(rows) {
		if seqOf(arrivals.Numbers[row]) < first {
			rows.Clear(row)
		}
	}
	return nil
}

// answer returns the rows that match a query. Those of a written segment are cached: a
// page needs the same spans several times, and again on each refresh.
func (s *reader) answer(ctx context.Context, p *part, q query.Query) (*bitset.BitSet, error) {
	find := func() (*bitset.BitSet, error) { return query.Selection{Query: q}.Find(view{s, ctx, p}) }
	if p.builder != nil {
		return find()
	}
	if rows, ok := s.cache.answer(p.seq, q.String()); ok {
		return rows, nil
	}
	rows, err := find()
	if err == nil {
		s.cache.putAnswer(p.seq, q.String(), rows)
	}
	return rows, err
}

// inParallel calls do for the parts, newest first, several at a time. It passes the results
// to take in this order, until take returns true.
func inParallel[T any](
	ctx context.Context, turns jobs, parts []*part,
	do func(*part) (T, error), take func(*part, T) (enough bool, err error),
) error {
	atOnce := runtime.GOMAXPROCS(0)
	for end := len(parts); end > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := max(0, end-atOnce)
		results := make([]T, end-begin)
		err := turns.parallel(ctx, len(results), func(i int) (err error) {
			results[i], err = do(parts[begin+i])
			return err
		})
		if err != nil {
			return err
		}
		for i := len(results) - 1; i >= 0; i-- {
			if enough, err := take(parts[begin+i], results[i]); enough || err != nil {
				return err
			}
		}
		end = begin
		atOnce = min(2*atOnce, 8*runtime.GOMAXPROCS(0))
	}
	return nil
}
