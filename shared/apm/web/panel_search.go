package web

import "thinker/shared/apm/search"

// reserved is one of the attributes that queries write without an @.
func reserved(name string) search.Field { return search.Field{Name: name} }

// tagField is how queries name a tag.
func tagField(name string) search.Field {
	return search.Field{Name: name, Tag: name != "env" && name != "version"}
}

// searchURL is the address of the traces that have a span with a value; empty
// where no query can ask for it.
func (p place) searchURL(field search.Field, value string) string {
	const longest = 1000 // bytes; a longer value is hardly there twice
	if len(value) > longest || field.IsDuration() {
		return ""
	}
	text := search.Term{Field: field, Test: search.Literal(value)}.String()
	query, err := search.Parse(text)
	if term, ok := query.Expr.(search.Term); err != nil || !ok || term.Field != field || !term.Test.MatchText(value) {
		return ""
	}
	return p.To("/traces", "query", text)
}
