package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"thinker/shared/apm/internal/web/page"
)

// A traceColumn is a column of the list, which its reader may show or not.
type traceColumn struct {
	Name  string // in addresses
	Title string
	Usual bool // shown where nothing is chosen
	Shown bool
}

// Number reports whether figures stand in the column.
func (c traceColumn) Number() bool {
	return slices.Contains([]string{"duration", "errors", "spans"}, c.Name)
}

// traceColumns are all that there are, in their order.
func traceColumns() []traceColumn {
	return []traceColumn{
		{Name: "date", Title: "Date", Usual: true},
		{Name: "service", Title: "Service", Usual: true},
		{Name: "operation", Title: "Operation"},
		{Name: "resource", Title: "Resource", Usual: true},
		{Name: "duration", Title: "Duration", Usual: true},
		{Name: "status", Title: "Status code", Usual: true},
		{Name: "errors", Title: "Errors"},
		{Name: "spans", Title: "Spans", Usual: true},
		{Name: "breakdown", Title: "Latency breakdown", Usual: true},
		{Name: "trace_id", Title: "Trace ID"},
	}
}

// readColumns reads which columns to show: each a parameter of its own. The
// resource is always there, as it is the link to the trace.
func readColumns(r *http.Request) ([]traceColumn, error) {
	all := traceColumns()
	chosen := r.URL.Query()["columns"]
	for _, name := range chosen {
		if !slices.ContainsFunc(all, func(c traceColumn) bool { return c.Name == name }) {
			var names []string
			for _, c := range all {
				names = append(names, c.Name)
			}
			return nil, page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf("Invalid columns=%.40q: use %s.", name, strings.Join(names, ", "))}
		}
	}
	for i, c := range all {
		all[i].Shown = len(chosen) == 0 && c.Usual || slices.Contains(chosen, c.Name) || c.Name == "resource"
	}
	return all, nil
}

// Many reports whether there are more columns than fit into a usual window.
func (p tracesPage) Many() bool {
	shown := 0
	for _, c := range p.Columns {
		if c.Shown {
			shown++
		}
	}
	return shown > 7
}
