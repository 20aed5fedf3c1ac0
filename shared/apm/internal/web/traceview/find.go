package traceview

import (
	"slices"
	"strconv"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"unicode/utf8"
)

// found holds the spans of a trace that match the reader's search.
type found struct {
	sought bool   // there is a search
	boxes  []int  // in order
	marked []bool // by box; nil where nothing is sought
}

// find searches for a text in the spans' services, operations, resources and
// tags, in any case, or for the span with that ID; with errors, only among spans that
// failed.
func find(boxes []apm.Box, text string, errors bool) found {
	f := found{sought: text != "" || errors}
	if !f.sought {
		return f
	}
	needle := newNeedle(text)
	f.marked = make([]bool, len(boxes))
	for i, box := range boxes {
		if s := box.Node.Span; (!errors || s.Error) && (text == "" || needle.inSpan(s)) {
			f.marked[i] = true
			f.boxes = append(f.boxes, i)
		}
	}
	return f
}

// dimmed reports whether a span does not match a search.
func (f found) dimmed(box int) bool { return f.sought && !f.marked[box] }

// hit reports whether a span matches a search.
func (f found) hit(box int) bool { return f.sought && f.marked[box] }

// A needle is a text to find in others, in any case.
type needle struct {
	lower string
	ascii bool
	pair  bool // it may be a tag's name and value, as in subject:war
	ids   []uint64
}

func newNeedle(text string) needle {
	n := needle{lower: strings.ToLower(text), ascii: true, pair: strings.Contains(text, ":")}
	for _, id := range query.ParseIDs(text) {
		n.ids = append(n.ids, id.Low)
	}
	for i := range len(text) {
		n.ascii = n.ascii && text[i] < utf8.RuneSelf
	}
	return n
}

func (n needle) inSpan(s *apm.Span) bool {
	if n.in(s.Service) || n.in(s.Name) || n.in(s.Resource) || slices.Contains(n.ids, s.SpanID) {
		return true
	}
	for name, value := range s.Meta {
		if n.in(name) || n.in(value) || n.pair && n.in(name+":"+value) {
			return true
		}
	}
	for name, value := range s.Metrics {
		text := strconv.FormatFloat(value, 'f', -1, 64)
		if n.in(name) || n.in(text) || n.pair && n.in(name+":"+text) {
			return true
		}
	}
	return false
}

// in reports whether a text contains the needle. It avoids copies where it can.
func (n needle) in(text string) bool {
	if !n.ascii {
		return strings.Contains(strings.ToLower(text), n.lower)
	}
	if n.lower == "" {
		return true
	}
	for at := 0; at+len(n.lower) <= len(text); at++ {
		same := 0
		for same < len(n.lower) && lowerASCII(text[at+same]) == n.lower[same] {
			same++
		}
		if same == len(n.lower) {
			return true
		}
	}
	return false
}

func lowerASCII(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// A finding is the search field of a trace and the matches.
type finding struct {
	Text           string // as it was typed
	Sought         bool
	Errors         bool // only spans that failed
	ErrorsURL      string
	Count          string // 2 of 7
	Previous, Next string // addresses of other matches; empty without any
	ClearURL       string
}

func (s *scene) finding() finding {
	f := finding{Text: s.Get(byFind), Sought: s.found.sought, Errors: s.Get(byErrors) == "only", ClearURL: s.With(byFind, "")}
	f.ErrorsURL = s.With(byErrors, "only")
	if f.Errors {
		f.ErrorsURL = s.With(byErrors, "")
	}
	hits := s.found.boxes
	switch at := s.nthFound(); {
	case !f.Sought:
	case len(hits) == 0:
		f.Count = "No matches"
	case at >= 0:
		f.Count = format.Number(at+1) + " of " + format.Number(len(hits))
	default:
		f.Count = format.Count(len(hits), "match", "matches")
	}
	if len(hits) > 0 {
		f.Previous, f.Next = s.With(bySpan, s.neighbour(-1)), s.With(bySpan, s.neighbour(1))
	}
	return f
}

// nthFound returns the index of the chosen span among the matches, or −1.
func (s *scene) nthFound() int {
	for i, box := range s.found.boxes {
		if box == s.chosen {
			return i
		}
	}
	return -1
}

// neighbour returns the ID of the next match after the chosen span, or before it. At
// the end it wraps around.
func (s *scene) neighbour(step int) string {
	hits := s.found.boxes
	to := hits[0]
	if step < 0 {
		to = hits[len(hits)-1]
		for _, box := range hits {
			if box < s.chosen {
				to = box
			}
		}
	} else {
		for _, box := range hits {
			if s.chosen >= 0 && box > s.chosen {
				to = box
				break
			}
		}
	}
	return page.FormatID(s.flame.Boxes[to].Node.Span.SpanID)
}
