package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// Breakdown gives the figures of the selected spans, each span a request. A
// span without one of the fields has "" for it. Where the time is not bounded,
// it goes from the earliest start to just after the latest. Groups with as many
// requests are in the order of their values.
func (s *Store) Breakdown(ctx context.Context, b query.Breakdown) (answer stats.Breakdown, err error) {
	err = s.again(func() error {
		answer, err = s.breakdown(ctx, b)
		return err
	})
	return answer, err
}

func (s *Store) breakdown(ctx context.Context, b query.Breakdown) (stats.Breakdown, error) {
	needed := []key{{wide, start}, {wide, duration}}
	for _, f := range b.By {
		needed = append(needed, fieldKeys(f)...)
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
	return sum.answer(), nil
}

// sumUpAll adds the rows of all segments, or ends early if there are too many
// groups for it.
func (s *Store) sumUpAll(ctx context.Context, sum *summation, all []selected) error {
	for i, part := range all {
		sum.part = i
		if err := s.jobs.run(ctx, func() error { return s.sumUp(ctx, sum, part) }); err != nil || sum.isLarge() {
			return err
		}
	}
	return nil
}

// nameGroups gives the groups that are returned their whole values, as far as
// these are not too long together; the last groups are left out otherwise.
func (s *Store) nameGroups(ctx context.Context, sum *summation, all []selected) error {
	byPart := map[int][]*group{}
	length := 0
	for i, g := range sum.groups {
		for _, value := range g.values {
			length += lengthOf(value)
		}
		if length > longestTotal {
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
				labels, err := s.labels(all[part].segment, f)
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

// timeOf is the time that a selection is of.
func (s *Store) timeOf(all []selected, selection query.Selection) (from, to int64, err error) {
	from, to = cmp.Or(selection.From, selection.To), cmp.Or(selection.To, selection.From)
	if len(all) == 0 || selection.From != 0 && selection.To != 0 {
		return from, to, nil
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, part := range all {
		starts, err := s.column(part.segment, key{wide, start})
		if err != nil {
			return 0, 0, err
		}
		for row := range part.rows.all() {
			first, last = min(first, int64(starts.numbers[row])), max(last, int64(starts.numbers[row]))
		}
	}
	return cmp.Or(selection.From, min(first, math.MaxInt64-1)), cmp.Or(selection.To, min(last, math.MaxInt64-1)+1), nil
}

// sumUp adds the rows of one segment.
func (s *Store) sumUp(ctx context.Context, sum *summation, part selected) error {
	g := part.segment
	starts, err := s.column(g, key{wide, start})
	if err != nil {
		return err
	}
	durations, err := s.column(g, key{wide, duration})
	if err != nil {
		return err
	}
	errors := newRowSet(g.rows)
	if err := s.collect(ctx, g, key{field, failed}, errors, func(string) bool { return true }); err != nil {
		return err
	}
	var labels labels
	for _, f := range sum.of.By {
		more, err := s.labels(g, f)
		if err != nil {
			return err
		}
		labels = labels.and(more, part.rows)
	}
	groups := make([]*group, max(1, len(labels.values))) // by label
	for row := range part.rows.all() {
		label := 0
		if labels.of != nil {
			label = int(labels.of[row])
		}
		if groups[label] == nil {
			groups[label] = sum.group(labels.texts(label), row)
		}
		groups[label].add(sum, int64(starts.numbers[row]), time.Duration(durations.numbers[row]), errors.has(row))
	}
	return nil
}

// again does what has to be read from segments; once more if they were evicted
// or rewritten meanwhile, or found to be damaged, and are set aside by then.
func (s *Store) again(do func() error) error {
	for tries := 3; ; {
		err := do()
		var found damage
		switch {
		case errors.As(err, &found):
			if err := s.do(func() error { s.condemn(found); return nil }); err != nil {
				return err
			}
		case errors.Is(err, errGone) && tries > 0:
			tries--
		default:
			return err
		}
	}
}

// Selected are the rows of a segment that are looked for.
type selected struct {
	segment *segment
	rows    rowSet
}

// selectRows finds what is looked for in all segments. Of those that have some,
// it also reads the columns that will be needed next, as it has all processors
// at work.
func (s *Store) selectRows(ctx context.Context, selection query.Selection, next ...key) (all []selected, err error) {
	do := func(g *segment) (rowSet, error) {
		rows, err := s.match(ctx, g, selection)
		if err == nil && len(next) > 0 && !rows.empty() {
			_, err = s.columns(g, next)
		}
		return rows, err
	}
	take := func(g *segment, rows rowSet) (bool, error) {
		if !rows.empty() {
			all = append(all, selected{g, rows})
		}
		return false, nil
	}
	if err := inParallel(ctx, s.jobs, s.snapshot(), do, take); err != nil {
		return nil, fmt.Errorf("select spans: %w", err)
	}
	slices.Reverse(all) // the first to arrive first
	return all, nil
}
