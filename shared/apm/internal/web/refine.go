package web

import (
	"slices"
	"strings"

	"thinker/shared/apm/query"
)

// A refinement derives other queries from a typed one.
type refinement struct {
	parts []query.Expr // that the query joins by AND
	typed string       // the query, so that one more term after it narrows all of it
}

func refine(q query.Query, typed string) refinement {
	r := refinement{parts: partsOf(q)}
	if len(r.parts) == 0 {
		return r
	}
	// What was typed stays as it is, if a term after it narrows all of it.
	another := query.Term{Field: query.Field{Name: "service"}, Test: query.Literal("another")}
	want := query.And(append(slices.Clip(r.parts), another)).String()
	for _, r.typed = range []string{strings.TrimSpace(typed), joined(r.parts), "(" + joined(r.parts) + ")"} {
		if reads(r.typed+" "+another.String(), want) {
			break
		}
	}
	return r
}

// partsOf returns the parts of a query that AND joins.
func partsOf(q query.Query) []query.Expr {
	switch expr := q.Expr.(type) {
	case nil:
		return nil
	case query.And:
		return expr
	default:
		return []query.Expr{expr}
	}
}

// with returns the query ANDed with e.
func (r refinement) with(e query.Expr) string {
	return strings.TrimSpace(r.typed + " " + e.String())
}

// without returns the query without the parts that are equal to e.
func (r refinement) without(e query.Expr) string {
	text := e.String()
	return joined(slices.DeleteFunc(slices.Clone(r.parts), func(part query.Expr) bool { return part.String() == text }))
}

// joined returns the parts of a query with only a space between them, if that parses as
// the same query.
func joined(parts []query.Expr) string {
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0].String()
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = part.String()
		if _, either := part.(query.Or); either {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	all := query.And(parts).String()
	if spaced := strings.Join(texts, " "); reads(spaced, all) {
		return spaced
	}
	return all
}

// reads reports whether a text is read as the query that want prints.
func reads(text, want string) bool {
	q, err := query.Parse(text)
	return err == nil && q.String() == want
}
