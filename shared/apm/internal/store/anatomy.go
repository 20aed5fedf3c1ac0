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

// Anatomy returns what the selected spans, each a request, consist of. Its series divide the
// time range into buckets. If there are very many traces, it reads a random sample.
// See decisions/anatomy-sample.md.
func (s *Store) Anatomy(
	ctx context.Context, selection query.Selection, buckets int,
) (anatomy stats.Anatomy, err error) {
	err = s.retryEvicted(func() error {
		anatomy, err = anatomyReader{rowReader{s.catalog}}.anatomy(ctx, selection, buckets)
		return err
	})
	return anatomy, err
}

// An anatomyReader reads what requests consist of.
type anatomyReader struct{ rowReader }

func (s anatomyReader) anatomy(ctx context.Context, selection query.Selection, buckets int) (stats.Anatomy, error) {
	const maxTraces = 1000 // a sample of more traces has at least about half as many
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
	sample, whole, err := s.sample(all, maxTraces)
	if err != nil {
		return stats.Anatomy{}, err
	}
	traces, err := s.readSample(ctx, sample)
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
		of = 0 // not a sample; the count includes spans that were sent twice
	}
	return dissection.Anatomy(of), nil
}

// readSample reads the traces of a sample, in random order, up to a number of spans.
func (s anatomyReader) readSample(ctx context.Context, sample map[uint64]map[uint64]bool) ([]apm.Trace, error) {
	const maxSpans = 100_000
	byHash := func(a, b uint64) int { return cmp.Compare(hash(a), hash(b)) }
	parts := s.snapshot()
	var locations []location
	spans := 0
	for _, id := range slices.SortedFunc(maps.Keys(sample), byHash) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		seq, err := s.locate(parts, id)
		if err != nil {
			return nil, err
		}
		if spans += seq.spans; spans > maxSpans && len(locations) > 0 {
			break
		}
		locations = append(locations, seq)
	}
	names := append(segment.Integers(), query.Service, query.Operation, query.Resource, query.Type, query.Failed)
	return s.assemble(ctx, locations, names, maxBytes/2)
}

// sample returns the IDs of the rows' traces with the IDs of their selected spans, and
// whether these are all traces. If there are too many, it returns those whose hash is
// small, so that a trace's chance doesn't depend on how many rows it has.
func (s anatomyReader) sample(all []selected, limit int) (sample map[uint64]map[uint64]bool, whole bool, err error) {
	sample = map[uint64]map[uint64]bool{}
	maxHash := uint64(math.MaxUint64)
	for _, part := range all {
		traces, err := s.column(part.part, query.TraceID)
		if err != nil {
			return nil, false, err
		}
		for row := range query.EachRow(part.rows) {
			id := traces.Numbers[row]
			if hash(id) > maxHash || sample[id] != nil {
				continue
			}
			sample[id] = map[uint64]bool{}
			for len(sample) > limit {
				maxHash /= 2
				maps.DeleteFunc(sample, func(id uint64, _ map[uint64]bool) bool { return hash(id) > maxHash })
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
	return sample, maxHash == math.MaxUint64, nil
}

// hash returns another number for each number, as SplitMix64 does.
func hash(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
