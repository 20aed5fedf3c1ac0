package web

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// found are the spans that the reader looks for within a trace.
type found struct {
	sought bool   // anything is looked for at all
	boxes  []int  // in order
	marked []bool // by box; nil where nothing is sought
}

// find looks for a text in the spans' services, operations, resources and
// tags, in any case, for the span with that ID, and for spans that failed.
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

// dimmed tells whether a span is none of those that are looked for.
func (f found) dimmed(box int) bool { return f.sought && !f.marked[box] }

// hit tells whether a span is one of those that are looked for.
func (f found) hit(box int) bool { return f.sought && f.marked[box] }

// A needle is a text to be found in others, in any case.
type needle struct {
	lower string
	ascii bool
	pair  bool // it may be a tag's name and value, as in subject:war
	ids   []uint64
}

func newNeedle(text string) needle {
	n := needle{lower: strings.ToLower(text), ascii: true, pair: strings.Contains(text, ":")}
	for _, id := range search.ParseIDs(text) {
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

// in looks without making a text in lower case, wherever it can.
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

// A finding is what the page says of what it has found.
type finding struct {
	Text           string // as it was typed
	Sought         bool
	Errors         bool // only those that failed are looked for
	ErrorsURL      string
	Count          string // 2 of 7
	Previous, Next string // addresses; empty where nothing was found
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
		f.Count = "none found"
	case at >= 0:
		f.Count = apm.FormatNumber(at+1) + " of " + apm.FormatNumber(len(hits))
	default:
		f.Count = apm.FormatNumber(len(hits)) + " found"
	}
	if len(hits) > 0 {
		f.Previous, f.Next = s.With(bySpan, s.neighbour(-1)), s.With(bySpan, s.neighbour(1))
	}
	return f
}

// nthFound is which of those found is chosen; −1 for none.
func (s *scene) nthFound() int {
	for i, box := range s.found.boxes {
		if box == s.chosen {
			return i
		}
	}
	return -1
}

// neighbour is the ID of the first that was found after the chosen span, or
// before it. Past the end it goes on from the other.
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
	return decimal(s.flame.Boxes[to].Node.Span.SpanID)
}
