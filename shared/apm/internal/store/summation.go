package store

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// mostGroups bounds how many groups, or values of a facet, are told apart.
const mostGroups = 10_000

// A summation is a breakdown in the making.
type summation struct {
	of       query.Breakdown
	from, to int64
	groups   []*group
	byValues map[string]*group
	rest     *group // of those that were too many
	others   int
	only     map[string]bool // the names of the groups to tell apart; nil for all
	part     int             // the part of the selection that is being summed up
}

// mostBuckets bounds the buckets of all groups together, in memory.
const mostBuckets = 200_000

// isLarge reports whether the groups have too many buckets together.
func (s *summation) isLarge() bool {
	return s.only == nil && len(s.groups)*s.of.Buckets > mostBuckets
}

// group returns that with the values of a row; for too many, one for all of them.
func (s *summation) group(values []string, row int) *group {
	var room [100]byte
	name := room[:0]
	for _, value := range values {
		short := abridge(value)
		name = append(binary.AppendUvarint(name, uint64(len(short))), short...) // so no two lists look the same
	}
	found, ok := s.byValues[string(name)]
	switch {
	case ok:
	case s.only == nil && len(s.groups) < mostGroups, s.only[string(name)]:
		found = newGroup(values, s.of.Buckets)
		found.name, found.part, found.row = string(name), s.part, row
		s.byValues[found.name] = found
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
func (s *summation) bucket(at int64) int { return stats.Bucket(at, s.from, s.to, s.of.Buckets) }

func (s *summation) answer() stats.Breakdown {
	answer := stats.Breakdown{From: s.from, To: s.to}
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
		answer.Others = s.others
		return answer
	}
	for _, g := range s.top() {
		answer.Groups = append(answer.Groups, g.answer(s.of))
	}
	answer.Others = s.others
	return answer
}

// top returns the groups with most requests, and counts all other groups.
func (s *summation) top() []*group {
	slices.SortFunc(s.groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.requests(), a.requests()), slices.Compare(a.values, b.values))
	})
	if limit := s.of.Limit; limit > 0 && len(s.groups) > limit {
		s.cut(limit)
	}
	return s.groups
}

// cut counts the groups from one on together.
func (s *summation) cut(from int) {
	s.others += len(s.groups) - from
	if s.rest == nil {
		s.rest = newGroup(nil, s.of.Buckets)
	}
	for _, g := range s.groups[from:] {
		s.rest.merge(g)
	}
	s.groups = s.groups[:from]
}

// A group is an stats.Group in the making.
type group struct {
	values      []string // abridged, until the group is known to be one of the top
	name        string   // in the summation
	part, row   int      // where it was first met
	first, last int64
	buckets     []*tally // by time; nil while nothing is in them
}

// newGroup returns a group with values of its own, for which it keeps no more
// memory than abridged ones take.
func newGroup(values []string, buckets int) *group {
	values = slices.Clone(values)
	for i, value := range values {
		values[i] = strings.Clone(abridge(value))
	}
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

func (g *group) answer(b query.Breakdown) stats.Group {
	answer := stats.Group{Values: g.values}
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
