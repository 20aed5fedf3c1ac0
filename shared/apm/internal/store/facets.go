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

// labels number the combinations of values that a segment's rows have in some fields.
type labels struct {
	of     []uint32   // by row
	values [][]string // by label, one for each field
}

// labels returns the labels of one field. Label 0 is for rows without a value.
func (s rowReader) labels(p *part, f query.Field) (labels, error) {
	l := labels{of: make([]uint32, p.rows), values: [][]string{{""}}}
	for _, k := range f.Columns() {
		c, err := s.column(p, k)
		if err != nil {
			return l, err
		}
		l.add(c, k)
	}
	if f.Name == "status" && !f.Tag {
		l.values = [][]string{{"ok"}, {"error"}}
	}
	return l, nil
}

// add labels the rows that have a value in a column and no label yet.
func (l *labels) add(c *segment.Column, name query.Column) {
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

// texts returns a label's values.
func (l labels) texts(label int) []string {
	if l.of == nil {
		return nil
	}
	return l.values[label]
}

// Facets counts the values of the given fields in the selected spans. It returns at most
// limit values of each field, the most common first. Without fields, it counts every field
// by which these spans can be grouped, the most common field first; fields that are unique
// to a span, or internal to tracers, are left out.
func (s *Store) Facets(
	ctx context.Context, selection query.Selection, fields []query.Field, limit int,
) (facets []stats.Facet, err error) {
	err = s.retryEvicted(func() error {
		facets, err = facetReader{rowReader{s.catalog}}.facets(ctx, selection, fields, limit)
		return err
	})
	return facets, err
}

// A facetReader counts the values of fields.
type facetReader struct{ rowReader }

func (s facetReader) facets(
	ctx context.Context, selection query.Selection, fields []query.Field, limit int,
) ([]stats.Facet, error) {
	all, err := s.selectRows(ctx, selection)
	if err != nil {
		return nil, err
	}
	given := len(fields) > 0
	if !given {
		if fields, err = s.grouping(all); err != nil {
			return nil, err
		}
	}
	facets := make([]stats.Facet, len(fields))
	maxLength := maxTotalLength / max(1, len(fields))
	err = s.jobs.parallel(ctx, len(fields), func(i int) (err error) {
		facets[i], err = s.facet(ctx, all, fields[i], limit, maxLength, !given)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !given {
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

// facet counts the values of one field, and returns the most common ones within a total
// length. With mayLeaveOut, it returns no facet for a field with too many values.
func (s facetReader) facet(
	ctx context.Context, all []selected, f query.Field, limit, maxLength int, mayLeaveOut bool,
) (stats.Facet, error) {
	count := counting{known: map[string]int{}}
	for i, part := range all {
		if err := ctx.Err(); err != nil {
			return stats.Facet{}, err
		}
		if err := s.countValues(&count, i, part, f); err != nil {
			return stats.Facet{}, err
		}
		if mayLeaveOut && len(count.values) == maxGroups {
			return stats.Facet{}, nil
		}
	}
	top, others := count.top(limit, maxLength)
	if err := s.nameValues(ctx, top, all, f); err != nil {
		return stats.Facet{}, err
	}
	facet := stats.Facet{Name: f.String(), Spans: count.total, Others: count.others + others}
	for _, c := range top {
		facet.Values = append(facet.Values, stats.FacetValue{Value: c.value, Spans: c.spans})
	}
	return facet, nil
}

// nameValues replaces abridged values by their full text.
func (s facetReader) nameValues(ctx context.Context, top []counted, all []selected, f query.Field) error {
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
	slices.SortFunc(top, compareCounted) // some may have differed only in their hash
	return nil
}

// maxTags limits how many tags are counted if no fields are given.
const maxTags = 1000

// grouping returns the fields by which these spans can be grouped.
func (s facetReader) grouping(all []selected) ([]query.Field, error) {
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
	for _, tag := range tags[:min(len(tags), maxTags)] {
		fields = append(fields, query.Field{Name: tag, Tag: true})
	}
	return fields, nil
}

// A counting counts the values of a facet.
type counting struct {
	values []counted
	known  map[string]int // indexes in values, by abridged value
	total  int
	others int
}

// counted is a value, and where it was first found.
type counted struct {
	value       string // abridged until it's known to be returned
	spans       int
	part, label int
}

func (s facetReader) countValues(count *counting, part int, in selected, f query.Field) error {
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
		case len(count.values) < maxGroups:
			value = strings.Clone(value)
			count.known[value] = len(count.values)
			count.values = append(count.values, counted{value, n, part, label})
		default:
			count.others++ // a value may be counted more than once
		}
	}
	return nil
}

// top returns the most common values within a total length, but at least one, and how many
// values it left out.
func (c *counting) top(limit, maxLength int) (top []counted, others int) {
	top = c.values
	slices.SortFunc(top, compareCounted)
	for i, v := range top {
		if maxLength -= lengthOf(v.value); i == limit || i > 0 && maxLength < 0 {
			return top[:i], len(top) - i
		}
	}
	return top, 0
}

func compareCounted(a, b counted) int {
	return cmp.Or(cmp.Compare(b.spans, a.spans), cmp.Compare(a.value, b.value))
}
