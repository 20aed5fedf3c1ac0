package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bits-and-blooms/bitset"

	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// labels say which values the rows of a segment have: each row has a number,
// and each number a value for every field that is asked for.
type labels struct {
	of     []uint32
	values [][]string
}

// labels are those of one field. Number 0 is for the rows without a value.
func (s *Store) labels(p *part, f query.Field) (labels, error) {
	l := labels{of: make([]uint32, p.rows), values: [][]string{{""}}}
	for _, k := range f.Columns() {
		c, err := s.column(p, k)
		if err != nil {
			return l, err
		}
		l.take(c, k)
	}
	if f.Name == "status" && !f.Tag {
		l.values = [][]string{{"ok"}, {"error"}}
	}
	return l, nil
}

// take labels the rows that have a value in a column and no label yet.
func (l *labels) take(c *segment.Column, name query.Column) {
	if c == nil {
		return
	}
	base := uint32(len(l.values))
	if name.Kind == query.Integer {
		for row, n := range c.Numbers {
			l.of[row] = base + uint32(row)
			l.values = append(l.values, []string{strconv.FormatUint(n, 10)})
		}
		return
	}
	texts := make([]string, len(c.Values)) // one allocation for all
	for code, value := range c.Values {
		if texts[code] = value; name.Kind == query.NumberTag {
			texts[code] = strconv.FormatFloat(segment.Float(value), 'f', -1, 64)
		}
		l.values = append(l.values, texts[code:code+1])
	}
	for i, row := range c.Rows {
		if l.of[row] == 0 {
			l.of[row] = base + uint32(c.Codes[i])
		}
	}
}

// and combines the labels with those of one more field.
func (l labels) and(more labels, rows *bitset.BitSet) labels {
	if l.of == nil {
		return more
	}
	both := labels{of: make([]uint32, len(l.of))}
	numbers := map[[2]uint32]uint32{}
	for row := range query.EachRow(rows) {
		pair := [2]uint32{l.of[row], more.of[row]}
		number, known := numbers[pair]
		if !known {
			number = uint32(len(both.values))
			numbers[pair] = number
			both.values = append(both.values, slices.Concat(l.values[pair[0]], more.values[pair[1]]))
		}
		both.of[row] = number
	}
	return both
}

// texts returns the values of a label.
func (l labels) texts(label int) []string {
	if l.of == nil {
		return nil
	}
	return l.values[label]
}

// Facets counts the values of some fields that the selected spans have, and
// names at most most of each, the most common first. Without fields it is every
// field by which spans can be grouped that one of them has, the most common
// first: those that tell spans apart, and what tracers keep for themselves, are
// to be asked for.
func (s *Store) Facets(ctx context.Context, selection query.Selection, fields []query.Field, most int) (facets []stats.Facet, err error) {
	err = s.again(func() error {
		facets, err = s.facets(ctx, selection, fields, most)
		return err
	})
	return facets, err
}

func (s *Store) facets(ctx context.Context, selection query.Selection, fields []query.Field, most int) ([]stats.Facet, error) {
	all, err := s.selectRows(ctx, selection)
	if err != nil {
		return nil, err
	}
	asked := len(fields) > 0
	if !asked {
		if fields, err = s.grouping(all); err != nil {
			return nil, err
		}
	}
	facets := make([]stats.Facet, len(fields))
	longest := longestTotal / max(1, len(fields))
	err = s.jobs.parallel(ctx, len(fields), func(i int) (err error) {
		facets[i], err = s.facet(ctx, all, fields[i], most, longest, !asked)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !asked {
		facets = slices.DeleteFunc(facets, func(f stats.Facet) bool { return f.Spans == 0 })
		if len(facets) == 0 {
			return nil, nil
		}
		slices.SortFunc(facets, func(a, b stats.Facet) int {
			return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Name, b.Name))
		})
	}
	return facets, nil
}

// facet counts the values of one field, and names the most common ones until they
// are too long together. A field that tells spans apart may be left out, and then
// is of no span.
func (s *Store) facet(ctx context.Context, all []selected, f query.Field, most, longest int, mayLeaveOut bool) (stats.Facet, error) {
	count := counting{known: map[string]int{}}
	for i, part := range all {
		if err := ctx.Err(); err != nil {
			return stats.Facet{}, err
		}
		if err := s.countValues(&count, i, part, f); err != nil {
			return stats.Facet{}, err
		}
		if mayLeaveOut && len(count.values) == mostGroups {
			return stats.Facet{}, nil
		}
	}
	top, others := count.top(most, longest)
	if err := s.nameValues(ctx, top, all, f); err != nil {
		return stats.Facet{}, err
	}
	facet := stats.Facet{Name: f.String(), Spans: count.total, Others: count.others + others}
	for _, c := range top {
		facet.Values = append(facet.Values, stats.FacetValue{Value: c.value, Spans: c.spans})
	}
	return facet, nil
}

// nameValues gives abridged values their whole texts.
func (s *Store) nameValues(ctx context.Context, top []counted, all []selected, f query.Field) error {
	byPart := map[int][]*counted{}
	for i := range top {
		if isAbridged(top[i].value) {
			byPart[top[i].part] = append(byPart[top[i].part], &top[i])
		}
	}
	for _, part := range slices.Sorted(maps.Keys(byPart)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, err := s.labels(all[part].part, f)
		if err != nil {
			return err
		}
		for _, c := range byPart[part] {
			c.value = strings.Clone(l.values[c.label][0])
		}
	}
	slices.SortFunc(top, compareCounted) // some may have differed in their abridged form's hash alone
	return nil
}

// mostTags bounds how many tags are looked through where nobody says which.
const mostTags = 1000

// grouping are the fields by which some of the spans may be grouped.
func (s *Store) grouping(all []selected) ([]query.Field, error) {
	fields := query.Groupable()
	common := map[string]int{} // tags, by how many segments have them
	for _, part := range all {
		names, err := s.columns(part.part)
		if err != nil {
			return nil, err
		}
		for _, c := range names {
			isReserved := c.Name == "env" || c.Name == "version" || c.Name == "duration" // written without an @
			if c.IsTag() && c.Name != "" && query.LooksIn(c.Name) && !isReserved {
				common[c.Name]++
			}
		}
	}
	tags := slices.SortedFunc(maps.Keys(common), func(a, b string) int {
		return cmp.Or(cmp.Compare(common[b], common[a]), cmp.Compare(a, b))
	})
	for _, tag := range tags[:min(len(tags), mostTags)] {
		fields = append(fields, query.Field{Name: tag, Tag: true})
	}
	return fields, nil
}

// counting is an stats.Facet in the making.
type counting struct {
	values []counted
	known  map[string]int // the places in values, by their abridged form
	total  int
	others int
}

// counted is a value, and where it was first met.
type counted struct {
	value       string // abridged, until it is known to be one of the top
	spans       int
	part, label int
}

func (s *Store) countValues(count *counting, part int, in selected, f query.Field) error {
	l, err := s.labels(in.part, f)
	if err != nil {
		return err
	}
	counts := make([]int, len(l.values))
	for row := range query.EachRow(in.rows) {
		counts[l.of[row]]++
	}
	for label, n := range counts {
		value := l.values[label][0]
		if n == 0 || value == "" && (label == 0 || !f.Tag) {
			continue
		}
		count.total += n
		value = abridge(value)
		at, known := count.known[value]
		switch {
		case known:
			count.values[at].spans += n
		case len(count.values) < mostGroups:
			value = strings.Clone(value)
			count.known[value] = len(count.values)
			count.values = append(count.values, counted{value, n, part, label})
		default:
			count.others++ // some of them more than once
		}
	}
	return nil
}

// top returns the most common values that are not too long together, and how many
// others there are. The first is always among them.
func (c *counting) top(most, longest int) (top []counted, others int) {
	top = c.values
	slices.SortFunc(top, compareCounted)
	for i, v := range top {
		if longest -= lengthOf(v.value); i == most || i > 0 && longest < 0 {
			return top[:i], len(top) - i
		}
	}
	return top, 0
}

func compareCounted(a, b counted) int {
	return cmp.Or(cmp.Compare(b.spans, a.spans), cmp.Compare(a.value, b.value))
}
