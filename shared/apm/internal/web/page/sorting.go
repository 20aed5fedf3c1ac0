package page

import (
	"cmp"
	"slices"
)

// A Column is a column that a table can be sorted by. The first click sorts names upwards
// and figures downwards.
type Column[Row any] struct {
	Name    string // in the address
	Title   string
	Means   string // the title's hover text; may be empty
	Text    bool   // names, not figures
	Compare func(a, b Row) int
}

// NewColumn returns a column that sorts by a key. means may be empty.
func NewColumn[Row any, Key cmp.Ordered](name, title, means string, key func(Row) Key) Column[Row] {
	_, text := any(*new(Key)).(string)
	return Column[Row]{name, title, means, text, func(a, b Row) int { return cmp.Compare(key(a), key(b)) }}
}

// A Heading is the heading of a column, with the address that sorts by it.
type Heading struct {
	Title, Means string
	Text         bool
	URL          string
	Sorted       string // ascending or descending; empty if the table is sorted by another column
}

// Sort sorts rows in the order that Order returns, and returns the headings. Equal rows
// keep their order.
func Sort[Row any](rows []Row, columns []Column[Row], p URL, parameter, usual string) []Heading {
	compare, headings := Order(columns, p, parameter, usual)
	slices.SortStableFunc(rows, compare)
	return headings
}

// Order returns a comparison of rows, and the headings. A parameter of the page names the
// column, -p95 for the largest p95 first; without one, usual does.
func Order[Row any](
	columns []Column[Row], p URL, parameter, usual string,
) (compare func(a, b Row) int, headings []Heading) {
	name, downwards := direction(p.Get(parameter))
	if !slices.ContainsFunc(columns, func(c Column[Row]) bool { return c.Name == name }) {
		name, downwards = direction(usual)
	}
	for _, c := range columns {
		h := Heading{Title: c.Title, Means: c.Means, Text: c.Text}
		next := c.Name
		if !c.Text {
			next = "-" + c.Name
		}
		if c.Name == name {
			compare, h.Sorted, next = c.Compare, "ascending", "-"+c.Name
			if downwards {
				compare = func(a, b Row) int { return c.Compare(b, a) }
				h.Sorted, next = "descending", c.Name
			}
		}
		h.URL = p.With(parameter, next)
		headings = append(headings, h)
	}
	return compare, headings
}

// direction parses a value of the parameter.
func direction(sort string) (name string, downwards bool) {
	if len(sort) > 0 && sort[0] == '-' {
		return sort[1:], true
	}
	return sort, false
}
