package apmtest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

// A Condition is a condition that a trace must meet. Queries use Datadog's syntax, like
// the search field of the pages: service:checkout, operation_name: and resource_name:
// for a span's own attributes, and an @ for its tags, as in @http.status_code:500.
type Condition struct {
	name    string // as written in the test: Span("service:checkout")
	queries []query.Query
	err     error // of a query that can't be parsed

	// unmet returns why a trace doesn't meet the condition, or "" if it does.
	unmet func(apm.Trace) string
}

// Span requires a span that matches the query.
func Span(q string) Condition {
	c := condition("Span", q)
	c.unmet = func(trace apm.Trace) string {
		if len(matches(trace, c.queries[0])) > 0 {
			return ""
		}
		return "no span matches" + nearest(trace, c.queries[0])
	}
	return c
}

// NoSpan requires that no span matches the query.
func NoSpan(q string) Condition {
	c := condition("NoSpan", q)
	c.unmet = func(trace apm.Trace) string {
		found := matches(trace, c.queries[0])
		if len(found) == 0 {
			return ""
		}
		return format.Count(len(found), "span matches: ", "spans match, the first is ") + format.Span(found[0].Span)
	}
	return c
}

// Child requires a span that matches the query parent and has a child that matches the
// query child.
func Child(parent, child string) Condition {
	c := condition("Child", parent, child)
	c.unmet = func(trace apm.Trace) string {
		parents, children := matches(trace, c.queries[0]), matches(trace, c.queries[1])
		switch {
		case len(parents) == 0:
			return "no span matches the parent's query" + nearest(trace, c.queries[0])
		case len(children) == 0:
			return "no span matches the child's query" + nearest(trace, c.queries[1])
		}
		for _, parent := range parents {
			for _, below := range parent.Children {
				if c.queries[1].Match(below.Span) {
					return ""
				}
			}
		}
		return fmt.Sprintf("both are there, but %s hangs %s", format.Span(children[0].Span),
			position(trace, children[0]))
	}
	return c
}

// Spans requires exactly n spans.
func Spans(n int) Condition {
	return Condition{name: fmt.Sprintf("Spans(%d)", n), unmet: func(trace apm.Trace) string {
		if len(trace.Spans) == n {
			return ""
		}
		return "it has " + format.Count(len(trace.Spans), "span", "spans")
	}}
}

// NoErrors requires that no span failed.
func NoErrors() Condition {
	return Condition{name: "NoErrors()", unmet: func(trace apm.Trace) string {
		if trace.Errors() == 0 {
			return ""
		}
		return format.Count(trace.Errors(), "span failed", "spans failed")
	}}
}

// condition returns a condition with parsed queries, still without unmet.
func condition(name string, queries ...string) Condition {
	var c Condition
	var arguments []string
	for _, q := range queries {
		arguments = append(arguments, fmt.Sprintf("%q", q))
		parsed, err := query.Parse(q)
		if c.err == nil {
			c.err = err
		}
		c.queries = append(c.queries, parsed)
	}
	c.name = name + "(" + strings.Join(arguments, ", ") + ")"
	return c
}

// unreadable returns the error of a query, and points to its position.
func (c Condition) unreadable() string {
	text := fmt.Sprintf("%s: %v", c.name, c.err)
	var syntax *query.SyntaxError
	if errors.As(c.err, &syntax) {
		for line := range strings.Lines(syntax.Caret()) {
			text += "\n" + strings.TrimRight("    "+line, "\n")
		}
	}
	return text
}

// matches returns the spans that match a query, in the tree's order.
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

// nearest describes the span that meets most terms of a query, and names the terms it
// doesn't meet. It returns "" if no span meets any.
func nearest(trace apm.Trace, q query.Query) string {
	terms, several := q.Expr.(query.And)
	if !several {
		return ""
	}
	var span *apm.Span
	var fewest []int
	for i := range trace.Spans {
		missed := missing(&trace.Spans[i], terms)
		// Of two spans that miss as many, the one that meets earlier terms is nearer.
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

// missing returns the indexes of the terms that a span doesn't meet.
func missing(span *apm.Span, terms query.And) (missed []int) {
	for i, term := range terms {
		if !(query.Query{Expr: term}).Match(span) {
			missed = append(missed, i)
		}
	}
	return missed
}

// position describes where in the tree a span is.
func position(trace apm.Trace, node *apm.Node) string {
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
