package explorer

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A tracesRequest is a request for the list of traces.
type tracesRequest struct {
	Query     string // as typed
	Scope     query.Scope
	Columns   []column
	AllFacets bool   // lists the names of all attributes
	Before    uint64 // the cursor of an older page; 0 for the newest

	parsed   query.Query
	window   page.Window
	facets   []query.Field // attributes that the reader added to the panel
	rowsOnly bool          // a page refreshes its rows several times a second

	Wrong  *query.SyntaxError // why the query can't be parsed
	NoTime string             // what is wrong with the time range; may be empty
}

// parseTracesRequest parses a request for GET /traces?query=&scope=&env=&range=&from=&to=
// &columns=&facet=@name&facets=all&before=CURSOR. A wrong query or time range is no error,
// because the page shows what is wrong with it. See decisions/list-refresh.md for the header
// X-Refresh.
func parseTracesRequest(r *http.Request) (request tracesRequest, err error) {
	values := r.URL.Query()
	request.Query = values.Get("query")
	request.AllFacets = values.Get("facets") == "all"
	request.rowsOnly = r.Header.Get("X-Refresh") == "rows"

	var noSearch, noTime, noColumns, noFacets, noCursor error
	var failure page.Failure
	request.parsed, request.Scope, noSearch = page.ParseSearch(r, query.AllSpans)
	if errors.As(noSearch, &request.Wrong) {
		noSearch = nil
	}
	if request.window, noTime = page.ParseWindow(r); errors.As(noTime, &failure) {
		request.NoTime, noTime = failure.Detail, nil
	}
	request.Columns, noColumns = chooseColumns(values["columns"])
	request.facets, noFacets = page.ParseFields(r, "facet", 10)
	request.Before, noCursor = page.ParseNumber(r, "before", 0, 0, math.MaxUint64)
	return request, cmp.Or(noSearch, noTime, noColumns, noFacets, noCursor)
}

// A column is a column of the list. Its cell is in templates/traces.html.
type column struct {
	Name, Title string
	Number      bool // a figure
	Shown       bool
}

// chooseColumns returns all columns in order, with the chosen ones shown, or the usual
// ones if none is chosen. The resource is always shown, because it links to the trace.
func chooseColumns(chosen []string) ([]column, error) {
	usual := len(chosen) == 0
	all := []column{
		{Name: "date", Title: "Date", Shown: usual},
		{Name: "service", Title: "Service", Shown: usual},
		{Name: "operation", Title: "Operation"},
		{Name: "resource", Title: "Resource", Shown: true},
		{Name: "duration", Title: "Duration", Shown: usual, Number: true},
		{Name: "status", Title: "Status code", Shown: usual},
		{Name: "errors", Title: "Errors", Number: true},
		{Name: "spans", Title: "Spans", Shown: usual, Number: true},
		{Name: "breakdown", Title: "Latency breakdown", Shown: usual},
		{Name: "trace_id", Title: "Trace ID"},
	}
	for _, name := range chosen {
		at := slices.IndexFunc(all, func(c column) bool { return c.Name == name })
		if at < 0 {
			var names []string
			for _, c := range all {
				names = append(names, c.Name)
			}
			return nil, page.Failure{Status: http.StatusBadRequest,
				Detail: fmt.Sprintf("Invalid columns=%.40q: use %s.", name, strings.Join(names, ", "))}
		}
		all[at].Shown = true
	}
	return all, nil
}

// selection returns the spans that the list is about.
func (r tracesRequest) selection() query.Selection { return r.window.Selection(r.parsed, r.Scope) }

// Timed reports whether the list is limited to a time range.
func (r tracesRequest) Timed() bool { return r.window.From != 0 || r.window.To != 0 }

// Where names the window in a sentence about its spans; it is empty for all spans.
func (r tracesRequest) Where() string {
	switch inEnv := r.window.Env != ""; {
	case inEnv && r.Timed():
		return "in this environment and time range"
	case inEnv:
		return "in this environment"
	case r.Timed():
		return "in this time range"
	}
	return ""
}

// Many reports whether there are more columns than fit into a usual window.
func (r tracesRequest) Many() bool {
	shown := slices.DeleteFunc(slices.Clone(r.Columns), func(c column) bool { return !c.Shown })
	return len(shown) > 7
}
