package services

import (
	"context"
	"slices"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A servicePage shows a service's resources, graphs and deployments.
type servicePage struct {
	frame
	Known      page.ServiceFigures // without requests if there are none
	Operations []chart.Choice      // more than one, or none
	Charts     []*chart.Chart

	Headings  []page.Heading
	Resources []stats.Group // by resource and operation
	Others    int           // resources past the limit of the list

	Deployments []deployment
}

// loadService reads a service for ?sort= and the choices of its graphs.
func (p pages) loadService(ctx context.Context, f frame) (any, error) {
	const most = 200 // resources
	data := servicePage{frame: f}
	services, _, err := page.Services(ctx, p.Traces, f.selection())
	if err != nil || len(services) == 0 {
		return data, err
	}
	data.Known = services[0]
	resources, err := page.FiguresBy(ctx, p.Traces, f.selection(), most, "resource_name", "operation_name")
	if err != nil {
		return nil, err
	}
	data.Resources, data.Others = resources.Groups, resources.Others
	for _, g := range data.Resources {
		data.largest.Requests = max(data.largest.Requests, g.Requests)
		data.largest.Total = max(data.largest.Total, g.Total)
	}
	data.Headings = page.Sort(data.Resources, resourceColumns(), f.URL, "sort", "-requests")

	g, anatomy, err := p.graphs(ctx, f)
	if err != nil {
		return nil, err
	}
	data.Charts = p.charts(g, anatomy)
	data.Deployments = data.deployments(data.Known.Deployments, g.versions)
	data.Operations, err = p.operations(ctx, f)
	return data, err
}

func resourceColumns() []page.Column[stats.Group] {
	type row = stats.Group
	requests := func(g row) int { return g.Requests }
	return slices.Concat(
		[]page.Column[row]{
			page.NewColumn("resource", "Resource", "", func(g row) string { return g.Values[0] }),
			page.NewColumn("requests", "Requests", "", requests),
			page.NewColumn("rate", "Requests/s", "Average requests per second", requests),
			page.NewColumn("total", "Total time", "Sum over all requests", func(g row) time.Duration { return g.Total }),
		},
		latencyColumns(func(g row) stats.Figures { return g.Figures }),
		[]page.Column[row]{
			page.NewColumn("errors", "Errors", "", func(g row) int { return g.Errors }),
			page.NewColumn("error-rate", "Error rate", "", row.ErrorRate),
		})
}

// operations returns links to the service's entry operations if it has several.
func (p pages) operations(ctx context.Context, f frame) (all []chart.Choice, err error) {
	const most = 12
	s := f.Window.Selection(page.And(query.Query{}, "service", f.Service), query.ServiceEntrySpans)
	found, err := page.FiguresBy(ctx, p.Traces, s, most, "operation_name")
	if err != nil || len(found.Groups) < 2 {
		return nil, err
	}
	all = append(all, chart.Choice{Title: "all", URL: f.URL.With("operation", ""), Current: f.Operation == ""})
	for _, group := range found.Groups {
		name := group.Values[0]
		all = append(all, chart.Choice{Title: page.Short(name), URL: f.URL.With("operation", name),
			Current: name == f.Operation})
	}
	return all, nil
}

// A deployment is a row of the table of deployments.
type deployment struct {
	page.Deployment
	Figures    figures // within the window
	TracesURL  string
	Previous   string // the version before it; empty for the first
	CompareURL string // compares the two
}

// deployments returns the known versions, the newest first, with their figures.
func (f frame) deployments(known []page.Deployment, versions []stats.Group) (rows []deployment) {
	of := map[string]stats.Figures{}
	for _, group := range versions {
		of[group.Values[0]] = group.Figures
	}
	for i, d := range known {
		row := deployment{Deployment: d, Figures: f.Figures(of[d.Version]),
			TracesURL: f.TracesOf(page.And(f.Query, "version", d.Version))}
		if i+1 < len(known) {
			row.Previous = known[i+1].Version
			row.CompareURL = f.URL.To("/compare", "service", f.Service, "resource", f.Resource,
				"operation", f.Operation, "a", row.Previous, "b", d.Version)
		}
		rows = append(rows, row)
	}
	return rows
}
