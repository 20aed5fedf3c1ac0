package web

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
)

// pageLength is how many traces a page of the list shows.
const pageLength = 50

// listPage is the list of traces, the newest first.
type listPage struct {
	frame
	searched
	Rows  []listRow
	Older string // address of the next page; empty on the last
	First bool   // the page that new traces come to

	Try     string // a command that makes a trace; may be empty
	Address string // where tracers are to send
}

type listRow struct {
	ID         string
	Date       moment
	Service    service
	Resource   string
	Name       string
	Duration   amount
	StatusCode string
	Failed     bool // the entry span did
	Errors     int
	Spans      int
	Breakdown  breakdown
}

// A service is shown with its colour.
type service struct{ Name, Colour string }

// A breakdown is a bar that shows which service took how much of a trace's
// execution time.
type breakdown struct {
	Parts []part
	Text  string // the same in words
}

type part struct {
	Service  service
	Exec     amount
	Percent  string // of the whole, one decimal
	X, Width string // in percent of the bar
}

// list serves GET /traces?query=&scope=&before=CURSOR.
func (w *Web) list(rw http.ResponseWriter, r *http.Request) error {
	before, err := number(r, "before", 0, 0, math.MaxUint64)
	if err != nil {
		return err
	}
	win, err := readWindow(r)
	if err != nil {
		return err
	}
	if chosen, ok := rangeOf(win.Range); ok && chosen.Length > 0 {
		win.From = time.Now().Add(-chosen.Length).UnixNano()
	}
	sought, request, err := readSearch(r)
	if err != nil {
		return err
	}
	page := listPage{frame: w.frame(r, "Traces"), searched: sought, First: before == 0, Try: w.Try, Address: "http://" + r.Host}
	page.Section = "traces"
	if page.Menus, err = w.menus(r.Context(), page.Place, win); err != nil {
		return err
	}
	if page.Wrong != nil {
		return w.render(rw, http.StatusBadRequest, "traces.html", page)
	}

	request.Selection = win.selection(request.Query, request.Scope)
	request.Limit, request.Before = pageLength, before
	summaries, next, err := w.Traces.Search(r.Context(), request)
	if err != nil {
		return fmt.Errorf("search traces: %w", err)
	}
	if next != 0 {
		page.Older = page.address(next)
	}
	for _, s := range summaries {
		page.Rows = append(page.Rows, w.listRow(s))
	}
	// Why nothing is found takes several searches more: a page that refreshes itself
	// has said it already.
	if page.Searching() && page.First && len(page.Rows) == 0 && r.Header.Get("X-Refresh") == "" {
		if page.Without, err = w.withoutMatch(r.Context(), request); err != nil {
			return err
		}
	}
	return w.render(rw, http.StatusOK, "traces.html", page)
}

func (w *Web) listRow(s apm.Summary) listRow {
	return listRow{
		ID:         decimal(s.TraceID),
		Date:       momentOf(s.Start),
		Service:    w.service(s.Service),
		Resource:   short(s.Resource),
		Name:       short(s.Name),
		Duration:   duration(s.Duration),
		StatusCode: short(s.StatusCode),
		Failed:     s.Failed,
		Errors:     s.Errors,
		Spans:      s.Spans,
		Breakdown:  w.breakdown(s.Services),
	}
}

func (w *Web) service(name string) service {
	return service{short(name), w.Palette.Of(name).Hex()}
}

// maxParts is how many services a breakdown tells apart.
const maxParts = 20

func (w *Web) breakdown(times []apm.ServiceTime) breakdown {
	times, others := largest(times, maxParts)
	shares := make([]float64, len(times))
	for i, t := range times {
		shares[i] = t.Percent
	}
	var (
		b     breakdown
		words []string
		x     float64
	)
	for i, percent := range percentages(shares) {
		t := times[i]
		service := service{t.Service, "currentcolor"}
		if i < len(times)-1 || others == 0 {
			service = w.service(t.Service)
		}
		b.Parts = append(b.Parts, part{
			Service: service,
			Exec:    duration(t.Exec),
			Percent: percent,
			X:       coordinate(x),
			Width:   coordinate(t.Percent),
		})
		words = append(words, short(t.Service)+" "+percent+" %")
		x += t.Percent
	}
	b.Text = strings.Join(words, ", ")
	return b
}

// largest joins all but the n largest of some times into one, the last, and
// returns how many it joined.
func largest(times []apm.ServiceTime, n int) (_ []apm.ServiceTime, others int) {
	if len(times) <= n {
		return times, 0
	}
	times = slices.SortedStableFunc(slices.Values(times), func(a, b apm.ServiceTime) int { return cmp.Compare(b.Exec, a.Exec) })
	others = len(times) - n
	rest := apm.ServiceTime{Service: fmt.Sprintf("%d others", others)}
	for _, t := range times[n:] {
		rest.Exec += t.Exec
		rest.Percent += t.Percent
	}
	return append(times[:n:n], rest), others
}
