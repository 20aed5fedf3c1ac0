package query

import (
	"fmt"
	"strings"
	"unicode"
)

// Parse parses a query; an empty one matches every span. Its error is a *SyntaxError.
//
// AND binds more tightly than OR, and joins terms that have no operator between them.
// Operators are upper case; && and || mean the same. A value may be a group, as in
// env:(prod OR test).
// See decisions/query-semantics.md.
func Parse(query string) (Query, error) {
	p := &parser{query: query, runes: []rune(query)}
	if p.space(); p.atEnd() {
		return Query{}, nil
	}
	expr, err := p.or(nil)
	if err != nil {
		return Query{}, err
	}
	if !p.atEnd() {
		return Query{}, p.expected(p.at, `a "(" earlier in the query to match this ")"`)
	}
	return Query{expr}, nil
}

// A parser parses a query by recursive descent. After a term, unary skips the space.
type parser struct {
	query string
	runes []rune
	at    int
	depth int
	terms int
}

const (
	maxDepth = 100 // of parentheses and negations around a term
	maxTerms = 200 // since each is evaluated for every span
)

// or parses alternatives. In a group of values, as in env:(prod OR test), group is the
// field before it, and otherwise nil.
func (p *parser) or(group *Field) (Expr, error) {
	first, err := p.and(group)
	if err != nil {
		return nil, err
	}
	parts := Or{first}
	for p.operator("OR", "||") {
		next, err := p.and(group)
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return flatten(parts), nil
}

func (p *parser) and(group *Field) (Expr, error) {
	first, err := p.unary(group)
	if err != nil {
		return nil, err
	}
	parts := And{first}
	for !p.atEnd() && p.peek() != ')' && !p.ahead("OR", "||") {
		p.operator("AND", "&&")
		next, err := p.unary(group)
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return flatten(parts), nil
}

// unary parses a term or a parenthesized query, negated or not.
func (p *parser) unary(group *Field) (Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.expected(p.at, fmt.Sprintf("at most %d nested parentheses and negations", maxDepth))
	}
	defer func() { p.depth-- }()
	if p.terms++; p.terms > maxTerms {
		return nil, p.expected(p.at, fmt.Sprintf("at most %d terms", maxTerms))
	}

	start := p.at
	switch {
	case p.operator("NOT"):
		return p.negated(group)
	case p.ahead("AND", "&&", "OR", "||"):
		return nil, p.expected(start, fmt.Sprintf("a term; to search for the word itself, put %s in quotes", p.word()))
	case p.take('-'):
		if p.atEnd() || unicode.IsSpace(p.peek()) {
			return nil, p.expected(p.at, `a term right after "-"`)
		}
		return p.negated(group)
	case p.take('('):
		expr, err := p.enclosed(group)
		p.space()
		return expr, err
	}

	expr, err := p.term(group)
	if err != nil {
		return nil, err
	}
	if err := p.termEnds(); err != nil {
		return nil, err
	}
	p.space()
	return expr, nil
}

func (p *parser) negated(group *Field) (Expr, error) {
	expr, err := p.unary(group)
	if err != nil {
		return nil, err
	}
	return Not{expr}, nil
}

// enclosed parses the query after an opening parenthesis, and the closing one.
func (p *parser) enclosed(group *Field) (Expr, error) {
	p.space()
	expr, err := p.or(group)
	if err != nil {
		return nil, err
	}
	if !p.take(')') {
		return nil, p.expected(p.at, `")"`)
	}
	return expr, nil
}

// term parses free text, or a field with its value. In a group, it parses a value.
func (p *parser) term(group *Field) (Expr, error) {
	if group != nil {
		return p.value(*group)
	}
	start := p.at
	if !p.atEnd() && p.peek() == '@' {
		field, err := p.field()
		if err != nil {
			return nil, err
		}
		if !p.take(':') {
			return nil, p.expected(p.at, fmt.Sprintf(`":" and a value after %s`, string(p.runes[start:p.at])))
		}
		return p.value(field)
	}
	pattern, err := p.pattern("a term such as service:thinker-api")
	if err != nil {
		return nil, err
	}
	if p.atEnd() || p.peek() != ':' {
		return NewText(pattern), nil
	}
	field, err := p.reserved(start, pattern)
	if err != nil {
		return nil, err
	}
	p.take(':')
	return p.value(field)
}

func (p *parser) field() (Field, error) {
	start := p.at
	if !p.take('@') {
		name, err := p.pattern("an attribute such as service or @http.status_code")
		if err != nil {
			return Field{}, err
		}
		return p.reserved(start, name)
	}
	nameAt := p.at
	name, err := p.pattern(`an attribute's name after "@"`)
	switch {
	case err != nil:
		return Field{}, err
	case !name.literal():
		return Field{}, p.expected(nameAt, `an attribute's name without wildcards`)
	case name.text == "":
		return Field{}, p.expected(nameAt, `an attribute's name after "@"`)
	}
	return Field{Name: name.text, Tag: true}, nil
}

// reserved returns the reserved attribute with the name that was parsed from start on.
func (p *parser) reserved(start int, name Pattern) (Field, error) {
	field := Field{Name: name.text}
	if field.isReserved() {
		return field, nil
	}
	last := len(reserved()) - 1
	names := strings.Join(reserved()[:last], ", ") + " and " + reserved()[last]
	expected := fmt.Sprintf(`"@" before %s (only %s take no "@")`, string(p.runes[start:p.at]), names)
	switch name.text {
	case "resource":
		expected = "resource_name, or " + expected
	case "operation", "name":
		expected = "operation_name, or " + expected
	}
	return field, p.expected(start, expected)
}

// termEnds returns an error if the next term follows without a space.
func (p *parser) termEnds() error {
	if p.atEnd() || unicode.IsSpace(p.peek()) || p.peek() == ')' {
		return nil
	}
	if before := p.runes[p.at-1]; strings.ContainsRune(`")]}`, before) || isWordRune(p.peek()) || p.peek() == '(' {
		return p.expected(p.at, "a space before the next term")
	}
	return p.expected(p.at, fmt.Sprintf(`a space; if %[1]c is part of the value, write \%[1]c`, p.peek()))
}

func (p *parser) expected(offset int, what string) error {
	return &SyntaxError{Query: p.query, Offset: offset, Expected: what}
}

// flatten replaces an And within an And, or an Or within an Or, by its parts: parentheses
// around them don't change the meaning.
func flatten[T interface {
	~[]Expr
	Expr
}](parts T) T {
	var flat T
	for _, part := range parts {
		if inner, ok := part.(T); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, part)
		}
	}
	return flat
}
