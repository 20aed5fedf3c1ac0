package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/bits-and-blooms/bitset"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/query"
)

const (
	maxSpans = 100_000  // of a trace that are returned
	maxBytes = 80 << 20 // of memory for these spans
)

// Trace returns a trace with the spans that have arrived. If it is too large, Truncated
// counts the spans left out.
func (s *Store) Trace(ctx context.Context, id uint64) (trace apm.Trace, found bool, err error) {
	return s.TraceWithin(ctx, id, maxBytes)
}

// TraceWithin is Trace for as many spans as take about so many bytes of memory.
func (s *Store) TraceWithin(ctx context.Context, id uint64, bytes int) (trace apm.Trace, found bool, err error) {
	r := rowReader{s.catalog}
	err = s.retryEvicted(func() error {
		parts := s.snapshot()
		seq, err := r.locate(parts, id)
		if err != nil {
			return err
		}
		traces, err := r.assemble(ctx, []location{seq}, nil, bytes)
		if err == nil {
			trace = traces[0]
		}
		return err
	})
	if errors.Is(err, errEvicted) {
		return apm.Trace{}, false, nil
	}
	if err != nil {
		return apm.Trace{}, false, fmt.Errorf("read trace %d: %w", id, err)
	}
	return trace, len(trace.Spans) > 0, nil
}

// A rowReader reads the rows of several parts: of a trace, or those that a query selects.
type rowReader struct{ *catalog }

// A location lists the rows with a trace's spans.
type location struct {
	trace uint64
	rows  []selected
	spans int // in these rows
	more  int // spans above maxSpans
}

// selected holds rows of a part.
type selected struct {
	part *part
	rows *bitset.BitSet
}

// locate finds the rows with a trace's spans.
func (s rowReader) locate(parts []*part, id uint64) (location, error) {
	s.mu.RLock()
	at, known := s.began[id]
	s.mu.RUnlock()
	l := location{trace: id}
	if !known {
		return l, nil
	}
	for _, p := range parts {
		if p.live == 0 || p.seq < seqOf(at) || p.seq > seqOf(at) && !slices.Contains(p.joined, id) {
			continue
		}
		traces, err := s.column(p, query.TraceID)
		if err != nil {
			return l, err
		}
		arrivals, err := s.column(p, segment.Arrival)
		if err != nil {
			return l, err
		}
		rows := bitset.New(uint(p.rows))
		for row, trace := range traces.Numbers {
			switch {
			case trace != id || arrivals.Numbers[row] != at:
			case l.spans == maxSpans:
				l.more++
			default:
				l.spans++
				rows.Set(uint(row))
			}
		}
		if rows.Any() {
			l.rows = append(l.rows, selected{p, rows})
		}
	}
	return l, nil
}

// assemble reads located traces: their spans in the order of arrival, up to a number of bytes.
// It reads each part once, several at a time. With names, it reads only those columns.
func (s rowReader) assemble(
	ctx context.Context, locations []location, names []query.Column, bytes int,
) ([]apm.Trace, error) {
	type want struct {
		trace int
		rows  *bitset.BitSet
	}
	wanted := map[*part][]want{}
	var parts []*part
	for i, l := range locations {
		for _, in := range l.rows {
			if wanted[in.part] == nil {
				parts = append(parts, in.part)
			}
			wanted[in.part] = append(wanted[in.part], want{i, in.rows})
		}
	}
	slices.SortFunc(parts, func(a, b *part) int { return cmp.Compare(a.seq, b.seq) })
	spans := make([][]apm.Span, len(locations))
	for atOnce := range slices.Chunk(parts, cap(s.jobs)) {
		if bytes <= 0 {
			break
		}
		found := make([][]segment.Span, len(atOnce))
		missing := make([]bool, len(atOnce))
		err := s.jobs.parallel(ctx, len(atOnce), func(i int) (err error) {
			rows := bitset.New(uint(atOnce[i].rows))
			for _, want := range wanted[atOnce[i]] {
				rows.InPlaceUnion(want.rows)
			}
			found[i], missing[i], err = s.spansWithin(atOnce[i], rows, names, bytes/len(atOnce))
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, p := range atOnce {
			for _, span := range found[i] {
				if bytes -= span.Bytes; bytes <= 0 {
					break
				}
				for _, want := range wanted[p] {
					if want.rows.Test(uint(span.Row)) {
						spans[want.trace] = append(spans[want.trace], span.Span)
						break
					}
				}
			}
			if missing[i] { // leave out what arrived later, too
				bytes = 0
			}
		}
	}
	traces := make([]apm.Trace, len(locations))
	for i, l := range locations {
		traces[i] = apm.NewTrace(l.trace, spans[i])
		traces[i].Truncated = l.more + l.spans - len(spans[i])
	}
	return traces, nil
}

// spansWithin returns the rows' first spans, up to a number of bytes. missing reports
// whether it left some out.
func (s rowReader) spansWithin(
	p *part, rows *bitset.BitSet, names []query.Column, bytes int,
) (spans []segment.Span, missing bool, err error) {
	for n := rows.Count(); n > 0; n /= 2 {
		spans, err = s.spans(p, rows, int(n), names, bytes)
		if !errors.Is(err, errTooLarge) {
			return spans, n < rows.Count(), err
		}
	}
	return nil, rows.Any(), nil
}

// errTooLarge reports spans that would take too much memory.
var errTooLarge = errors.New("too large")

// spans returns the spans of the first n rows. It reads one column after the other.
func (s rowReader) spans(p *part, rows *bitset.BitSet, n int, names []query.Column, bytes int) ([]segment.Span, error) {
	spans := make([]segment.Span, 0, n)
	for row := range query.EachRow(rows) {
		if len(spans) == n {
			break
		}
		spans = append(spans, segment.NewSpan(int(row)))
		bytes -= spans[0].Bytes
	}
	if names == nil {
		var err error
		if names, err = s.columns(p); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		if bytes < 0 {
			return nil, errTooLarge
		}
		column, err := s.column(p, name)
		if err != nil {
			return nil, err
		}
		if column != nil {
			bytes -= column.Fill(name, spans, p.builder != nil)
		}
	}
	if bytes < 0 {
		return nil, errTooLarge
	}
	return spans, nil
}

// A spanRef locates a span: the index of a part, and the row.
type spanRef struct {
	part, row       int
	start, duration int64
}

// EachSpan calls do for the spans of a trace in the order of an apm.Trace, with the upper
// half of its ID. It reads a few spans at a time, so the trace may be larger than memory.
func (s *Store) EachSpan(
	ctx context.Context, id uint64, do func(high uint64, span *apm.Span) error,
) (found bool, err error) {
	r := rowReader{s.catalog}
	err = s.retryEvicted(func() error {
		l, err := r.locate(s.snapshot(), id)
		if err != nil {
			return err
		}
		high, refs, err := r.spanRefs(l)
		if err != nil {
			return err
		}
		err = r.eachRef(ctx, l, refs, func(span *apm.Span) error {
			found = true
			return do(high, span)
		})
		if damage := (damage{}); found && (errors.Is(err, errEvicted) || errors.As(err, &damage)) {
			return errors.New("the trace changed while it was being read") // and its first spans are sent already
		}
		return err
	})
	if errors.Is(err, errEvicted) && !found {
		return false, nil
	}
	if err != nil {
		return found, fmt.Errorf("read trace %d: %w", id, err)
	}
	return found, nil
}

// spanRefs returns a trace's spans in order. Of spans with the same ID, it returns the last
// to arrive.
func (s rowReader) spanRefs(l location) (high uint64, refs []spanRef, err error) {
	latest := make(map[uint64]spanRef, l.spans)
	var order []uint64
	highs := make([]*segment.Column, len(l.rows))
	for i, in := range l.rows {
		if highs[i], err = s.column(in.part, query.TraceIDHigh); err != nil {
			return 0, nil, err
		}
		var columns [3]*segment.Column
		for j, name := range []query.Column{query.SpanID, query.Start, query.Duration} {
			if columns[j], err = s.column(in.part, name); err != nil {
				return 0, nil, err
			}
		}
		for row := range query.EachRow(in.rows) {
			id := columns[0].Numbers[row]
			if _, known := latest[id]; !known {
				order = append(order, id)
			}
			latest[id] = spanRef{i, int(row), int64(columns[1].Numbers[row]), int64(columns[2].Numbers[row])}
		}
	}
	for _, id := range order {
		refs = append(refs, latest[id])
	}
	slices.SortFunc(refs, func(a, b spanRef) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.duration, a.duration),
			cmp.Compare(a.part, b.part), cmp.Compare(a.row, b.row))
	})
	for _, ref := range refs {
		if high = highs[ref.part].NumberAt(ref.row); high != 0 {
			break
		}
	}
	return high, refs, nil
}

// eachRef calls do for each span. It reads as many at a time as fit in little memory.
func (s rowReader) eachRef(ctx context.Context, l location, refs []spanRef, do func(*apm.Span) error) error {
	const little = 8 << 20 // bytes
	for n := len(refs); len(refs) > 0; {
		n = min(n, len(refs))
		spans, err := s.readRefs(ctx, l, refs[:n], little)
		if errors.Is(err, errTooLarge) {
			n /= 2
			continue
		}
		if err != nil {
			return err
		}
		for i := range spans {
			if err := do(&spans[i]); err != nil {
				return err
			}
		}
		refs = refs[n:]
	}
	return nil
}

// readRefs returns spans in order, up to a number of bytes. A single one may take more.
func (s rowReader) readRefs(ctx context.Context, l location, refs []spanRef, bytes int) ([]apm.Span, error) {
	rows := make([]*bitset.BitSet, len(l.rows))
	at := map[[2]int]int{}
	for i, ref := range refs {
		if rows[ref.part] == nil {
			rows[ref.part] = bitset.New(uint(l.rows[ref.part].part.rows))
		}
		rows[ref.part].Set(uint(ref.row))
		at[[2]int{ref.part, ref.row}] = i
	}
	if len(refs) == 1 {
		bytes = math.MaxInt
	}
	spans := make([]apm.Span, len(refs))
	for part := range rows {
		if rows[part] == nil {
			continue
		}
		err := s.jobs.run(ctx, func() error {
			found, err := s.spans(l.rows[part].part, rows[part], int(rows[part].Count()), nil, bytes)
			for _, span := range found {
				spans[at[[2]int{part, span.Row}]] = span.Span
				bytes -= span.Bytes
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return spans, nil
}
