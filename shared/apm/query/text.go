package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text looks for words anywhere in a span: in its resource, operation, service
// and the values of its tags. Case does not matter. Words are found whole:
// war is in "the war" and not in "warm", where war* is. A word that can be an ID
// also finds the span with that ID, and all spans of the trace with that ID.
type Text struct {
	pattern  Pattern
	segments [][]rune // in lower case

	// begins tells the bytes that may begin the words: a fast no for most
	// places. Beyond ASCII any byte may, as case is not a matter of single bytes.
	begins *[256]bool

	ids idTest
}

// leastID is how many characters a word needs to be taken for an ID. IDs are random
// numbers of 64 bits or more, so shorter words are statuses, ports, counts or words
// such as "cafe".
const leastID = 8

// NewText looks for the words that the pattern fits.
func NewText(p Pattern) Text {
	t := Text{pattern: p, begins: new([256]bool), ids: idTest{literal: true}}
	if len(strings.TrimSpace(p.text)) >= leastID {
		t.ids = newIDTest(p)
	}
	for _, segment := range p.segments {
		lower := make([]rune, len(segment))
		for i, r := range segment {
			lower[i] = unicode.ToLower(r) // which leaves anyRune as it is
		}
		t.segments = append(t.segments, lower)
	}
	for b := range t.begins {
		t.begins[b] = b >= utf8.RuneSelf || len(t.segments[0]) == 0 || t.segments[0][0] == anyRune || unicode.ToLower(rune(b)) == t.segments[0][0]
	}
	return t
}

func (t Text) String() string { return t.pattern.String() }

// LooksIn tells whether Text looks in the tag with that name. What tracers
// keep for themselves begins with an underscore, and is left out.
func LooksIn(tag string) bool { return !strings.HasPrefix(tag, "_") }

// MatchNumber tells whether the number is looked for.
func (t Text) MatchNumber(value float64) bool { return t.pattern.MatchNumber(value) }

// MatchText reports whether the words are in the value. Each segment is sought
// at the first place where it fits; the first must begin where a word does and
// the last end where one does.
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

// seek returns the end of the first place from a byte on where a segment fits.
func (t Text) seek(value string, from, segment int) (end int, ok bool) {
	last := segment == len(t.segments)-1
	var tried effort
	for at := from; ; {
		for segment == 0 && at < len(value) && !t.begins[value[at]] {
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
		at += max(1, size) // past the end, too
	}
	a := newAutomaton(t.segments[segment])
	before, _ := utf8.DecodeLastRuneInString(value[:from])
	for end = from; end < len(value); {
		r, size := utf8.DecodeRuneInString(value[end:])
		end += size
		begins := segment > 0 || !isWord(before) || !isWord(unicode.ToLower(r))
		if a.next(unicode.ToLower(r), begins) && (!last || t.wordEnds(value, end)) {
			return end, true
		}
		before = r
	}
	return 0, false
}

// fitsAt reports whether a segment fits at a place, and where it ends or, if it
// doesn't, how far it fits.
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

// wordEnds tells whether no word goes on from before end to after it. The
// last segment may be empty, after a star: that ends anywhere.
func (t Text) wordEnds(value string, end int) bool {
	if len(t.segments[len(t.segments)-1]) == 0 {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(value[:end])
	after, _ := utf8.DecodeRuneInString(value[end:])
	return !isWord(before) || !isWord(after)
}

// isWord tells the characters that words consist of. No rune at all, which
// decodes as an error, is none.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}
