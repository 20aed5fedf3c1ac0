package web

import (
	"errors"
	"net/http"

	"thinker/shared/apm/search"
)

// searched is what a page says about the search that it answers.
type searched struct {
	Query string // as it was typed
	Scope search.Scope
	Wrong *search.SyntaxError // why the query cannot be read; nil where it can

	parsed search.Query
}

// readSearch reads the search that the list's form has sent. A query that
// cannot be read is not an error here: the page shows what is wrong with it.
func readSearch(r *http.Request) (s searched, err error) {
	s.Query = r.URL.Query().Get("query")
	if s.parsed, err = query(r); err != nil && !errors.As(err, &s.Wrong) {
		return s, err
	}
	s.Scope, err = scope(r)
	return s, err
}

// Scopes are what may be searched.
func (s searched) Scopes() []search.Scope { return search.Scopes() }

// An example is a query to learn from.
type example struct{ Query, Finds string }

// Examples show the language's parts.
func (s searched) Examples() []example {
	return []example{
		{`service:thinker-api`, "of one service; without @ stand duration, env, operation_name, resource_name, service, span_id, status, trace_id, type and version"},
		{`@http.status_code:[400 TO 499]`, "with any other attribute, here in a range"},
		{`duration:>200ms -status:error`, "longer than 200 ms and, as - negates, without an error"},
		{`@subject:(war OR art) resource_name:*think*`, "with one of two values; what stands side by side must all hold, and * is any text"},
		{`resource_name:"GET /think/"`, "with spaces or other signs in the value"},
		{`unknown`, "with this word anywhere in them"},
	}
}
