package web

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/query"
)

// pageLength is the number of traces on a page of the list.
const pageLength = 50

// tracesPage is the list of traces, the newest first.
type tracesPage struct {
	frame
	searched
	Columns []traceColumn
	Rows    []traceRow
	Older   string // address of the next page; empty on the last
	First   bool   // the first page, which shows new traces

	Activity  *chart.Chart // nil without spans
	Facets    *facetPanel  // nil without stored traces
	Unmatched unmatched    // why no trace matches
	Offers    []offer      // traces whose ID the query is

	window window
	NoTime string // what is wrong with the time range; may be empty
}

type traceRow struct {
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

// showTraces serves GET /traces?query=&scope=&env=&range=&from=&to=&before=CURSOR.
// A page refreshes its rows several times a second. With the header X-Refresh: rows it
// gets only those.
func (w *Web) showTraces(rw http.ResponseWriter, r *http.Request) (err error) {
	page := tracesPage{frame: w.frame(r, "traces", "Traces", docs{
		"Trace Explorer", "https://docs.datadoghq.com/tracing/trace_explorer/", "saved views, metrics and logs",
	})}
	if page.searched, err = readSearch(r); err != nil {
		return err
	}
	if page.Columns, err = readColumns(r); err != nil {
		return err
	}
	var told failure
	if page.window, err = readWindow(r); errors.As(err, &told) {
		page.NoTime = told.detail
	} else if err != nil {
		return err
	}
	if chosen, ok := rangeOf(page.window.Range); ok && chosen.Length > 0 {
		page.window.From = time.Now().Add(-chosen.Length).UnixNano()
	}
	before, err := number(r, "before", 0, 0, math.MaxUint64)
	if err != nil {
		return err
	}
	page.First = before == 0
	rowsAlone := r.Header.Get("X-Refresh") == "rows"
	if !rowsAlone {
		if page.Menus, err = w.menus(r.Context(), page.Place, page.window); err != nil {
			return err
		}
	}
	if page.Wrong != nil || page.NoTime != "" {
		return w.render(rw, http.StatusBadRequest, "traces.html", page)
	}

	request := query.Request{Selection: page.selection(), Limit: pageLength, Before: before}
	summaries, next, err := w.search(r.Context(), request)
	if err != nil {
		return err
	}
	if next != 0 {
		page.Older = page.Place.With("before", decimal(next))
	}
	for _, s := range summaries {
		page.Rows = append(page.Rows, w.traceRow(s))
	}
	if page.Offers, err = w.offers(r.Context(), page.Place, page.Query); err != nil {
		return err
	}
	if rowsAlone {
		return w.render(rw, http.StatusOK, "traces-refresh", page)
	}
	if page.Kept.Traces > 0 {
		if err := w.aroundList(r, &page); err != nil {
			return err
		}
	}
	return w.render(rw, http.StatusOK, "traces.html", page)
}

// aroundList adds the graph and the facets, or why there are no rows.
func (w *Web) aroundList(r *http.Request, page *tracesPage) (err error) {
	refined := refine(page.parsed, page.Query)
	if page.Facets, err = w.facets(r, page.Place, page.selection(), refined); err != nil {
		return err
	}
	if page.Activity, err = w.activity(r.Context(), page.window, page.searched); err != nil {
		return err
	}
	if page.First && len(page.Rows) == 0 {
		page.Unmatched, err = w.whyUnmatched(r.Context(), page.Place, page.window, page.searched)
	}
	return err
}

// selection returns the selection of the list.
func (p tracesPage) selection() query.Selection { return p.window.selection(p.parsed, p.Scope) }

// Searching reports whether the page may leave out traces.
func (p tracesPage) Searching() bool {
	return p.Query != "" || p.Scope != query.AllSpans || p.window.Env != "" || p.Timed()
}

// Timed reports whether the list is limited to a time range.
func (p tracesPage) Timed() bool { return p.window.From != 0 || p.window.To != 0 }

// Where names the window in a sentence about its spans; it is empty for all spans.
func (p tracesPage) Where() string {
	switch {
	case p.window.Env != "" && p.Timed():
		return "in this environment and time range"
	case p.window.Env != "":
		return "in this environment"
	case p.Timed():
		return "in this time range"
	}
	return ""
}

// Cleared returns the address of the list without a query and a scope.
func (p tracesPage) Cleared() string { return p.Place.With("query", "", "scope", "") }

// Newest returns the address of the search's first page.
func (p tracesPage) Newest() string { return p.Place.With() }

// JSON returns the address of the same search in the API.
func (p tracesPage) JSON() string {
	return place{path: "/api/traces"}.With("query", p.Place.Get("query"), "env", p.Place.Get("env"), "scope", p.Place.Get("scope"),
		"from", inAddress(p.window.From), "to", inAddress(p.window.To))
}

// Command returns the command for the same search over all time.
func (p tracesPage) Command() string {
	q := p.parsed
	if p.window.Env != "" {
		q = both(q, "env", p.window.Env)
	}
	command := "apm search --addr " + strings.TrimPrefix(p.Address, "http://")
	if p.Scope != query.AllSpans {
		command += " --scope " + p.Scope.String()
	}
	// Between single quotes a shell takes everything but these as it is.
	return command + " -- '" + strings.ReplaceAll(q.String(), "'", `'\''`) + "'"
}

func (w *Web) traceRow(s apm.Summary) traceRow {
	return traceRow{
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
