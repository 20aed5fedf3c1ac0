package traceview

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// maxBoxes is how many spans a flame graph draws as elements. The page's script draws
// larger traces on a canvas.
const maxBoxes = 1000

// A flameView is the flame graph of a trace.
type flameView struct {
	Ticks       []chart.Tick
	Label       string // what the graph shows, for screen readers
	Nanoseconds int64  // the trace's duration
	Height      int    // pixels
	Boxes       []flameBox
	Left        int // spans without a box
	OrphansY    int // of the line of text above spans without a parent; −1 for none

	// Of a trace of more than maxBoxes spans.
	Outline   string // the address of its outline
	ChosenBox int    // in the outline; −1 for none
}

type flameBox struct {
	ID, URL  string
	Parent   int // among the boxes; −1 for none
	X, Width string
	Y        int
	Service  page.Service
	Dark     bool // text on the colour
	Thin     bool // about as wide as its edges
	Small    bool // less wide than a word
	Label    string
	Title    string // the hover text; empty in large traces
	Error    bool
	Chosen   bool
	Dimmed   bool
	Hit      bool // it matches what the reader searches for
}

// Bottom returns the box's lower edge.
func (b flameBox) Bottom() int { return b.Y + rowHeight - 1 }

// HitY returns the y of the mark that shows a match, along the box's bottom.
func (b flameBox) HitY() int { return b.Y + rowHeight - 3 }

// rowHeight is the height of a row of a flame graph in pixels.
const rowHeight = 20

func (w room) flame(s *scene, r *http.Request) *flameView {
	boxes := s.flame.Boxes
	v := &flameView{Ticks: chart.DurationTicks(s.length), OrphansY: -1, ChosenBox: s.chosen, Nanoseconds: int64(s.length)}
	v.Label = fmt.Sprintf("Flame graph of %s over %s", format.Count(len(boxes), "span", "spans"), format.Duration(s.length))
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
	choose := s.Each(bySpan)
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

func (w room) flameBox(s *scene, i, parent int, choose func(string) string) flameBox {
	box := s.flame.Boxes[i]
	span := box.Node.Span
	x, width := s.extent(span)
	id := page.FormatID(span.SpanID)
	return flameBox{
		ID: id, URL: choose(id), Parent: parent,
		X: exactly(x, s.length), Width: exactly(width, s.length), Y: rowHeight * box.Row,
		Service: w.Service(span.Service), Dark: w.Palette.Of(span.Service).DarkText(), Thin: width < 0.3, Small: width < 2,
		Label: boxLabel(span),
		Error: span.Error, Chosen: i == s.chosen, Dimmed: s.found.dimmed(i), Hit: s.found.hit(i),
	}
}

// boxLabel returns a short text for what a span did.
func boxLabel(s *apm.Span) string {
	const longest = 120 // bytes; nothing is wider than a page
	if s.Resource != "" && s.Resource != s.Name {
		return page.Cut(s.Resource, longest)
	}
	if detail := s.Detail(); detail != "" {
		return page.Cut(s.Name+" "+detail, longest)
	}
	return page.Cut(s.Name, longest)
}

// title returns the hover text of a span.
func (s *scene) title(span *apm.Span) string {
	text := boxLabel(span)
	if !span.Error {
		text += "\n"
	} else {
		text += "\nError · "
	}
	exec := s.exec[span.SpanID]
	return text + fmt.Sprintf("%s · %s\n%s · exec time %s (%s %%)", page.Cut(span.Service, 60), page.Cut(span.Name, 60),
		format.Duration(span.Duration), format.Duration(exec), strconv.FormatFloat(s.share(exec), 'f', 1, 64))
}

// exactly formats a percentage of a length, precise to the nanosecond.
func exactly(percent float64, length time.Duration) string {
	digits := max(0, int(math.Ceil(math.Log10(float64(max(1, length)))))-1)
	text := strconv.FormatFloat(percent, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// outlineURL returns the address of a scene's outline with the reader's search.
func outlineURL(s *scene) string {
	return page.URL{Path: "/api/traces/" + page.FormatID(s.trace.ID) + "/outline"}.With(byFind, s.Get(byFind), byErrors, s.Get(byErrors))
}
