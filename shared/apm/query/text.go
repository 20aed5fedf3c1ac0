package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text searches for words anywhere in a span: in its resource, operation, service and
// the values of its tags. Case doesn't matter. It finds whole words: war matches
// "the war" but not "warm", which war* matches. A word that can be an ID also matches the
// span with that ID, and all spans of the trace with that ID.
type Text struct {
	pattern  Pattern
	segments [][]rune // in lower case

	// The bytes that a match can start with, to skip most positions. They include all
	// bytes beyond ASCII, where a letter's cases can differ in their first byte.
	firstBytes *[256]bool

	ids idTest
}

// minIDLength is the length from which on a word can be an ID. IDs are random numbers of
// 64 bits or more, so shorter words are statuses, ports, counts or words such as "cafe".
const minIDLength = 8

// NewText returns a search for the words that the pattern matches.
func NewText(p Pattern) Text {
	t := Text{pattern: p, firstBytes: new([256]bool), ids: idTest{literal: true}}
	if len(strings.TrimSpace(p.text)) >= minIDLength {
		t.ids = newIDTest(p)
	}
	for _, segment := range p.segments {
		lower := make([]rune, len(segment))
		for i, r := range segment {
			lower[i] = unicode.ToLower(r) // doesn't change anyRune
		}
		t.segments = append(t.segments, lower)
	}
	first := t.segments[0]
	for b := range t.firstBytes {
		t.firstBytes[b] = b >= utf8.RuneSelf || len(first) == 0 || first[0] == anyRune ||
			unicode.ToLower(rune(b)) == first[0]
	}
	return t
}

func (t Text) String() string { return t.pattern.String() }

// LooksIn reports whether Text searches the tag with that name. It skips the tags that
// tracers set for Datadog, whose names begin with an underscore.
func LooksIn(tag string) bool { return !strings.HasPrefix(tag, "_") }

// MatchNumber reports whether the pattern matches the number.
func (t Text) MatchNumber(value float64) bool { return t.pattern.MatchNumber(value) }

// MatchText reports whether the value contains the words. Each segment is matched at the
// first position where it fits. The first one must start where a word starts, and the
// last one must end where a word ends.
func (t Text) MatchText(value string) bool {
	at := 0
	for segment := range t.segments {
		end, ok := t.seek(value, at, segment)
		if !ok {
			return false
		}
		at = end
	}
	return true
}

// seek returns the end of the first position, at a byte or later, where a segment fits.
func (t Text) seek(value string, from, segment int) (end int, ok bool) {
	last := segment == len(t.segments)-1
	var tried effort
	for at := from; ; {
		for segment == 0 && at < len(value) && !t.firstBytes[value[at]] {
			at++
		}
		if at > len(value) {
			return 0, false
		}
		end, ok := t.fitsAt(value, at, segment)
		if ok && (!last || t.wordEnds(value, end)) {
			return end, true
		}
		if tried.exceeds(end-at, at-from, t.segments[segment]) {
			break
		}
		_, size := utf8.DecodeRuneInString(value[at:])
		at += max(1, size) // one byte past the end, too, which ends the loop
	}
	a := newAutomaton(t.segments[segment])
	before, _ := utf8.DecodeLastRuneInString(value[:from])
	for end = from; end < len(value); {
		r, size := utf8.DecodeRuneInString(value[end:])
		end += size
		mayStart := segment > 0 || !isWord(before) || !isWord(unicode.ToLower(r))
		if a.next(unicode.ToLower(r), mayStart) && (!last || t.wordEnds(value, end)) {
			return end, true
		}
		before = r
	}
	return 0, false
}

// fitsAt reports whether a segment fits at a position. It also returns where the segment
// ends or, if it doesn't fit, the end of the part that does.
func (t Text) fitsAt(value string, at, segment int) (end int, ok bool) {
	runes := t.segments[segment]
	end = at
	for i, want := range runes {
		if end == len(value) {
			return end, false
		}
		r, size := rune(value[end]), 1
		switch {
		case r >= utf8.RuneSelf:
			r, size = utf8.DecodeRuneInString(value[end:])
			r = unicode.ToLower(r)
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		}
		if want != anyRune && r != want {
			return end, false
		}
		if i == 0 && segment == 0 && isWord(r) {
			if before, _ := utf8.DecodeLastRuneInString(value[:at]); isWord(before) {
				return end, false
			}
		}
		end += size
	}
	return end, true
}

// wordEnds reports whether end isn't in the middle of a word. If the pattern ends with a
// star, the match may end anywhere.
func (t Text) wordEnds(value string, end int) bool {
	if len(t.segments[len(t.segments)-1]) == 0 {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(value[:end])
	after, _ := utf8.DecodeRuneInString(value[end:])
	return !isWord(before) || !isWord(after)
}

// isWord reports whether the character is part of a word. utf8.RuneError, which decoding
// an empty text returns, isn't.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}
