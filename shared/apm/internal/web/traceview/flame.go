package traceview

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
)

const (
	// maxBoxes is how many spans a flame graph draws as elements. The page's script draws
	// larger traces on a canvas.
	maxBoxes = 1000
	// rowHeight is the height of a row of a flame graph in pixels.
	rowHeight = 20
)

// A flameView is the flame graph of a trace.
type flameView struct {
	Ticks       []chart.Tick
	Label       string // what the graph shows, for screen readers
	Nanoseconds int64  // the trace's duration
	Height      int    // pixels
	Boxes       []flameBox
	Left        int // spans without a box
	OrphansY    int // of the line of text above spans without a parent; negative for none

	// Of a trace of more than maxBoxes spans.
	Outline   string // the address of its outline
	ChosenBox int    // in the outline; −1 for none
}

// A flameBox is a span in a flame graph.
type flameBox struct {
	spanView
	Parent   int // among the boxes; −1 for none
	X, Width string
	Y        int
	Dark     bool   // text on the colour
	Thin     bool   // about as wide as its edges
	Small    bool   // less wide than a word
	Title    string // the hover text; empty in large traces
}

// Bottom returns the box's lower edge.
func (b flameBox) Bottom() int { return b.Y + rowHeight - 1 }

// HitY returns the y of the mark that shows a match, along the box's bottom.
func (b flameBox) HitY() int { return b.Y + rowHeight - 3 }

func newFlame(s *scene) *flameView {
	boxes := s.flame.Boxes
	v := &flameView{
		Ticks: chart.DurationTicks(s.Length), OrphansY: rowHeight * s.flame.Orphans, ChosenBox: s.chosen,
		Nanoseconds: int64(s.Length), Left: max(0, len(boxes)-maxBoxes),
		Label: fmt.Sprintf("Flame graph of %s over %s", format.Count(len(boxes), "span", "spans"), format.Duration(s.Length)),
	}
	shown := make([]int, len(boxes))
	for i := range boxes {
		shown[i] = i
	}
	if v.Left > 0 {
		outline := page.URL{Path: "/api/traces/" + page.FormatID(s.ID) + "/outline"}
		v.Outline = outline.With("find", s.Find, "errors", s.Get("errors"))
		if s.fromScript {
			return v
		}
		slices.SortStableFunc(shown, func(a, b int) int {
			return cmp.Compare(boxes[b].Node.Span.Duration, boxes[a].Node.Span.Duration)
		})
		shown = shown[:maxBoxes]
		slices.Sort(shown)
	}
	for _, i := range shown {
		parent, isShown := slices.BinarySearch(shown, boxes[i].Parent)
		if !isShown {
			parent = -1
		}
		span := s.span(i)
		x, width := s.extent(span.Span)
		box := flameBox{
			spanView: span, Parent: parent, X: exactly(x, s.Length), Width: exactly(width, s.Length),
			Y: rowHeight * boxes[i].Row, Dark: s.site.Palette.Of(span.Service).DarkText(),
			Thin: width < 0.3, Small: width < 2,
		}
		if v.Left == 0 {
			box.Title = span.title()
		}
		v.Boxes = append(v.Boxes, box)
		v.Height = max(v.Height, box.Y+rowHeight)
	}
	return v
}

// title returns the hover text of a span.
func (v spanView) title() string {
	failed := ""
	if v.Error {
		failed = "Error · "
	}
	return fmt.Sprintf("%s\n%s%s · %s\n%s · exec time %s (%s %%)", v.Label(), failed, format.Shorten(v.Service, 60),
		format.Shorten(v.Name, 60), format.Duration(v.Duration), format.Duration(v.Exec()), v.ExecPercent())
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

// sendOutline serves GET /api/traces/{id}/outline?find=&errors=.
func (p pages) sendOutline(rw http.ResponseWriter, r *http.Request) error {
	request, err := parseTraceRequest(r)
	if err != nil {
		return err
	}
	if errors := request.Get("errors"); errors != "" && !request.OnlyErrors {
		return page.Failure{Status: http.StatusBadRequest,
			Detail: fmt.Sprintf("Invalid errors=%.40q: the only value is only.", errors)}
	}
	trace, found, err := p.Find(r.Context(), request.asked, 1)
	if err != nil {
		return err
	}
	if !found {
		return page.ErrNoTrace
	}
	return page.SendJSON(rw, outline(newScene(p.Site, trace, request)))
}

func outline(s *scene) api.Outline {
	o := api.Outline{
		TraceID: api.ID(s.ID), Start: s.Start(), Duration: s.Length, ExecTime: s.total,
		Rows: s.flame.Rows, OrphansRow: s.flame.Orphans, Found: s.hits,
	}
	if s.Sought() && o.Found == nil {
		o.Found = []int{}
	}
	services := page.Index(func(service string) {
		shown := s.site.Service(service)
		o.Services = append(o.Services, api.OutlineService{
			Service: shown.Name, Colour: shown.Colour, DarkText: s.site.Palette.Of(service).DarkText(),
		})
	})
	names := page.Index(func(name string) { o.Names = append(o.Names, page.Short(name)) })
	labels := page.Index(func(label string) { o.Labels = append(o.Labels, label) })
	for i, box := range s.flame.Boxes {
		span := s.span(i)
		failed := 0
		if span.Error {
			failed = 1
		}
		t := &o.Spans
		t.SpanID = append(t.SpanID, api.ID(span.SpanID))
		t.Parent = append(t.Parent, box.Parent)
		t.Row = append(t.Row, box.Row)
		t.Start = append(t.Start, time.Duration(min(s.offset(span.Span), math.MaxInt64)))
		t.Duration = append(t.Duration, max(0, span.Duration))
		t.ExecTime = append(t.ExecTime, span.Exec())
		t.Service = append(t.Service, services(span.Service))
		t.Name = append(t.Name, names(span.Name))
		t.Label = append(t.Label, labels(span.Label()))
		t.Error = append(t.Error, failed)
	}
	return o
}
