// Package query is Datadog's query language for spans: it reads a query into
// a small tree, tells which spans match it, and prints it again
// (https://docs.datadoghq.com/tracing/trace_explorer/query_syntax/).
//
//	service:thinker-api @http.status_code:>=500 duration:>200ms
//	(@subject:war OR @subject:art) -status:error
//	@http.status_code:[400 TO 499] AND NOT resource_name:"GET /think/"
//
// A store need not match span by span: the tree is exported, and each Term has
// a Field to look up and a Test that can be run on a column's distinct values.
package query

import (
	"slices"

	"thinker/shared/apm"
)

// A Query is what somebody looks for. The zero Query matches every span.
type Query struct {
	Expr Expr // nil for every span
}

// String is the query in its plainest form. Parse reads it as the same query.
func (q Query) String() string {
	if q.Expr == nil {
		return ""
	}
	return q.Expr.String()
}

// A Selection is which spans somebody looks for.
type Selection struct {
	Query Query
	Scope Scope

	// The span must have started in this time, in nanoseconds since the Unix
	// epoch: at From or later, and before To. 0 is no bound.
	From, To int64
}

// A Request is a page of the traces that have a span that is looked for.
type Request struct {
	Selection
	Limit  int    // how many traces at most
	Before uint64 // where to go on: the cursor that came with the page before; 0 to begin
}

// A Breakdown asks for the figures of the spans that are looked for.
type Breakdown struct {
	Selection
	By           []Field // what the spans of a group have in common; none for the total alone
	Buckets      int     // how many equal parts the time is divided into
	Distribution bool    // also count the latencies of each group
	Limit        int     // how many groups at most, those with most requests; 0 for all
}

// Selects tells whether one of the spans is looked for.
func (s Selection) Selects(spans []apm.Span) bool {
	return slices.ContainsFunc(spans, func(span apm.Span) bool { return s.Match(&span) })
}
