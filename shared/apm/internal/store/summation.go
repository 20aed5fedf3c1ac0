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

// maxGroups limits how many groups, or values of a facet, are counted separately.
const maxGroups = 10_000

// A summation computes a breakdown.
type summation struct {
	of       query.Breakdown
	from, to int64
	groups   []*group
	byValues map[string]*group
	rest     *group // all groups above the limit
	others   int
	only     map[string]bool // the names of the groups to count separately; nil for all
	part     int             // the part of the selection that is being summed up
}

// maxBuckets limits the buckets of all groups together.
const maxBuckets = 200_000

// isLarge reports whether the groups have too many buckets together.
func (s *summation) isLarge() bool {
	return s.only == nil && len(s.groups)*s.of.Buckets > maxBuckets
}

// group returns the group with a row's values, or the rest if there are too many groups.
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
	case s.only == nil && len(s.groups) < maxGroups, s.only[string(name)]:
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

// bucket returns the index of the bucket that contains a time.
func (s *summation) bucket(at int64) int { return stats.Bucket(at, s.from, s.to, s.of.Buckets) }

// breakdown returns the result.
func (s *summation) breakdown() stats.Breakdown {
	b := stats.Breakdown{From: s.from, To: s.to, Others: s.others}
	total := newGroup(nil, s.of.Buckets)
	groups := s.groups
	if s.rest != nil {
		groups = append(slices.Clone(groups), s.rest)
	}
	for _, g := range groups {
		total.merge(g)
	}
	b.Total = total.figures(s.of)
	if len(s.of.By) > 0 {
		for _, g := range s.top() {
			b.Groups = append(b.Groups, g.figures(s.of))
		}
		b.Others = s.others
	}
	return b
}

// top returns the groups with the most requests, and moves the others to the rest.
func (s *summation) top() []*group {
	slices.SortFunc(s.groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.requests(), a.requests()), slices.Compare(a.values, b.values))
	})
	if limit := s.of.Limit; limit > 0 && len(s.groups) > limit {
		s.cut(limit)
	}
	return s.groups
}

// cut moves the groups from an index on to the rest.
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

// A group computes a stats.Group.
type group struct {
	values      []string // abridged until the group is known to be returned
	name        string   // in the summation
	part, row   int      // where it was first found
	first, last int64
	buckets     []*tally // by time; nil while empty
}

// newGroup returns a group with copies of the values, abridged.
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

func (g *group) figures(b query.Breakdown) stats.Group {
	result := stats.Group{Values: g.values}
	var all tally
	for _, t := range g.buckets {
		if t == nil {
			t = &tally{}
		}
		all.merge(t)
		if b.Buckets > 0 {
			result.Buckets = append(result.Buckets, t.figures())
		}
	}
	result.Figures = all.figures()
	if all.requests > 0 {
		result.First, result.Last = g.first, g.last
	}
	if b.Distribution {
		result.Distribution = all.distribution()
	}
	return result
}
