package store

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// TimeSpent tells which services worked for the selected spans: their own
// execution time, and that of all below them. Where the spans are very many it
// is that of some of their traces, spread evenly.
func (s *Store) TimeSpent(ctx context.Context, selection search.Selection) (spent apm.TimeSpent, err error) {
	err = s.again(func() error {
		spent, err = s.timeSpent(ctx, selection)
		return err
	})
	return spent, err
}

func (s *Store) timeSpent(ctx context.Context, selection search.Selection) (apm.TimeSpent, error) {
	const most = 500 // traces; where there are more, at least about half as many
	all, err := s.selectRows(ctx, selection, key{wide, traceID}, key{wide, spanID})
	if err != nil {
		return apm.TimeSpent{}, err
	}
	of := 0
	for _, part := range all {
		of += part.rows.count()
	}
	sample, err := s.sample(all, most)
	if err != nil {
		return apm.TimeSpent{}, err
	}
	parts := s.snapshot()
	traces := func(yield func(apm.Trace) bool) { // one at a time, as each may be large
		for id := range sample {
			var trace apm.Trace
			if err = ctx.Err(); err == nil {
				trace, err = s.trace(parts, id, summaryKeys())
			}
			if err != nil || !yield(trace) {
				return
			}
		}
	}
	spent := timeSpent(traces, func(span *apm.Span) bool { return sample[span.TraceID][span.SpanID] })
	if err != nil {
		return apm.TimeSpent{}, err
	}
	spent.Of = max(of, spent.Requests)
	return spent, nil
}

// sample takes the traces of the rows or, of too many, those whose IDs mix to
// small numbers: a trace with many rows is no more likely to be among them than
// one with a single row. It gives the IDs of each trace's selected spans.
func (s *Store) sample(all []selected, most int) (map[uint64]map[uint64]bool, error) {
	sample := map[uint64]map[uint64]bool{}
	limit := uint64(math.MaxUint64)
	for _, part := range all {
		traces, err := s.column(part.segment, key{wide, traceID})
		if err != nil {
			return nil, err
		}
		for row := range part.rows.all() {
			id := traces.numbers[row]
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
		traces, err := s.column(part.segment, key{wide, traceID})
		if err != nil {
			return nil, err
		}
		spans, err := s.column(part.segment, key{wide, spanID})
		if err != nil {
			return nil, err
		}
		for row := range part.rows.all() {
			if chosen, ok := sample[traces.numbers[row]]; ok {
				chosen[spans.numbers[row]] = true
			}
		}
	}
	return sample, nil
}

// mix gives each number another, so that numbers in any order look random.
func mix(n uint64) uint64 { // SplitMix64's
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// timeSpent sums up the execution time of some spans of traces and of all below
// them. What works for several of them counts once. The service that took most
// comes first.
func timeSpent(traces iter.Seq[apm.Trace], selected func(*apm.Span) bool) apm.TimeSpent {
	var (
		answer apm.TimeSpent
		total  float64
		sums   = map[string]float64{}
	)
	for trace := range traces {
		exec := trace.ExecTimes()
		works := map[uint64]bool{} // spans, by ID
		for _, root := range trace.Tree() {
			root.Walk(func(node *apm.Node) {
				id := node.Span.SpanID
				if selected(node.Span) {
					answer.Requests++
					works[id] = true
				}
				if !works[id] {
					return
				}
				sums[node.Span.Service] += float64(exec[id])
				total += float64(exec[id])
				for _, child := range node.Children { // which come after their parent
					works[child.Span.SpanID] = true
				}
			})
		}
	}
	answer.Of = answer.Requests
	for service, nanoseconds := range sums {
		part := apm.ServiceTime{Service: service, Exec: time.Duration(min(nanoseconds, math.Nextafter(math.MaxInt64, 0)))}
		if total > 0 {
			part.Percent = 100 * nanoseconds / total
		}
		answer.Services = append(answer.Services, part)
	}
	slices.SortFunc(answer.Services, func(a, b apm.ServiceTime) int {
		return cmp.Or(cmp.Compare(b.Exec, a.Exec), cmp.Compare(a.Service, b.Service))
	})
	return answer
}
