package store

import (
	"cmp"
	"math"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// mostGroups bounds how many groups, or values of a facet, are told apart.
const mostGroups = 10_000

// A summation is a breakdown in the making.
type summation struct {
	of       search.Breakdown
	from, to int64
	groups   []*group
	byValues map[string]*group
	rest     *group // of those that were too many
	others   int
}

// group is that with the values; for too many, one for all of them.
func (s *summation) group(values []string) *group {
	var room [100]byte
	name := room[:0]
	for _, value := range values {
		name = appendText(name, value) // so no two lists look the same
	}
	found, ok := s.byValues[string(name)]
	switch {
	case ok:
	case len(s.groups) < mostGroups:
		found = newGroup(values, s.of.Buckets)
		s.byValues[string(name)] = found
		s.groups = append(s.groups, found)
	default:
		s.others++
		if s.rest == nil {
			s.rest = newGroup(nil, s.of.Buckets)
		}
		found = s.rest
	}
	return found
}

// bucket is which of equal parts of the time a moment of it is in.
func (s *summation) bucket(at int64) int { return apm.Bucket(at, s.from, s.to, s.of.Buckets) }

func (s *summation) answer() apm.Breakdown {
	answer := apm.Breakdown{From: s.from, To: s.to, Others: s.others}
	total := newGroup(nil, s.of.Buckets)
	groups := s.groups
	if s.rest != nil {
		groups = append(slices.Clone(groups), s.rest)
	}
	for _, g := range groups {
		total.merge(g)
	}
	answer.Total = total.answer(s.of)
	if len(s.of.By) == 0 {
		return answer
	}
	slices.SortFunc(s.groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.requests(), a.requests()), slices.Compare(a.values, b.values))
	})
	if limit := s.of.Limit; limit > 0 && len(s.groups) > limit {
		answer.Others += len(s.groups) - limit
		s.groups = s.groups[:limit]
	}
	for _, g := range s.groups {
		answer.Groups = append(answer.Groups, g.answer(s.of))
	}
	return answer
}

// A group is an apm.Group in the making.
type group struct {
	values      []string
	first, last int64
	buckets     []*tally // by time; nil while nothing is in them
}

func newGroup(values []string, buckets int) *group {
	return &group{values: values, first: math.MaxInt64, last: math.MinInt64, buckets: make([]*tally, max(1, buckets))}
}

func (g *group) add(sum *summation, start int64, duration time.Duration, failed bool) {
	g.first, g.last = min(g.first, start), max(g.last, start)
	at := sum.bucket(start)
	if g.buckets[at] == nil {
		g.buckets[at] = &tally{}
	}
	g.buckets[at].add(duration, failed)
}

func (g *group) merge(other *group) {
	g.first, g.last = min(g.first, other.first), max(g.last, other.last)
	for i, t := range other.buckets {
		if t == nil {
			continue
		}
		if g.buckets[i] == nil {
			g.buckets[i] = &tally{}
		}
		g.buckets[i].merge(t)
	}
}

func (g *group) requests() int {
	n := 0
	for _, t := range g.buckets {
		if t != nil {
			n += t.requests
		}
	}
	return n
}

func (g *group) answer(b search.Breakdown) apm.Group {
	answer := apm.Group{Values: g.values}
	var all tally
	for _, t := range g.buckets {
		if t == nil {
			t = &tally{}
		}
		all.merge(t)
		if b.Buckets > 0 {
			answer.Buckets = append(answer.Buckets, t.figures())
		}
	}
	answer.Figures = all.figures()
	if all.requests > 0 {
		answer.First, answer.Last = g.first, g.last
	}
	if b.Distribution {
		answer.Distribution = all.distribution()
	}
	return answer
}
