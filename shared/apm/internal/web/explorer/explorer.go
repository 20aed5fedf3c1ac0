// Package explorer serves the list of traces: a search, its facets and its rows.
package explorer

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

//go:embed templates
var templates embed.FS

// pages serves the list on a site.
type pages struct{ *page.Site }

// Routes returns the list of traces.
func Routes(site *page.Site) []page.Route {
	p := pages{site.With(templates, "templates/*.html")}
	return []page.Route{{Pattern: "GET /traces", Serve: p.showTraces}}
}

// A tracesPage is the list of traces, the newest first.
type tracesPage struct {
	page.Frame
	tracesRequest
	Rows []apm.Summary
	Next uint64 // the cursor of the next page; 0 on the last

	Activity  *chart.Chart // nil without spans
	Facets    *facetPanel  // nil without stored traces
	Unmatched unmatched    // why no trace matches
	Offers    []offer      // traces whose ID the query is
}

func (p pages) showTraces(rw http.ResponseWriter, r *http.Request) error {
	request, err := parseTracesRequest(r)
	if err != nil {
		return err
	}
	data := tracesPage{tracesRequest: request, Frame: p.Frame(r, "traces", "Traces", page.Docs{
		Name: "Trace Explorer", URL: "https://docs.datadoghq.com/tracing/trace_explorer/",
		Lacks: "saved views, metrics and logs",
	})}
	data.Window = &request.window
	if request.Wrong != nil || request.NoTime != "" {
		return p.Render(rw, http.StatusBadRequest, "traces.html", data)
	}
	if err := p.load(r.Context(), &data); err != nil {
		return err
	}
	if request.rowsOnly {
		return p.Render(rw, http.StatusOK, "traces-refresh", data)
	}
	return p.Render(rw, http.StatusOK, "traces.html", data)
}

// load reads the page's traces, the graph and the facets, or why there are no traces.
func (p pages) load(ctx context.Context, data *tracesPage) (err error) {
	const most = 50 // traces on a page
	request := query.Request{Selection: data.selection(), Limit: most, Before: data.Before}
	if data.Rows, data.Next, err = p.Traces.Search(ctx, request); err != nil {
		return err
	}
	if data.Offers, err = p.offers(ctx, data); err != nil || data.rowsOnly || data.Kept.Traces == 0 {
		return err
	}
	if data.Facets, err = p.facets(ctx, data); err != nil {
		return err
	}
	if data.Activity, err = p.activity(ctx, data); err != nil {
		return err
	}
	if data.Before == 0 && len(data.Rows) == 0 {
		data.Unmatched, err = p.whyUnmatched(ctx, data)
	}
	return err
}

// activity draws how many spans match over time, and how many of them failed; nil for
// none.
func (p pages) activity(ctx context.Context, data *tracesPage) (*chart.Chart, error) {
	exact, err := p.Traces.Breakdown(ctx, query.Breakdown{Selection: data.selection()})
	total, win := exact.Total, data.window
	if err != nil || total.Requests == 0 {
		return nil, err
	}
	switch {
	case win.To == 0 && win.From == 0:
		win.From, win.To = total.First, total.Last+1
	case win.To == 0:
		win.To = max(time.Now().UnixNano(), total.Last+1)
	case win.From == 0:
		win.From = total.First
	}
	win = win.Divided()
	found, err := p.Traces.Breakdown(ctx,
		query.Breakdown{Selection: win.Selection(data.parsed, data.Scope), Buckets: win.Buckets()})
	if err != nil {
		return nil, err
	}
	c := chart.New("activity", "Spans", win.TimeRange())
	c.Summary = format.Count(total.Requests, "span", "spans") + " found"
	if total.Errors > 0 {
		c.Summary += " · " + format.Count(total.Errors, "error", "errors")
	}
	failed, others := chart.Series{Name: "Errors", Class: "failed"}, chart.Series{Name: "OK"}
	for _, bucket := range found.Total.Buckets {
		failed.Values = append(failed.Values, float64(bucket.Errors))
		others.Values = append(others.Values, float64(bucket.Requests-bucket.Errors))
	}
	c.Stack([]chart.Series{failed, others}, chart.Count)
	return c, nil
}

// An offer is a trace whose ID, or a span's ID, is in the search field.
type offer struct {
	apm.Summary
	URL  string
	Span bool // the ID is a span's
}

// offers returns the traces that the typed query can mean as an ID, from any time and
// environment; nil if it is no ID.
func (p pages) offers(ctx context.Context, data *tracesPage) (offers []offer, err error) {
	const most = 3
	typed := strings.TrimSpace(data.Query)
	if len(query.ParseIDs(typed)) == 0 {
		return nil, nil
	}
	for _, id := range []struct{ field, parameter string }{{"trace_id", ""}, {"span_id", typed}} {
		q := page.And(query.Query{}, id.field, typed)
		found, _, err := p.Traces.Search(ctx, query.Request{Selection: query.Selection{Query: q}, Limit: most})
		for _, s := range found {
			url := data.URL.To("/trace/"+page.FormatID(s.TraceID), "span", id.parameter)
			offers = append(offers, offer{s, url, id.parameter != ""})
		}
		if err != nil || len(found) > 0 {
			return offers, err
		}
	}
	return nil, nil
}

// Scopes returns what can be searched.
func (p tracesPage) Scopes() []query.Scope { return query.Scopes() }

// An example is a query to learn from.
type example struct{ Query, Finds string }

// Examples returns a query for each part of the syntax.
func (p tracesPage) Examples() []example {
	return []example{
		{`service:thinker-api`, "Spans of one service. Reserved attributes take no @: duration, env, " +
			"operation_name, resource_name, service, span_id, status, trace_id, type, version"},
		{`@http.status_code:[400 TO 499]`, "Any other attribute takes an @, here with a range of values"},
		{`duration:>200ms -status:error`, "Longer than 200 ms and without an error; - negates"},
		{`@subject:(war OR art) resource_name:*think*`,
			"One of two values. Terms side by side are ANDed; * matches any text"},
		{`resource_name:"GET /think/"`, "Quote values that contain spaces or special characters"},
		{`unknown`, "This word in any of the span’s texts"},
		{`5577006791947779410`, "A trace ID or a span ID, in decimal or hexadecimal"},
	}
}

// JSON returns the address of the same search in the API.
func (p tracesPage) JSON() string {
	get := p.URL.Get
	return page.URL{Path: "/api/traces"}.With("query", get("query"), "env", get("env"), "scope", get("scope"),
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
	// In single quotes, a shell leaves everything but a single quote as it is.
	return command + " -- '" + strings.ReplaceAll(q.String(), "'", `'\''`) + "'"
}
