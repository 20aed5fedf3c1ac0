package query

import (
	"fmt"
	"slices"
	"strings"
)

// value parses the test of a field.
func (p *parser) value(field Field) (Expr, error) {
	start := p.at
	switch {
	case p.take('('):
		return p.enclosed(&field)
	case p.atEnd() || !strings.ContainsRune("<>[{", p.peek()):
		test, err := p.match(field)
		return Term{field, test}, err
	case !field.isNumber():
		return nil, p.expected(start, fmt.Sprintf("a value of %s to match exactly: "+
			"only duration and attributes with @ take comparisons and ranges", field))
	case p.peek() == '<' || p.peek() == '>':
		test, err := p.comparison(field)
		return Term{field, test}, err
	default:
		test, err := p.interval(field)
		return Term{field, test}, err
	}
}

// match parses a value to be equal to, or with wildcards.
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
	return Comparison{Number: number}, nil
}

func (p *parser) comparison(field Field) (Test, error) {
	operator := string(p.next())
	if p.take('=') {
		operator += "="
	}
	number, err := p.number(field)
	return Comparison{operator, number}, err
}

// interval parses a range, as in [400 TO 499].
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

// pattern parses a word, which may have wildcards and escapes, or a text in quotes, which
// has no wildcards.
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
	if len(segments) == 1 && !slices.Contains(segments[0], anyRune) {
		return Literal(string(segments[0])), nil
	}
	return Pattern{segments: segments}, nil
}

// quoted parses the text after a quote, up to the next quote.
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
