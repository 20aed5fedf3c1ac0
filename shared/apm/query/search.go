// Package query implements Datadog's query language for spans: it parses a query into a
// small tree, finds the spans that match, and prints the tree as a query
// (https://docs.datadoghq.com/tracing/trace_explorer/query_syntax/).
//
//	service:thinker-api @http.status_code:>=500 duration:>200ms
//	(@subject:war OR @subject:art) -status:error
//	@http.status_code:[400 TO 499] AND NOT resource_name:"GET /think/"
//
// A store that implements Columns runs a query on the distinct values of its columns,
// instead of on each span.
package query

import (
	"slices"

	"thinker/shared/apm"
)

// A Query matches some spans. Its zero value matches every span.
type Query struct {
	Expr Expr // nil to match every span
}

// String returns the query in its plainest form, which Parse parses as the same query.
func (q Query) String() string {
	if q.Expr == nil {
		return ""
	}
	return q.Expr.String()
}

// A Selection selects spans by query, scope and time.
type Selection struct {
	Query Query
	Scope Scope

	// A selected span started at From or later, and before To, both in nanoseconds since
	// the Unix epoch. 0 is no limit.
	From, To int64
}

// A Request requests a page of the traces that have a selected span.
type Request struct {
	Selection
	Limit  int    // of the traces
	Before uint64 // the cursor of the previous page; 0 for the first page
}

// A Breakdown requests figures of the selected spans, in groups.
type Breakdown struct {
	Selection
	By           []Field // the spans of a group have the same values; empty for the total alone
	Buckets      int     // equal parts that the time range is divided into
	Distribution bool    // whether to count the latencies of each group
	Limit        int     // of the groups, those with most requests first; 0 for all
}

// Selects reports whether one of the spans is selected.
func (s Selection) Selects(spans []apm.Span) bool {
	return slices.ContainsFunc(spans, func(span apm.Span) bool { return s.Match(&span) })
}
