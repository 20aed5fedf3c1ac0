package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/bits-and-blooms/bitset"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/query"
)

// Recent returns summaries of at most n traces, the last to arrive first. To continue, pass
// an earlier call's next as before, or 0 to start. next is 0 if there are no older traces.
func (s *Store) Recent(n int, before uint64) (summaries []apm.Summary, next uint64, err error) {
	return s.Search(context.Background(), query.Request{Limit: n, Before: before})
}

// Search is Recent for the traces that have a span that the request selects.
func (s *Store) Search(ctx context.Context, r query.Request) (summaries []apm.Summary, next uint64, err error) {
	if r.Limit <= 0 {
		return nil, 0, nil
	}
	err = s.retryEvicted(func() error {
		summaries, next, err = searcher{rowReader{s.catalog}}.find(ctx, r)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("search traces: %w", err)
	}
	return summaries, next, nil
}

// A searcher finds traces.
type searcher struct{ rowReader }

func (s searcher) find(ctx context.Context, r query.Request) ([]apm.Summary, uint64, error) {
	parts := s.snapshot()
	found, err := s.candidates(ctx, parts, r)
	if err != nil {
		return nil, 0, err
	}
	var next uint64
	if len(found) > r.Limit {
		found = found[:r.Limit]
		next = found[r.Limit-1].at
	}
	summaries := make([]apm.Summary, 0, len(found))
	for _, f := range found {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		l, err := s.locate(parts, f.trace)
		if err != nil {
			return nil, 0, err
		}
		traces, err := s.assemble(ctx, []location{l}, summaryColumns(), maxBytes)
		if err != nil {
			return nil, 0, err
		}
		if len(traces[0].Spans) == 0 {
			continue // it has been evicted by now
		}
		summary := traces[0].Summary()
		if summary.Resource, err = s.resourceOf(l, traces[0].Entry().SpanID); err != nil {
			return nil, 0, err
		}
		summaries = append(summaries, summary)
	}
	return summaries, next, nil
}

// candidates returns the matching traces, one more than requested if there are more. It goes
// from the newest part to the oldest, so at the part in which a trace began, it has seen
// all its spans.
func (s searcher) candidates(ctx context.Context, parts []*part, r query.Request) (found []arrival, err error) {
	first := firstSeq(parts)
	matched := map[uint64]struct{}{} // traces that began in an older part
	everything := r.Query.Expr == nil && r.Scope == query.AllSpans && r.From == 0 && r.To == 0
	for len(parts) > 0 && r.Before != 0 && arrivalAt(parts[len(parts)-1].seq, 0) >= r.Before {
		p := parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		if everything || !s.beganBefore(p.joined, r.Before) {
			continue
		}
		rows, err := s.match(ctx, p, first, r.Selection)
		if err != nil {
			return nil, err
		}
		if err := s.tracesOf(p, rows, matched); err != nil {
			return nil, err
		}
	}
	do := func(p *part) (*bitset.BitSet, error) {
		if everything {
			return bitset.New(0), nil
		}
		return s.match(ctx, p, first, r.Selection)
	}
	take := func(p *part, rows *bitset.BitSet) (enough bool, err error) {
		if err := s.tracesOf(p, rows, matched); err != nil {
			return false, err
		}
		for i := len(p.began) - 1; i >= 0 && (everything || len(matched) > 0); i-- {
			t := p.began[i]
			if _, ok := matched[t.trace]; !ok && !everything {
				continue
			}
			delete(matched, t.trace)
			if r.Before != 0 && t.at >= r.Before {
				continue
			}
			if found = append(found, t); len(found) > r.Limit {
				return true, nil
			}
		}
		return false, nil
	}
	return found, inParallel(ctx, s.jobs, parts, do, take)
}

// beganBefore reports whether one of the traces began before a cursor.
func (s *catalog) beganBefore(traces []uint64, before uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range traces {
		if at := s.began[id]; at != 0 && at < before {
			return true
		}
	}
	return false
}

// tracesOf adds the traces of rows to a set.
func (s searcher) tracesOf(p *part, rows *bitset.BitSet, set map[uint64]struct{}) error {
	if rows.None() {
		return nil
	}
	traces, err := s.column(p, query.TraceID)
	if err != nil {
		return err
	}
	for row := range query.EachRow(rows) {
		set[traces.Numbers[row]] = struct{}{}
	}
	return nil
}

// resourceOf returns the resource of one of a trace's spans.
func (s searcher) resourceOf(l location, id uint64) (text string, err error) {
	for _, in := range l.rows {
		ids, err := s.column(in.part, query.SpanID)
		if err != nil {
			return "", err
		}
		for row := range query.EachRow(in.rows) {
			if ids.Numbers[row] != id {
				continue
			}
			resources, err := s.column(in.part, query.Resource)
			if err != nil {
				return "", err
			}
			text, _ = resources.At(int(row)) // the last one, of a span that was sent again
		}
	}
	return strings.Clone(text), nil
}

// summaryColumns returns the columns of a trace's summary, except the resource, which may be
// long and is needed only for one span.
func summaryColumns() []query.Column {
	return append(segment.Integers(), query.Service, query.Operation, query.Failed, query.TraceIDHigh,
		query.Column{Kind: query.TextTag, Name: "http.status_code"},
		query.Column{Kind: query.NumberTag, Name: "http.status_code"})
}
