package web

import (
	"errors"
	"net/http"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// searched is the search that a page shows the results of.
type searched struct {
	Query string // as it was typed
	Scope query.Scope
	Wrong *query.SyntaxError // why the query cannot be read; nil where it can

	parsed query.Query
}

// readSearch reads the search that the list's form sent. A query with a syntax error
// is no error here: the page shows what is wrong.
func readSearch(r *http.Request) (s searched, err error) {
	s.Query = r.URL.Query().Get("query")
	if s.parsed, err = page.ParseQuery(r); err != nil && !errors.As(err, &s.Wrong) {
		return s, err
	}
	s.Scope, err = page.ParseScope(r)
	return s, err
}

// Scopes are what may be searched.
func (s searched) Scopes() []query.Scope { return query.Scopes() }

// An example is a query to learn from.
type example struct{ Query, Finds string }

// Examples show the language's parts.
func (s searched) Examples() []example {
	return []example{
		{`service:thinker-api`, "Spans of one service. Reserved attributes take no @: duration, env, operation_name, resource_name, service, span_id, status, trace_id, type, version"},
		{`@http.status_code:[400 TO 499]`, "Any other attribute takes an @, here with a range of values"},
		{`duration:>200ms -status:error`, "Longer than 200 ms and without an error; - negates"},
		{`@subject:(war OR art) resource_name:*think*`, "One of two values. Terms side by side are ANDed; * matches any text"},
		{`resource_name:"GET /think/"`, "Quote values that contain spaces or special characters"},
		{`unknown`, "This word in any of the span’s texts"},
		{`5577006791947779410`, "A trace ID or a span ID, in decimal or hexadecimal"},
	}
}
