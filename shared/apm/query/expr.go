package query

import (
	"strings"

	"github.com/bits-and-blooms/bitset"
)

// An Expr is a condition on a span: And, Or, Not, Term or Text.
type Expr interface {
	String() string // returns a query that parses to itself
	// find returns the rows that match.
	find(Columns) (*bitset.BitSet, error)
}

// And matches the spans that all of its parts match. It has two parts or more.
type And []Expr

// Or matches the spans that at least one of its parts matches. It has two parts or more.
type Or []Expr

// Not matches the spans that Expr doesn't match.
type Not struct{ Expr Expr }

// A Term tests an attribute of a span, as in service:thinker-api. A span without the
// attribute doesn't match.
type Term struct {
	Field Field
	Test  Test
}

// A Test is a condition on an attribute's value: a Pattern, a Comparison or a Range.
// The value of a tag is a text or a number.
type Test interface {
	Matcher
	String() string
}

func (a And) String() string { return join(a, " AND ") }

func (o Or) String() string { return join(o, " OR ") }

func (n Not) String() string { return "-" + enclose(n.Expr, true) }

func (t Term) String() string { return t.Field.String() + ":" + t.Test.String() }

// join writes parts with an operator between them. AND binds more tightly than
// OR, so only an Or needs parentheses, and only within an And.
func join(parts []Expr, operator string) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		_, either := part.(Or)
		texts[i] = enclose(part, either && operator != " OR ")
	}
	return strings.Join(texts, operator)
}

// enclose returns the text of an expression, in parentheses if it has several parts and
// parentheses is set.
func enclose(e Expr, parentheses bool) string {
	switch e.(type) {
	case And, Or:
		if parentheses {
			return "(" + e.String() + ")"
		}
	}
	return e.String()
}
