package query

import (
	"slices"
	"strings"
	"unicode"
)

// operator skips one of the operators, and reports whether it came next.
func (p *parser) operator(names ...string) bool {
	if !p.ahead(names...) {
		return false
	}
	p.word()
	p.space()
	return true
}

// ahead reports whether the next word is one of the names.
func (p *parser) ahead(names ...string) bool {
	start := p.at
	word := p.word()
	p.at = start
	return slices.Contains(names, word)
}

// word returns the next word as it's written, with escapes, and skips it.
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
