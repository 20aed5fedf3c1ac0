package store

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// Anatomy tells what the selected spans are made of, each of them a request;
// buckets is into how many parts series divide the time. Where the spans are
// very many it looks at some of their traces, spread evenly.
func (s *Store) Anatomy(ctx context.Context, selection query.Selection, buckets int) (anatomy stats.Anatomy, err error) {
	err = s.again(func() error {
		anatomy, err = s.anatomy(ctx, selection, buckets)
		return err
	})
	return anatomy, err
}

func (s *Store) anatomy(ctx context.Context, selection query.Selection, buckets int) (stats.Anatomy, error) {
	const mostTraces = 1000 // where there are more, at least about half as many
	all, err := s.selectRows(ctx, selection, query.TraceID, query.SpanID, query.Start)
	if err != nil {
		return stats.Anatomy{}, err
	}
	of := 0
	for _, part := range all {
		of += int(part.rows.Count())
	}
	from, to, err := s.timeOf(all, selection)
	if err != nil {
		return stats.Anatomy{}, err
	}
	sample, whole, err := s.sample(all, mostTraces)
	if err != nil {
		return stats.Anatomy{}, err
	}
	traces, err := s.draw(ctx, sample)
	if err != nil {
		return stats.Anatomy{}, err
	}
	dissection := stats.NewDissection(from, to, buckets)
	for _, trace := range traces {
		if err := ctx.Err(); err != nil {
			return stats.Anatomy{}, err
		}
		dissection.Add(trace, func(span *apm.Span) bool { return sample[trace.ID][span.SpanID] })
		whole = whole && trace.Truncated == 0
	}
	if whole && len(traces) == len(sample) {
		of = 0 // more than there are: some spans were sent twice
	}
	return dissection.Anatomy(of), nil
}

// draw reads the traces of a sample. Where they have very many spans together,
// some of them are left out by chance.
func (s *Store) draw(ctx context.Context, sample map[uint64]map[uint64]bool) ([]apm.Trace, error) {
	const mostSpans = 100_000
	byChance := func(a, b uint64) int { return cmp.Compare(mix(a), mix(b)) }
	parts := s.snapshot()
	var locations []location
	spans := 0
	for _, id := range slices.SortedFunc(maps.Keys(sample), byChance) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		place, err := s.locate(parts, id)
		if err != nil {
			return nil, err
		}
		if spans += place.spans; spans > mostSpans && len(locations) > 0 {
			break
		}
		locations = append(locations, place)
	}
	names := append(segment.Integers(), query.Service, query.Operation, query.Resource, query.Type, query.Failed)
	return s.assemble(ctx, locations, names, maxBytes/2)
}

// sample takes the traces of the rows or, of too many, those whose IDs mix to
// small numbers: a trace with many rows is no more likely to be among them than
// one with a single row. It gives the IDs of each trace's selected spans, and
// whether it has taken all traces.
func (s *Store) sample(all []selected, most int) (sample map[uint64]map[uint64]bool, whole bool, err error) {
	sample = map[uint64]map[uint64]bool{}
	limit := uint64(math.MaxUint64)
	for _, part := range all {
		traces, err := s.column(part.part, query.TraceID)
		if err != nil {
			return nil, false, err
		}
		for row := range query.EachRow(part.rows) {
			id := traces.Numbers[row]
			if mix(id) > limit || sample[id] != nil {
				continue
			}
			sample[id] = map[uint64]bool{}
			for len(sample) > most {
				limit /= 2
				maps.DeleteFunc(sample, func(id uint64, _ map[uint64]bool) bool { return mix(id) > limit })
			}
		}
	}
	for _, part := range all {
		traces, err := s.column(part.part, query.TraceID)
		if err != nil {
			return nil, false, err
		}
		spans, err := s.column(part.part, query.SpanID)
		if err != nil {
			return nil, false, err
		}
		for row := range query.EachRow(part.rows) {
			if chosen, ok := sample[traces.Numbers[row]]; ok {
				chosen[spans.Numbers[row]] = true
			}
		}
	}
	return sample, limit == math.MaxUint64, nil
}

// mix gives each number another, so that numbers in any order look random.
func mix(n uint64) uint64 { // SplitMix64's
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
