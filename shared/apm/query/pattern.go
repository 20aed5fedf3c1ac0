package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Pattern is a text in which * stands for any characters and ? for one. It
// is matched with a whole value, and case matters.
type Pattern struct {
	// segments are what stands between the stars, so a pattern without a star
	// has one. Each is matched at the first place where it fits.
	segments [][]rune
	text     string // of a literal pattern
}

// anyRune stands for ? in a segment.
const anyRune = -1

// Literal is the pattern that matches text alone.
func Literal(text string) Pattern {
	return Pattern{segments: [][]rune{[]rune(text)}, text: text}
}

// OneLine is Literal for where a query must fit in one line, as in a browser's
// search field: a ? stands for each line break of the text.
func OneLine(text string) Pattern {
	runes := []rune(text)
	for i, r := range runes {
		if r == '\n' || r == '\r' {
			runes[i] = anyRune
		}
	}
	if !hasWildcard(runes) {
		return Literal(text)
	}
	return Pattern{segments: [][]rune{runes}}
}

// literal tells whether the pattern has no wildcards.
func (p Pattern) literal() bool {
	return len(p.segments) == 1 && !hasWildcard(p.segments[0])
}

// everything tells whether the pattern is a mere star.
func (p Pattern) everything() bool {
	return len(p.segments) == 2 && len(p.segments[0]) == 0 && len(p.segments[1]) == 0
}

// MatchText tells whether the pattern fits the whole value.
func (p Pattern) MatchText(value string) bool {
	if p.literal() {
		return value == p.text
	}
	first, last := p.segments[0], p.segments[len(p.segments)-1]
	at, ok := fitsAt(value, first)
	if !ok {
		return false
	}
	if len(p.segments) == 1 {
		return at == len(value)
	}
	value = value[at:]
	for _, segment := range p.segments[1 : len(p.segments)-1] {
		end, ok := find(value, segment)
		if !ok {
			return false
		}
		value = value[end:]
	}
	return fitsEnd(value, last)
}

// MatchNumber tells whether the pattern fits the number: as the same number
// where it has no wildcards, and else as a text.
func (p Pattern) MatchNumber(value float64) bool {
	if p.everything() {
		return true
	}
	if p.literal() {
		number, err := strconv.ParseFloat(p.text, 64)
		return err == nil && number == value
	}
	return p.MatchText(strconv.FormatFloat(value, 'f', -1, 64))
}

// String writes the pattern so that it can be read as a value.
func (p Pattern) String() string {
	if p.literal() {
		return quote(p.text)
	}
	texts := make([]string, len(p.segments))
	for i, segment := range p.segments {
		texts[i] = escapeRunes(segment)
	}
	return strings.Join(texts, "*")
}

// fitsAt reports whether the text begins with the segment, and where that ends
// or, if it doesn't, how far it fits.
func fitsAt(text string, segment []rune) (end int, ok bool) {
	for _, want := range segment {
		r, size := utf8.DecodeRuneInString(text[end:])
		if size == 0 || want != anyRune && r != want {
			return end, false
		}
		end += size
	}
	return end, true
}

// fitsEnd tells whether the text ends with the segment.
func fitsEnd(text string, segment []rune) bool {
	at := len(text)
	for range segment {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	end, ok := fitsAt(text[at:], segment)
	return ok && at+end == len(text)
}

// find returns the end of the first place where the segment fits.
func find(text string, segment []rune) (end int, ok bool) {
	var tried effort
	for start := 0; ; {
		if len(segment) > 0 && segment[0] != anyRune {
			next := strings.IndexRune(text[start:], segment[0])
			if next < 0 {
				return 0, false
			}
			start += next
		}
		size, ok := fitsAt(text[start:], segment)
		if ok {
			return start + size, true
		}
		if tried.exceeds(size, start, segment) {
			break
		}
		_, size = utf8.DecodeRuneInString(text[start:])
		if size == 0 {
			return 0, false
		}
		start += size
	}
	a := newAutomaton(segment)
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		end += size
		if a.next(r, true) {
			return end, true
		}
	}
	return 0, false
}

func hasWildcard(segment []rune) bool {
	for _, r := range segment {
		if r == anyRune {
			return true
		}
	}
	return false
}

// quote writes a literal text, in quotes where it would not be read as it is.
func quote(text string) string {
	plain := text != "" && !isOperator(text) && !strings.ContainsFunc(text, isSpecial) && text[0] != '-' && text[0] != '@'
	if plain {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func escape(text string) string { return escapeRunes([]rune(text)) }

// escapeRunes writes a text with a backslash before what would not be read as
// it is; for where quotes cannot stand.
func escapeRunes(text []rune) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == anyRune:
			b.WriteByte('?')
			continue
		case isSpecial(r), i == 0 && (r == '-' || r == '@'):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isSpecial tells the characters that Datadog's syntax gives a meaning to, or
// keeps for one.
func isSpecial(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`"\*?:<>()[]{}=~!^&|#`, r)
}

func isOperator(text string) bool {
	switch text {
	case "AND", "OR", "NOT", "&&", "||":
		return true
	}
	return false
}
