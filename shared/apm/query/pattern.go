package query

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Pattern is a text in which * stands for any characters and ? for one. It must match
// the whole value, and case matters.
type Pattern struct {
	// The parts between the stars: one if there is no star. Each is matched at the first
	// position where it fits.
	segments [][]rune
	text     string // of a literal pattern
}

// anyRune is a ? in a segment.
const anyRune = -1

// Literal returns the pattern that matches only the text.
func Literal(text string) Pattern {
	return Pattern{segments: [][]rune{[]rune(text)}, text: text}
}

// OneLine returns a pattern that matches the text and fits on one line, as in a browser's
// search field. It has a ? for each line break.
func OneLine(text string) Pattern {
	runes := []rune(text)
	for i, r := range runes {
		if r == '\n' || r == '\r' {
			runes[i] = anyRune
		}
	}
	if !slices.Contains(runes, anyRune) {
		return Literal(text)
	}
	return Pattern{segments: [][]rune{runes}}
}

// literal reports whether the pattern has no wildcards.
func (p Pattern) literal() bool {
	return len(p.segments) == 1 && !slices.Contains(p.segments[0], anyRune)
}

// everything reports whether the pattern is only a star.
func (p Pattern) everything() bool {
	return len(p.segments) == 2 && len(p.segments[0]) == 0 && len(p.segments[1]) == 0
}

// MatchText reports whether the pattern matches the whole value.
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

// MatchNumber reports whether the pattern matches the number. A pattern with wildcards
// matches its decimal text.
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

// String returns the pattern as a value of a query.
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

// fitsAt reports whether the text begins with the segment. It also returns where the
// segment ends or, if it doesn't fit, the end of the part that does.
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

// fitsEnd reports whether the text ends with the segment.
func fitsEnd(text string, segment []rune) bool {
	at := len(text)
	for range segment {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	end, ok := fitsAt(text[at:], segment)
	return ok && at+end == len(text)
}

// find returns the end of the first position where the segment fits.
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

// quote returns a text as a literal value, in quotes if it would parse as something else.
func quote(text string) string {
	isOperator := slices.Contains([]string{"AND", "OR", "NOT", "&&", "||"}, text)
	if text != "" && !isOperator && !strings.ContainsFunc(text, isSpecial) && text[0] != '-' && text[0] != '@' {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func escape(text string) string { return escapeRunes([]rune(text)) }

// escapeRunes returns a text with a backslash before each character that has a meaning,
// for names and patterns, which can't be in quotes.
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

// isSpecial reports whether Datadog's syntax gives the character a meaning, or reserves it.
func isSpecial(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`"\*?:<>()[]{}=~!^&|#`, r)
}
