package apmtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

// matches are the spans that match a query, in the tree's order.
func matches(trace apm.Trace, q query.Query) (found []*apm.Node) {
	for _, root := range trace.Tree() {
		root.Walk(func(node *apm.Node) {
			if q.Match(node.Span) {
				found = append(found, node)
			}
		})
	}
	return found
}

// nearest says of a query that no span matches which span meets the most of its
// terms, and which it does not; nothing if no span meets any.
func nearest(trace apm.Trace, q query.Query) string {
	terms, several := q.Expr.(query.And)
	if !several {
		return ""
	}
	var span *apm.Span
	var fewest []int
	for i := range trace.Spans {
		missed := missing(&trace.Spans[i], terms)
		// Of two that miss as many, the one is nearer that meets what is asked first.
		nearer := cmp.Or(cmp.Compare(len(missed), len(fewest)), slices.Compare(fewest, missed)) < 0
		if len(missed) < len(terms) && (span == nil || nearer) {
			span, fewest = &trace.Spans[i], missed
		}
	}
	if span == nil {
		return ""
	}
	var but []string
	for _, i := range fewest {
		text := terms[i].String()
		if t, ok := terms[i].(query.Term); ok && t.Field.IsDuration() {
			text += " (it took " + format.Duration(span.Duration) + ")"
		}
		but = append(but, text)
	}
	return fmt.Sprintf("; %s does but for %s", format.Span(span), strings.Join(but, " and "))
}

// missing are the terms, by their place, that a span does not meet.
func missing(span *apm.Span, terms query.And) (missed []int) {
	for i, term := range terms {
		if !(query.Query{Expr: term}).Match(span) {
			missed = append(missed, i)
		}
	}
	return missed
}

// place says where in the tree a span is.
func place(trace apm.Trace, node *apm.Node) string {
	for _, candidate := range matches(trace, query.Query{}) {
		for _, below := range candidate.Children {
			if below.Span == node.Span {
				return "below " + format.Span(candidate.Span)
			}
		}
	}
	if node.Orphan {
		return "below a span that has not arrived"
	}
	return "below none"
}
