package query

import (
	"slices"
	"strings"
)

// A Refinement adds parts to a typed query, and removes them.
type Refinement struct {
	Parts []Expr // joined by AND
	typed string // the query, written so that another term after it narrows all of it
}

// Refine returns the refinement of a query. It keeps the typed text if a term after it
// narrows all of it.
// See decisions/facets-extend-the-query.md.
func Refine(q Query, typed string) Refinement {
	var r Refinement
	switch expr := q.Expr.(type) {
	case nil:
		return r
	case And:
		r.Parts = expr
	default:
		r.Parts = []Expr{expr}
	}
	another := Term{Field: Field{Name: "service"}, Test: Literal("another")}
	want := And(append(slices.Clip(r.Parts), another)).String()
	for _, r.typed = range []string{strings.TrimSpace(typed), spaced(r.Parts), "(" + spaced(r.Parts) + ")"} {
		if parsesAs(r.typed+" "+another.String(), want) {
			break
		}
	}
	return r
}

// Has reports whether e is a part of the query.
func (r Refinement) Has(e Expr) bool {
	return slices.ContainsFunc(r.Parts, func(part Expr) bool { return part.String() == e.String() })
}

// With returns the query ANDed with e.
func (r Refinement) With(e Expr) string { return strings.TrimSpace(r.typed + " " + e.String()) }

// Without returns the query without the parts that are equal to e.
func (r Refinement) Without(e Expr) string {
	text := e.String()
	return spaced(slices.DeleteFunc(slices.Clone(r.Parts), func(part Expr) bool { return part.String() == text }))
}

// spaced joins the parts of a query by spaces if that parses as the same query, and
// otherwise by AND.
func spaced(parts []Expr) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0].String()
	}
	all := And(parts).String()
	if text := join(parts, " "); parsesAs(text, all) {
		return text
	}
	return all
}

// parsesAs reports whether a text parses as a query whose String is want.
func parsesAs(text, want string) bool {
	q, err := Parse(text)
	return err == nil && q.String() == want
}
