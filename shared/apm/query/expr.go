package query

import (
	"strings"

	"github.com/bits-and-blooms/bitset"
)

// An Expr is a condition on a span: And, Or, Not, Term or Text.
type Expr interface {
	String() string // as a query that parses to itself
	// find returns the rows that the condition holds for.
	find(Columns) (*bitset.BitSet, error)
}

// And holds where all of its parts do. It has two or more.
type And []Expr

// Or holds where one of its parts does. It has two or more.
type Or []Expr

// Not holds where its part does not.
type Not struct{ Expr Expr }

// A Term asks for an attribute of a span, as in service:thinker-api. A span
// without the attribute does not match.
type Term struct {
	Field Field
	Test  Test
}

// A Test is what is asked of an attribute's value: a Pattern, a Comparison or
// a Range. Tags have their values as text or as numbers.
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

// enclose writes an expression, in parentheses where it is compound and they
// are asked for.
func enclose(e Expr, parentheses bool) string {
	switch e.(type) {
	case And, Or:
		if parentheses {
			return "(" + e.String() + ")"
		}
	}
	return e.String()
}
