package web

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm"
)

// maxBoxes is how many spans a flame graph has as elements of its page; of more
// the page's script draws a picture.
const maxBoxes = 1000

// A flameView is a trace as a flame graph.
type flameView struct {
	Ticks       []tick
	Label       string // what is to be seen, in words
	Nanoseconds int64  // that the trace took
	Height      int    // pixels
	Boxes       []flameBox
	Left        int // spans that are not among the boxes
	OrphansY    int // of the row of words above those without their parent; −1 for none

	// Of a trace of more than maxBoxes spans.
	Outline   string // where its outline is to be had
	ChosenBox int    // in the outline; −1 for none
}

type flameBox struct {
	ID, URL  string
	Parent   int // among the boxes; −1 for none
	X, Width string
	Y        int
	Service  service
	Dark     bool // text on the colour
	Thin     bool // about as wide as its edges
	Small    bool // less wide than a word
	Label    string
	Title    string // more of it; left out where there are very many
	Error    bool
	Chosen   bool
	Dimmed   bool
	Hit      bool // it was found
}

// Bottom is where the box ends, downwards.
func (b flameBox) Bottom() int { return b.Y + rowHeight - 1 }

// HitY is where the mark of what was found is, along the box' bottom.
func (b flameBox) HitY() int { return b.Y + rowHeight - 3 }

// rowHeight is that of a flame graph's rows, in pixels.
const rowHeight = 20

func (w *Web) flame(s *scene, r *http.Request) *flameView {
	boxes := s.flame.Boxes
	v := &flameView{Ticks: ticks(s.length), OrphansY: -1, ChosenBox: s.chosen, Nanoseconds: int64(s.length)}
	v.Label = fmt.Sprintf("Flame graph of %s over %s", apm.FormatCount(len(boxes), "span", "spans"), apm.FormatDuration(s.length))
	if s.flame.Orphans >= 0 {
		v.OrphansY = rowHeight * s.flame.Orphans
	}
	shown := make([]int, len(boxes))
	for i := range boxes {
		shown[i] = i
	}
	if len(boxes) > maxBoxes {
		v.Outline = outlineURL(s)
		if r.Header.Get("X-Refresh") != "" { // by the script, which draws them
			return v
		}
		slices.SortStableFunc(shown, func(a, b int) int {
			return cmp.Compare(boxes[b].Node.Span.Duration, boxes[a].Node.Span.Duration)
		})
		shown = shown[:maxBoxes]
		slices.Sort(shown)
		v.Left = len(boxes) - maxBoxes
	}
	place := make(map[int]int, len(shown)) // of a box among those that are shown
	choose := s.each(bySpan)
	for n, i := range shown {
		place[i] = n
		parent := -1
		if at, ok := place[boxes[i].Parent]; ok {
			parent = at
		}
		box := w.flameBox(s, i, parent, choose)
		if v.Left == 0 {
			box.Title = s.title(boxes[i].Node.Span)
		}
		v.Boxes = append(v.Boxes, box)
		v.Height = max(v.Height, rowHeight*(boxes[i].Row+1))
	}
	return v
}

func (w *Web) flameBox(s *scene, i, parent int, choose func(string) string) flameBox {
	box := s.flame.Boxes[i]
	span := box.Node.Span
	x, width := s.extent(span)
	id := decimal(span.SpanID)
	return flameBox{
		ID: id, URL: choose(id), Parent: parent,
		X: exactly(x, s.length), Width: exactly(width, s.length), Y: rowHeight * box.Row,
		Service: w.service(span.Service), Dark: w.Palette.Of(span.Service).DarkText(), Thin: width < 0.3, Small: width < 2,
		Label: boxLabel(span),
		Error: span.Error, Chosen: i == s.chosen, Dimmed: s.found.dimmed(i), Hit: s.found.hit(i),
	}
}

// boxLabel is what a span did, in as few words as it can be said.
func boxLabel(s *apm.Span) string {
	const longest = 120 // bytes; nothing is wider than a page
	if s.Resource != "" && s.Resource != s.Name {
		return cut(s.Resource, longest)
	}
	if detail := s.Detail(); detail != "" {
		return cut(s.Name+" "+detail, longest)
	}
	return cut(s.Name, longest)
}

// title is a span in some lines.
func (s *scene) title(span *apm.Span) string {
	text := boxLabel(span)
	if !span.Error {
		text += "\n"
	} else {
		text += "\nError · "
	}
	exec := s.exec[span.SpanID]
	return text + fmt.Sprintf("%s · %s\n%s · execution time %s (%s %%)", cut(span.Service, 60), cut(span.Name, 60),
		apm.FormatDuration(span.Duration), apm.FormatDuration(exec), strconv.FormatFloat(s.share(exec), 'f', 1, 64))
}

// exactly writes a percentage of a length to the nanosecond.
func exactly(percent float64, length time.Duration) string {
	digits := max(0, int(math.Ceil(math.Log10(float64(max(1, length)))))-1)
	text := strconv.FormatFloat(percent, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// outlineURL is where the outline of a scene is, with what is looked for.
func outlineURL(s *scene) string {
	return place{path: "/api/traces/" + decimal(s.trace.ID) + "/outline"}.With(byFind, s.Get(byFind), byErrors, s.Get(byErrors))
}
