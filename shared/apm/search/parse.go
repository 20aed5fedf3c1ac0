package search

import (
	"fmt"
	"strings"
	"unicode"
)

// Parse reads a query; an empty one matches every span. Its error is a
// *SyntaxError.
//
// AND binds more tightly than OR, and stands between terms that nothing stands
// between. The operators are in capitals; && and || are the same. A value may
// be a group, as in env:(prod OR test).
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
		return Query{}, p.expected(p.at, `no ")" without a "(" before it`)
	}
	return Query{expr}, nil
}

// A parser goes through a query by recursive descent. Space is taken by who
// comes to it: unary takes what follows a term.
type parser struct {
	query string
	runes []rune
	at    int
	depth int
}

// deepest is how many parentheses and negations may be around a term.
const deepest = 100

// or reads alternatives. In a group, as in env:(prod OR test), the values are
// of the field before it; else that is nil.
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
	return flattenOr(parts), nil
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
	return flattenAnd(parts), nil
}

// unary reads a term or a parenthesis, negated or not.
func (p *parser) unary(group *Field) (Expr, error) {
	if p.depth++; p.depth > deepest {
		return nil, p.expected(p.at, fmt.Sprintf("at most %d parentheses and negations within each other", deepest))
	}
	defer func() { p.depth-- }()

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

// enclosed reads what follows an opening parenthesis.
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

// term reads free text or a field with its value; in a group, a value.
func (p *parser) term(group *Field) (Expr, error) {
	if group != nil {
		return p.value(*group)
	}
	start := p.at
	if p.take('@') {
		return p.attribute(start)
	}
	pattern, err := p.pattern("a term such as service:thinker-api")
	if err != nil {
		return nil, err
	}
	if p.atEnd() || p.peek() != ':' {
		return NewText(pattern), nil
	}
	field := Field{Name: pattern.text}
	if !field.isReserved() {
		last := len(reserved()) - 1
		names := strings.Join(reserved()[:last], ", ") + " and " + reserved()[last]
		return nil, p.expected(start, fmt.Sprintf(`"@" before %s (only %s do without)`, string(p.runes[start:p.at]), names))
	}
	p.take(':')
	return p.value(field)
}

// attribute reads a tag's name, from after the @, and the value asked for.
func (p *parser) attribute(start int) (Expr, error) {
	nameAt := p.at
	name, err := p.pattern(`an attribute's name after "@"`)
	if err != nil {
		return nil, err
	}
	switch {
	case !name.literal():
		return nil, p.expected(nameAt, `an attribute's name without wildcards`)
	case name.text == "":
		return nil, p.expected(nameAt, `an attribute's name after "@"`)
	case !p.take(':'):
		return nil, p.expected(p.at, fmt.Sprintf(`":" and a value after %s`, string(p.runes[start:p.at])))
	}
	return p.value(Field{Name: name.text, Tag: true})
}

// value reads what is asked of a field.
func (p *parser) value(field Field) (Expr, error) {
	start := p.at
	switch {
	case p.take('('):
		return p.enclosed(&field)
	case p.atEnd() || !strings.ContainsRune("<>[{", p.peek()):
		test, err := p.match(field)
		return Term{field, test}, err
	case !field.isNumber():
		return nil, p.expected(start, fmt.Sprintf("a value of %s: only duration and attributes with @ can be compared", field))
	case p.peek() == '<' || p.peek() == '>':
		test, err := p.comparison(field)
		return Term{field, test}, err
	default:
		test, err := p.interval(field)
		return Term{field, test}, err
	}
}

// match reads a value that is to be equal, or that has wildcards.
func (p *parser) match(field Field) (Test, error) {
	start := p.at
	pattern, err := p.pattern(fmt.Sprintf(`a value right after "%s:"`, field))
	if err != nil || !field.IsDuration() || pattern.everything() {
		return pattern, err
	}
	number, ok := parseNumber(pattern.text)
	if !ok || !pattern.literal() {
		return nil, p.expected(start, durationExpected)
	}
	return Comparison{Than: number}, nil
}

func (p *parser) comparison(field Field) (Test, error) {
	operator := string(p.next())
	if p.take('=') {
		operator += "="
	}
	number, err := p.number(field)
	return Comparison{operator, number}, err
}

// interval reads a range, as in [400 TO 499].
func (p *parser) interval(field Field) (Test, error) {
	var r Range
	var err error
	r.Low.Exclusive = p.next() == '{'
	p.space()
	if err = p.bound(field, &r.Low); err != nil {
		return nil, err
	}
	if p.space(); !p.ahead("TO") {
		return nil, p.expected(p.at, `"TO" between the two ends of the range`)
	}
	p.at += len("TO")
	p.space()
	if err = p.bound(field, &r.High); err != nil {
		return nil, err
	}
	p.space()
	r.High.Exclusive = !p.atEnd() && p.peek() == '}'
	if !p.take('}') && !p.take(']') {
		return nil, p.expected(p.at, `"]" or "}" at the end of the range`)
	}
	return r, nil
}

func (p *parser) bound(field Field, b *Bound) (err error) {
	if b.Open = p.take('*'); b.Open {
		return nil
	}
	b.Number, err = p.number(field)
	return err
}

const durationExpected = `a duration such as 200ms; its units are ns, us, ms, s, m and h`

func (p *parser) number(field Field) (Number, error) {
	start := p.at
	number, ok := parseNumber(strings.TrimPrefix(p.word(), `\`)) // a minus may be escaped
	switch {
	case field.IsDuration() && !ok:
		return Number{}, p.expected(start, durationExpected)
	case !ok:
		return Number{}, p.expected(start, "a number")
	case number.Unit != "" && !field.IsDuration():
		return Number{}, p.expected(start, "a number without a unit: only duration has units")
	}
	return number, nil
}

// pattern reads a word, which may have wildcards and escapes, or a text in
// quotes, which has no wildcards.
func (p *parser) pattern(expected string) (Pattern, error) {
	if p.take('"') {
		text, err := p.quoted()
		return Literal(text), err
	}
	start := p.at
	segments := [][]rune{nil}
	for !p.atEnd() && isWordRune(p.peek()) {
		last := len(segments) - 1
		switch r := p.next(); r {
		case '*':
			if last == 0 || len(segments[last]) > 0 { // ** is *
				segments = append(segments, nil)
			}
		case '?':
			segments[last] = append(segments[last], anyRune)
		case '\\':
			if p.atEnd() {
				return Pattern{}, p.expected(p.at, `a character after "\"`)
			}
			segments[last] = append(segments[last], p.next())
		default:
			segments[last] = append(segments[last], r)
		}
	}
	if p.at == start {
		return Pattern{}, p.expected(p.at, expected)
	}
	if len(segments) == 1 && !hasWildcard(segments[0]) {
		return Literal(string(segments[0])), nil
	}
	return Pattern{segments: segments}, nil
}

// quoted reads from after a quote to the next.
func (p *parser) quoted() (string, error) {
	var text []rune
	for !p.atEnd() {
		switch r := p.next(); r {
		case '"':
			return string(text), nil
		case '\\':
			if p.atEnd() {
				return "", p.expected(p.at, `a character after "\"`)
			}
			text = append(text, p.next())
		default:
			text = append(text, r)
		}
	}
	return "", p.expected(p.at, `a closing quote (")`)
}

// termEnds holds that nothing is stuck to the end of a term.
func (p *parser) termEnds() error {
	if p.atEnd() || unicode.IsSpace(p.peek()) || p.peek() == ')' {
		return nil
	}
	if before := p.runes[p.at-1]; strings.ContainsRune(`")]}`, before) || isWordRune(p.peek()) || p.peek() == '(' {
		return p.expected(p.at, "a space before the next term")
	}
	return p.expected(p.at, fmt.Sprintf(`a space, or "\" before %c if it is part of the value`, p.peek()))
}

// operator takes one of the operators, if it comes next.
func (p *parser) operator(names ...string) bool {
	if !p.ahead(names...) {
		return false
	}
	p.word()
	p.space()
	return true
}

// ahead tells whether one of the names comes next, as a word of its own.
func (p *parser) ahead(names ...string) bool {
	start := p.at
	word := p.word()
	p.at = start
	for _, name := range names {
		if word == name {
			return true
		}
	}
	return false
}

// word takes the characters of a word as they stand.
func (p *parser) word() string {
	start := p.at
	for !p.atEnd() && isWordRune(p.peek()) {
		p.at++
	}
	return string(p.runes[start:p.at])
}

func isWordRune(r rune) bool {
	return !unicode.IsSpace(r) && !strings.ContainsRune(`"():<>[]{}`, r)
}

func (p *parser) atEnd() bool { return p.at == len(p.runes) }

func (p *parser) peek() rune { return p.runes[p.at] }

func (p *parser) next() rune {
	p.at++
	return p.runes[p.at-1]
}

func (p *parser) take(r rune) bool {
	if p.atEnd() || p.peek() != r {
		return false
	}
	p.at++
	return true
}

func (p *parser) space() {
	for !p.atEnd() && unicode.IsSpace(p.peek()) {
		p.at++
	}
}

func (p *parser) expected(offset int, what string) error {
	return &SyntaxError{Query: p.query, Offset: offset, Expected: what}
}

// flattenAnd takes the parts of an And within an And out of it: parentheses
// around them meant nothing.
func flattenAnd(parts And) And {
	var flat And
	for _, part := range parts {
		if inner, ok := part.(And); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, part)
		}
	}
	return flat
}

// flattenOr is the same for Or.
func flattenOr(parts Or) Or {
	var flat Or
	for _, part := range parts {
		if inner, ok := part.(Or); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, part)
		}
	}
	return flat
}
