package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"thinker/shared/apm"
)

// A spanRef is where a span is.
type spanRef struct {
	part, row       int
	start, duration int64
}

// EachSpan calls do for the spans of a trace in the order of an apm.Trace, and with
// the upper half of its ID. It reads a few spans at a time, so the trace may be
// larger than memory. found is false if there is no such trace.
func (s *Store) EachSpan(ctx context.Context, id uint64, do func(high uint64, span *apm.Span) error) (found bool, err error) {
	err = s.again(func() error {
		place, err := s.locate(s.snapshot(), id)
		if err != nil {
			return err
		}
		high, refs, err := s.spanRefs(place)
		if err != nil {
			return err
		}
		err = s.eachRef(ctx, place, refs, func(span *apm.Span) error {
			found = true
			return do(high, span)
		})
		if found && (errors.Is(err, errGone) || errors.Is(err, errDamaged)) {
			return errors.New("the trace changed while it was being read") // and cannot be read again from its beginning
		}
		return err
	})
	if errors.Is(err, errGone) && !found {
		return false, nil
	}
	if err != nil {
		return found, fmt.Errorf("read trace %d: %w", id, err)
	}
	return found, nil
}

// spanRefs orders the spans of a trace, of those with one ID the last to arrive.
func (s *Store) spanRefs(place whereabouts) (high uint64, refs []spanRef, err error) {
	latest := make(map[uint64]spanRef, place.spans)
	var order []uint64
	for i, part := range place.rows {
		columns, err := s.columns(part.segment, []key{{wide, spanID}, {wide, start}, {wide, duration}})
		if err != nil {
			return 0, nil, err
		}
		number := func(name string, row int) uint64 { return columns[key{wide, name}].numbers[row] }
		for row := range part.rows.all() {
			id := number(spanID, row)
			if _, known := latest[id]; !known {
				order = append(order, id)
			}
			latest[id] = spanRef{i, row, int64(number(start, row)), int64(number(duration, row))}
		}
	}
	refs = make([]spanRef, 0, len(order))
	for _, id := range order {
		refs = append(refs, latest[id])
	}
	slices.SortFunc(refs, func(a, b spanRef) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.duration, a.duration), cmp.Compare(a.part, b.part), cmp.Compare(a.row, b.row))
	})
	highs := make([]*column, len(place.rows))
	for i, part := range place.rows {
		if highs[i], err = s.column(part.segment, key{field, traceIDHigh}); err != nil {
			return 0, nil, err
		}
	}
	for _, ref := range refs {
		if high = highs[ref.part].numberAt(ref.row); high != 0 {
			break
		}
	}
	return high, refs, nil
}

// eachRef reads as many spans at a time as fit in little memory.
func (s *Store) eachRef(ctx context.Context, place whereabouts, refs []spanRef, do func(*apm.Span) error) error {
	const most = 8 << 20 // bytes
	for n := len(refs); len(refs) > 0; {
		n = min(n, len(refs))
		spans, err := s.readRefs(ctx, place, refs[:n], most)
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

// readRefs returns spans, in their order. A single one may take more than so many
// bytes.
func (s *Store) readRefs(ctx context.Context, place whereabouts, refs []spanRef, bytes int) ([]apm.Span, error) {
	rows := make([]rowSet, len(place.rows))
	at := map[[2]int]int{}
	for i, ref := range refs {
		if rows[ref.part] == nil {
			rows[ref.part] = newRowSet(place.rows[ref.part].segment.rows)
		}
		rows[ref.part].add(ref.row)
		at[[2]int{ref.part, ref.row}] = i
	}
	spans := make([]apm.Span, len(refs))
	for part := range rows {
		if rows[part] == nil {
			continue
		}
		if len(refs) == 1 {
			bytes = math.MaxInt
		}
		err := s.jobs.run(ctx, func() error {
			found, err := s.spans(place.rows[part].segment, rows[part], nil, bytes)
			for _, span := range found {
				spans[at[[2]int{part, span.row}]] = span.Span
				bytes -= span.bytes
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return spans, nil
}
