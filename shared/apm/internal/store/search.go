package store

import (
	"context"
	"fmt"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
)

// Recent sums up at most n traces, the one that arrived last first. before is
// 0 to begin there, or the next that an earlier call gave, to go on from where
// that one ended, however many traces have arrived since. next is 0 where no
// older trace is left.
func (s *Store) Recent(n int, before uint64) (summaries []apm.Summary, next uint64, err error) {
	return s.Search(context.Background(), query.Request{Limit: n, Before: before})
}

// Search is Recent for the traces that have a span that the request looks for.
// It ends early, with ctx's error, when ctx does.
func (s *Store) Search(ctx context.Context, r query.Request) (summaries []apm.Summary, next uint64, err error) {
	if r.Limit <= 0 {
		return nil, 0, nil
	}
	err = s.again(func() error {
		summaries, next, err = s.find(ctx, r)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("search traces: %w", err)
	}
	return summaries, next, nil
}

func (s *Store) find(ctx context.Context, r query.Request) ([]apm.Summary, uint64, error) {
	parts := s.snapshot()
	finds, err := s.candidates(ctx, parts, r)
	if err != nil {
		return nil, 0, err
	}
	var next uint64
	if len(finds) > r.Limit {
		finds = finds[:r.Limit]
		next = finds[r.Limit-1].arrival
	}
	summaries := make([]apm.Summary, 0, len(finds))
	for _, f := range finds {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		place, err := s.locate(parts, f.id)
		if err != nil {
			return nil, 0, err
		}
		traces, err := s.assemble(ctx, parts, []whereabouts{place}, summaryKeys(), mostBytes)
		if err != nil {
			return nil, 0, err
		}
		if len(traces[0].Spans) == 0 {
			continue // it has been evicted by now
		}
		summary := traces[0].Summary()
		if summary.Resource, err = s.resourceOf(place, traces[0].Entry().SpanID); err != nil {
			return nil, 0, err
		}
		summaries = append(summaries, summary)
	}
	return summaries, next, nil
}

// candidates gives the traces that match, one more than asked for if there are
// more. Traces are found from the last segment on to the first: when the search
// comes to where a trace began, it has seen all of that trace.
func (s *Store) candidates(ctx context.Context, parts []*segment, r query.Request) (finds []birth, err error) {
	matched := map[uint64]struct{}{} // those that began in a segment still to come
	everything := r.Query.Expr == nil && r.Scope == query.AllSpans && r.From == 0 && r.To == 0
	for len(parts) > 0 && r.Before != 0 && arrival(parts[len(parts)-1].place, 0) >= r.Before {
		g := parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		if everything || !s.bornBefore(g.joined, r.Before) {
			continue
		}
		rows, err := s.match(ctx, g, r.Selection)
		if err != nil {
			return nil, err
		}
		if err := s.tracesOf(g, rows, matched); err != nil {
			return nil, err
		}
	}
	do := func(g *segment) (rowSet, error) {
		if everything {
			return nil, nil
		}
		return s.match(ctx, g, r.Selection)
	}
	take := func(g *segment, rows rowSet) (enough bool, err error) {
		if err := s.tracesOf(g, rows, matched); err != nil {
			return false, err
		}
		for i := len(g.born) - 1; i >= 0 && (everything || len(matched) > 0); i-- {
			t := g.born[i]
			if _, ok := matched[t.id]; !ok && !everything {
				continue
			}
			delete(matched, t.id)
			if r.Before != 0 && t.arrival >= r.Before {
				continue
			}
			if finds = append(finds, t); len(finds) > r.Limit {
				return true, nil
			}
		}
		return false, nil
	}
	return finds, inParallel(ctx, s.jobs, parts, do, take)
}

// bornBefore tells whether one of the traces began before a cursor.
func (s *Store) bornBefore(traces []uint64, before uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range traces {
		if at := s.births[id]; at != 0 && at < before {
			return true
		}
	}
	return false
}

// tracesOf adds the traces of rows to a set.
func (s *Store) tracesOf(g *segment, rows rowSet, set map[uint64]struct{}) error {
	if rows.empty() {
		return nil
	}
	traces, err := s.column(g, key{wide, traceID})
	if err != nil {
		return err
	}
	for row := range rows.all() {
		set[traces.numbers[row]] = struct{}{}
	}
	return nil
}

// resourceOf returns the resource of one of a trace's spans.
func (s *Store) resourceOf(place whereabouts, id uint64) (text string, err error) {
	for _, part := range place.rows {
		ids, err := s.column(part.segment, key{wide, spanID})
		if err != nil {
			return "", err
		}
		for row := range part.rows.all() {
			if ids.numbers[row] != id {
				continue
			}
			resources, err := s.column(part.segment, key{field, resource})
			if err != nil {
				return "", err
			}
			text, _ = resources.at(row) // of a span that came again the last one stands
		}
	}
	return strings.Clone(text), nil
}

// summaryKeys are the columns that a trace's summary is made of, but for the
// resource: that is needed of one span, and may be long.
func summaryKeys() []key {
	keys := []key{{field, service}, {field, name}, {field, failed}, {field, traceIDHigh}, {meta, "http.status_code"}, {metric, "http.status_code"}}
	for _, name := range wideNames {
		keys = append(keys, key{wide, name})
	}
	return keys
}
