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
	contains := matcher(text)
	s.matches = make([]bool, len(boxes))
	for i, box := range boxes {
		if span := box.Node.Span; (!onlyErrors || span.Error) && (text == "" || contains(span)) {
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

// HitURL returns the address of the match after the selected span for 1, before it for −1;
// empty without matches. The first match follows the last one.
func (s *search) HitURL(step int) string {
	n := len(s.hits)
	if n == 0 {
		return ""
	}
	at, chosen := slices.BinarySearch(s.hits, s.chosen)
	if step > 0 && !chosen {
		step = 0 // the match at this place is after the selected span
	}
	return s.url(s.hits[(at+step+n)%n])
}

// matcher returns a function that reports whether a text, in any case, is in a span's
// service, operation, resource or tags, or is its ID.
func matcher(text string) func(*apm.Span) bool {
	ids := query.ParseIDs(text)
	in := func(value string) bool { // without a copy of the value
		for at := 0; at+len(text) <= len(value); at++ {
			if strings.EqualFold(value[at:at+len(text)], text) {
				return true
			}
		}
		return false
	}
	isPair := strings.Contains(text, ":") // a tag's name and value, as in subject:war
	inTag := func(name, value string) bool {
		return in(name) || in(value) || isPair && in(name+":"+value)
	}
	return func(s *apm.Span) bool {
		if in(s.Service) || in(s.Name) || in(s.Resource) ||
			slices.ContainsFunc(ids, func(id query.ID) bool { return id.Low == s.SpanID }) {
			return true
		}
		for name, value := range s.Meta {
			if inTag(name, value) {
				return true
			}
		}
		for name, value := range s.Metrics {
			if inTag(name, strconv.FormatFloat(value, 'f', -1, 64)) {
				return true
			}
		}
		return false
	}
}
