package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/bits-and-blooms/bitset"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// Breakdown returns the figures of the selected spans; each span counts as a request. A
// span without a field's value has "" for it. An unbounded time range is from the earliest
// start to just after the latest. Groups with equally many requests are sorted by their
// values.
func (s *Store) Breakdown(ctx context.Context, b query.Breakdown) (found stats.Breakdown, err error) {
	err = s.retryEvicted(func() error {
		found, err = figureReader{rowReader{s.catalog}}.breakdown(ctx, b)
		return err
	})
	return found, err
}

// A figureReader computes breakdowns.
type figureReader struct{ rowReader }

func (s figureReader) breakdown(ctx context.Context, b query.Breakdown) (stats.Breakdown, error) {
	needed := []query.Column{query.Start, query.Duration}
	for _, f := range b.By {
		needed = append(needed, f.Columns()...)
	}
	all, err := s.selectRows(ctx, b.Selection, needed...)
	if err != nil {
		return stats.Breakdown{}, err
	}
	from, to, err := s.timeOf(all, b.Selection)
	if err != nil {
		return stats.Breakdown{}, err
	}
	sum := &summation{of: b, from: from, to: to, byValues: map[string]*group{}}
	if err := s.sumUpAll(ctx, sum, all); err != nil {
		return stats.Breakdown{}, err
	}
	if sum.isLarge() { // only the groups that are returned get buckets
		first := &summation{of: b, from: from, to: to, byValues: map[string]*group{}}
		first.of.Buckets = 0
		if err := s.sumUpAll(ctx, first, all); err != nil {
			return stats.Breakdown{}, err
		}
		sum = &summation{of: b, from: from, to: to, byValues: map[string]*group{}, only: map[string]bool{}}
		for _, g := range first.top() {
			sum.only[g.name] = true
		}
		if err := s.sumUpAll(ctx, sum, all); err != nil {
			return stats.Breakdown{}, err
		}
		sum.others = first.others
	}
	sum.top()
	if err := s.nameGroups(ctx, sum, all); err != nil {
		return stats.Breakdown{}, err
	}
	return sum.breakdown(), nil
}

// sumUpAll adds the rows of all segments. It ends early if there are too many groups.
func (s figureReader) sumUpAll(ctx context.Context, sum *summation, all []selected) error {
	for i, part := range all {
		sum.part = i
		if err := s.jobs.run(ctx, func() error { return s.sumUp(ctx, sum, part) }); err != nil || sum.isLarge() {
			return err
		}
	}
	return nil
}

// nameGroups replaces the groups' abridged values by their full text. If the texts are too
// long together, it moves the last groups to the rest.
func (s figureReader) nameGroups(ctx context.Context, sum *summation, all []selected) error {
	byPart := map[int][]*group{}
	length := 0
	for i, g := range sum.groups {
		for _, value := range g.values {
			length += lengthOf(value)
		}
		if length > maxTotalLength {
			sum.cut(i)
			break
		}
		if slices.ContainsFunc(g.values, isAbridged) {
			byPart[g.part] = append(byPart[g.part], g)
		}
	}
	for _, part := range slices.Sorted(maps.Keys(byPart)) {
		for i, f := range sum.of.By {
			err := s.jobs.run(ctx, func() error {
				labels, err := s.labels(all[part].part, f)
				if err != nil {
					return err
				}
				for _, g := range byPart[part] {
					g.values[i] = strings.Clone(labels.values[labels.of[g.row]][0])
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// timeOf returns the time range of a selection, from its spans if it has no bounds.
func (s rowReader) timeOf(all []selected, selection query.Selection) (from, to int64, err error) {
	from, to = cmp.Or(selection.From, selection.To), cmp.Or(selection.To, selection.From)
	if len(all) == 0 || selection.From != 0 && selection.To != 0 {
		return from, to, nil
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, part := range all {
		starts, err := s.column(part.part, query.Start)
		if err != nil {
			return 0, 0, err
		}
		for row := range query.EachRow(part.rows) {
			first, last = min(first, int64(starts.Numbers[row])), max(last, int64(starts.Numbers[row]))
		}
	}
	return cmp.Or(selection.From, min(first, math.MaxInt64-1)), cmp.Or(selection.To, min(last, math.MaxInt64-1)+1), nil
}

// sumUp adds the rows of a part.
func (s figureReader) sumUp(ctx context.Context, sum *summation, in selected) error {
	starts, err := s.column(in.part, query.Start)
	if err != nil {
		return err
	}
	durations, err := s.column(in.part, query.Duration)
	if err != nil {
		return err
	}
	failed := bitset.New(uint(in.part.rows))
	if err := (view{s.reader, ctx, in.part}).Collect(query.Failed, query.Any{}, failed); err != nil {
		return err
	}
	var labels labels
	for _, f := range sum.of.By {
		more, err := s.labels(in.part, f)
		if err != nil {
			return err
		}
		labels = labels.and(more, in.rows)
	}
	groups := make([]*group, max(1, len(labels.values))) // by label
	for row := range query.EachRow(in.rows) {
		label := 0
		if labels.of != nil {
			label = int(labels.of[row])
		}
		if groups[label] == nil {
			groups[label] = sum.group(labels.texts(label), int(row))
		}
		groups[label].add(sum, int64(starts.Numbers[row]), time.Duration(durations.Numbers[row]), failed.Test(row))
	}
	return nil
}

// selectRows returns the selected rows of all parts, in the order of arrival. In the same
// parallel pass, it reads the columns that are needed next.
func (s rowReader) selectRows(
	ctx context.Context, selection query.Selection, next ...query.Column,
) (all []selected, err error) {
	parts := s.snapshot()
	first := firstSeq(parts)
	do := func(p *part) (*bitset.BitSet, error) {
		rows, err := s.match(ctx, p, first, selection)
		for _, name := range next {
			if err == nil && rows.Any() {
				_, err = s.column(p, name)
			}
		}
		return rows, err
	}
	take := func(p *part, rows *bitset.BitSet) (bool, error) {
		if rows.Any() {
			all = append(all, selected{p, rows})
		}
		return false, nil
	}
	if err := inParallel(ctx, s.jobs, parts, do, take); err != nil {
		return nil, fmt.Errorf("select spans: %w", err)
	}
	slices.Reverse(all)
	return all, nil
}
