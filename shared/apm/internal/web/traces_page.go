package web

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// pageLength is the number of traces on a page of the list.
const pageLength = 50

// tracesPage is the list of traces, the newest first.
type tracesPage struct {
	page.Frame
	searched
	Columns []traceColumn
	Rows    []page.TraceRow
	Older   string // address of the next page; empty on the last
	First   bool   // the first page, which shows new traces

	Activity  *chart.Chart // nil without spans
	Facets    *facetPanel  // nil without stored traces
	Unmatched unmatched    // why no trace matches
	Offers    []offer      // traces whose ID the query is

	window page.Window
	NoTime string // what is wrong with the time range; may be empty
}

// showTraces serves GET /traces?query=&scope=&env=&range=&from=&to=&before=CURSOR.
// A page refreshes its rows several times a second. With the header X-Refresh: rows it
// gets only those.
func (w *Web) showTraces(rw http.ResponseWriter, r *http.Request) (err error) {
	data := tracesPage{Frame: w.Frame(r, "traces", "Traces", page.Docs{
		Name: "Trace Explorer", URL: "https://docs.datadoghq.com/tracing/trace_explorer/", Lacks: "saved views, metrics and logs",
	})}
	if data.searched, err = readSearch(r); err != nil {
		return err
	}
	if data.Columns, err = readColumns(r); err != nil {
		return err
	}
	var told page.Failure
	if data.window, err = page.ParseWindow(r); errors.As(err, &told) {
		data.NoTime = told.Detail
	} else if err != nil {
		return err
	}
	if chosen, ok := page.RangeOf(data.window.Range); ok && chosen.Length > 0 {
		data.window.From = time.Now().Add(-chosen.Length).UnixNano()
	}
	before, err := page.ParseNumber(r, "before", 0, 0, math.MaxUint64)
	if err != nil {
		return err
	}
	data.First = before == 0
	rowsAlone := r.Header.Get("X-Refresh") == "rows"
	if !rowsAlone {
		if data.Menus, err = w.Menus(r.Context(), data.Place, data.window); err != nil {
			return err
		}
	}
	if data.Wrong != nil || data.NoTime != "" {
		return w.Render(rw, http.StatusBadRequest, "traces.html", data)
	}

	request := query.Request{Selection: data.selection(), Limit: pageLength, Before: before}
	summaries, next, err := w.Search(r.Context(), request)
	if err != nil {
		return err
	}
	if next != 0 {
		data.Older = data.Place.With("before", page.FormatID(next))
	}
	for _, s := range summaries {
		data.Rows = append(data.Rows, page.NewTraceRow(w.Site, s))
	}
	if data.Offers, err = w.offers(r.Context(), data.Place, data.Query); err != nil {
		return err
	}
	if rowsAlone {
		return w.Render(rw, http.StatusOK, "traces-refresh", data)
	}
	if data.Kept.Traces > 0 {
		if err := w.aroundList(r, &data); err != nil {
			return err
		}
	}
	return w.Render(rw, http.StatusOK, "traces.html", data)
}

// aroundList adds the graph and the facets, or why there are no rows.
func (w *Web) aroundList(r *http.Request, data *tracesPage) (err error) {
	refined := refine(data.parsed, data.Query)
	if data.Facets, err = w.facets(r, data.Place, data.selection(), refined); err != nil {
		return err
	}
	if data.Activity, err = w.activity(r.Context(), data.window, data.searched); err != nil {
		return err
	}
	if data.First && len(data.Rows) == 0 {
		data.Unmatched, err = w.whyUnmatched(r.Context(), data.Place, data.window, data.searched)
	}
	return err
}

// selection returns the selection of the list.
func (p tracesPage) selection() query.Selection { return p.window.Selection(p.parsed, p.Scope) }

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
	return page.URL{Path: "/api/traces"}.With("query", p.Place.Get("query"), "env", p.Place.Get("env"), "scope", p.Place.Get("scope"),
		"from", page.FormatTime(p.window.From), "to", page.FormatTime(p.window.To))
}

// Command returns the command for the same search over all time.
func (p tracesPage) Command() string {
	q := p.parsed
	if p.window.Env != "" {
		q = page.And(q, "env", p.window.Env)
	}
	command := "apm search --addr " + strings.TrimPrefix(p.Address, "http://")
	if p.Scope != query.AllSpans {
		command += " --scope " + p.Scope.String()
	}
	// Between single quotes a shell takes everything but these as it is.
	return command + " -- '" + strings.ReplaceAll(q.String(), "'", `'\''`) + "'"
}
