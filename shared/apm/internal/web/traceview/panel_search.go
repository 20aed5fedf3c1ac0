package traceview

import (
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// reserved is one of the attributes that queries write without an @.
func reserved(name string) query.Field { return query.Field{Name: name} }

// tagField is how queries name a tag.
func tagField(name string) query.Field {
	return query.Field{Name: name, Tag: name != "env" && name != "version"}
}

// searchURL is the address of the traces that have a span with a value; empty
// where no query can ask for it.
func searchURL(p page.URL, field query.Field, value string) string {
	const longest = 1000 // bytes; a longer value is hardly there twice
	if len(value) > longest || field.IsDuration() {
		return ""
	}
	text := query.Term{Field: field, Test: query.Literal(value)}.String()
	q, err := query.Parse(text)
	if term, ok := q.Expr.(query.Term); err != nil || !ok || term.Field != field || !term.Test.MatchText(value) {
		return ""
	}
	return p.To("/traces", "query", text)
}
