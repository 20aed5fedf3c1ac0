package traceview

import (
	"slices"
	"strconv"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

// A search is the spans that a reader looks for.
type search struct {
	matches []bool // by box; nil if the reader looks for none
	hits    []int  // boxes that match, in order
	chosen  int    // box of the selected span; −1 for none
	url     func(box int) string
}

// find marks the spans that contain a text; with onlyErrors, those that also failed.
func (s *search) find(boxes []apm.Box, text string, onlyErrors bool) {
	sought := newNeedle(text)
	s.matches = make([]bool, len(boxes))
	for i, box := range boxes {
		if span := box.Node.Span; (!onlyErrors || span.Error) && (text == "" || sought.inSpan(span)) {
			s.matches[i], s.hits = true, append(s.hits, i)
		}
	}
}

// Sought reports whether the reader looks for spans.
func (s *search) Sought() bool { return s.matches != nil }

// HitsText counts the matches, as in 2 of 7.
func (s *search) HitsText() string {
	at, chosen := slices.BinarySearch(s.hits, s.chosen)
	switch {
	case len(s.hits) == 0:
		return "No matches"
	case chosen:
		return format.Number(at+1) + " of " + format.Number(len(s.hits))
	default:
		return format.Count(len(s.hits), "match", "matches")
	}
}

// PreviousURL returns the address of the match before the selected span, or else of the
// last one; empty without matches.
func (s *search) PreviousURL() string {
	at, _ := slices.BinarySearch(s.hits, s.chosen)
	return s.hitURL(at - 1)
}

// NextURL returns the address of the match after the selected span, or else of the first
// one; empty without matches.
func (s *search) NextURL() string {
	at, _ := slices.BinarySearch(s.hits, s.chosen+1)
	return s.hitURL(at)
}

func (s *search) hitURL(at int) string {
	n := len(s.hits)
	if n == 0 {
		return ""
	}
	return s.url(s.hits[(at+n)%n])
}

// A needle is a text to find in others, in any case.
type needle struct {
	text string
	pair bool // it may be a tag's name and value, as in subject:war
	ids  []query.ID
}

func newNeedle(text string) needle {
	return needle{text, strings.Contains(text, ":"), query.ParseIDs(text)}
}

// inSpan reports whether the needle is in a span's service, operation, resource or tags,
// or is its ID.
func (n needle) inSpan(s *apm.Span) bool {
	if n.in(s.Service) || n.in(s.Name) || n.in(s.Resource) {
		return true
	}
	for _, id := range n.ids {
		if id.Low == s.SpanID {
			return true
		}
	}
	for name, value := range s.Meta {
		if n.inTag(name, value) {
			return true
		}
	}
	for name, value := range s.Metrics {
		if n.inTag(name, strconv.FormatFloat(value, 'f', -1, 64)) {
			return true
		}
	}
	return false
}

func (n needle) inTag(name, value string) bool {
	return n.in(name) || n.in(value) || n.pair && n.in(name+":"+value)
}

// in reports whether a text contains the needle, without a copy.
func (n needle) in(text string) bool {
	for at := 0; at+len(n.text) <= len(text); at++ {
		if strings.EqualFold(text[at:at+len(n.text)], n.text) {
			return true
		}
	}
	return false
}
