package page

import (
	"cmp"
	"slices"
)

// A Column of a table that can be sorted. The first time it is clicked it sorts
// upwards if it holds names, and downwards if figures.
type Column[Row any] struct {
	Name    string // in the address
	Title   string
	Means   string // shown where the title is pointed at; may be empty
	Text    bool   // names, not figures
	Compare func(a, b Row) int
}

// By makes what compares rows by one thing.
func By[Row any, Key cmp.Ordered](key func(Row) Key) func(a, b Row) int {
	return func(a, b Row) int { return cmp.Compare(key(a), key(b)) }
}

// A Heading is a column's, with the address that sorts by it.
type Heading struct {
	Title, Means string
	Text         bool
	URL          string
	Sorted       string // ascending, descending or, where the table is sorted by another, empty
}

// Sort sorts rows as ordered says, and gives the headings. Rows that are equal
// there stay as they are.
func Sort[Row any](rows []Row, columns []Column[Row], p URL, parameter, usual string) []Heading {
	compare, headings := Order(columns, p, parameter, usual)
	slices.SortStableFunc(rows, compare)
	return headings
}

// Order compares rows by the column that a parameter of the page names, -p95
// for the largest p95 first, or by the usual one.
func Order[Row any](columns []Column[Row], p URL, parameter, usual string) (compare func(a, b Row) int, headings []Heading) {
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

func direction(sort string) (name string, downwards bool) {
	if len(sort) > 0 && sort[0] == '-' {
		return sort[1:], true
	}
	return sort, false
}
