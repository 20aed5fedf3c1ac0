// Package search is Datadog's query language for spans: it reads a query into
// a small tree, tells which spans match it, and prints it again
// (https://docs.datadoghq.com/tracing/trace_explorer/query_syntax/).
//
//	service:thinker-api @http.status_code:>=500 duration:>200ms
//	(@subject:war OR @subject:art) -status:error
//	@http.status_code:[400 TO 499] AND NOT resource_name:"GET /think/"
//
// A store need not match span by span: the tree is exported, and each Term has
// a Field to look up and a Test that can be run on a column's distinct values.
package search

import "thinker/shared/apm"

// A Query is what somebody looks for. The zero Query matches every span.
type Query struct {
	Expr Expr // nil for every span
}

// Match tells whether the span is looked for.
func (q Query) Match(s *apm.Span) bool { return q.Expr == nil || q.Expr.Match(s) }

// String is the query in its plainest form. Parse reads it as the same query.
func (q Query) String() string {
	if q.Expr == nil {
		return ""
	}
	return q.Expr.String()
}

// A Request is a page of the traces that have a span that is looked for.
type Request struct {
	Query Query
	Scope Scope

	// The span must have started in this time, in nanoseconds since the Unix
	// epoch: at From or later, and before To. 0 is no bound.
	From, To int64

	Limit  int    // how many traces at most
	Before uint64 // where to go on: the cursor that came with the page before; 0 to begin
}

// Selects tells whether one of a trace's spans is looked for. spans are all
// that have arrived of that trace.
func (r Request) Selects(spans []apm.Span) bool {
	scoped := r.Scope.of(spans)
	for i := range spans {
		s := &spans[i]
		inTime := (r.From == 0 || s.Start >= r.From) && (r.To == 0 || s.Start < r.To)
		if inTime && r.Query.Match(s) && scoped(s) {
			return true
		}
	}
	return false
}
