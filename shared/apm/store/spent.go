package store

import (
	"cmp"
	"context"
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
	const most = 500 // traces, about
	all, err := s.selectRows(ctx, selection, key{wide, traceID}, key{wide, spanID})
	if err != nil {
		return apm.TimeSpent{}, err
	}
	of := 0
	for _, part := range all {
		of += part.rows.count()
	}
	sample, err := s.sample(all, max(1, of/most))
	if err != nil {
		return apm.TimeSpent{}, err
	}
	parts := s.snapshot()
	var traces []apm.Trace
	for id := range sample {
		if err := ctx.Err(); err != nil {
			return apm.TimeSpent{}, err
		}
		trace, err := s.trace(parts, id, summaryKeys())
		if err != nil {
			return apm.TimeSpent{}, err
		}
		traces = append(traces, trace)
	}
	spent := timeSpent(traces, func(span *apm.Span) bool { return sample[span.TraceID][span.SpanID] })
	spent.Of = max(of, spent.Requests)
	return spent, nil
}

// sample takes every so many of the rows, and with each its whole trace: the
// IDs of the trace's selected spans, by trace.
func (s *Store) sample(all []selected, every int) (map[uint64]map[uint64]bool, error) {
	sample := map[uint64]map[uint64]bool{}
	n := 0
	for _, choose := range []bool{true, false} {
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
				id := traces.numbers[row]
				if choose {
					if n++; n%every == 0 {
						sample[id] = map[uint64]bool{}
					}
				} else if chosen, ok := sample[id]; ok {
					chosen[spans.numbers[row]] = true
				}
			}
		}
	}
	return sample, nil
}

// timeSpent sums up the execution time of some spans of traces and of all below
// them. What works for several of them counts once. The service that took most
// comes first.
func timeSpent(traces []apm.Trace, selected func(*apm.Span) bool) apm.TimeSpent {
	var (
		answer apm.TimeSpent
		total  float64
		sums   = map[string]float64{}
	)
	for _, trace := range traces {
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
