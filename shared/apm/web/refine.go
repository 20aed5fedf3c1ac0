package web

import (
	"slices"
	"strings"

	"thinker/shared/apm/search"
)

// A refinement derives other queries from a typed one.
type refinement struct {
	parts []search.Expr // that the query joins by AND
	typed string        // the query, so that one more term after it narrows all of it
}

func refine(query search.Query, typed string) refinement {
	r := refinement{parts: partsOf(query)}
	if len(r.parts) == 0 {
		return r
	}
	// What was typed stays as it is, if a term after it narrows all of it.
	another := search.Term{Field: search.Field{Name: "service"}, Test: search.Literal("another")}
	want := search.And(append(slices.Clip(r.parts), another)).String()
	for _, r.typed = range []string{strings.TrimSpace(typed), joined(r.parts), "(" + joined(r.parts) + ")"} {
		if reads(r.typed+" "+another.String(), want) {
			break
		}
	}
	return r
}

// partsOf returns the parts of a query that AND joins.
func partsOf(query search.Query) []search.Expr {
	switch expr := query.Expr.(type) {
	case nil:
		return nil
	case search.And:
		return expr
	default:
		return []search.Expr{expr}
	}
}

// with returns the query ANDed with e.
func (r refinement) with(e search.Expr) string {
	return strings.TrimSpace(r.typed + " " + e.String())
}

// without returns the query without the parts that are equal to e.
func (r refinement) without(e search.Expr) string {
	text := e.String()
	return joined(slices.DeleteFunc(slices.Clone(r.parts), func(part search.Expr) bool { return part.String() == text }))
}

// joined returns the parts of a query with only a space between them, if that parses as
// the same query.
func joined(parts []search.Expr) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0].String()
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = part.String()
		if _, either := part.(search.Or); either {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	all := search.And(parts).String()
	if spaced := strings.Join(texts, " "); reads(spaced, all) {
		return spaced
	}
	return all
}

// reads reports whether a text is read as the query that want prints.
func reads(text, want string) bool {
	query, err := search.Parse(text)
	return err == nil && query.String() == want
}
