package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// servicePage shows a service's resources, graphs and deployments.
type servicePage struct {
	page.Frame
	Service    page.Service
	Kind       string
	Figures    figureCells
	Apdex      string
	Operations []chart.Choice // more than one, or none
	Charts     []*chart.Chart
	TracesURL  string

	Headings  []page.Heading
	Resources []resourceRow
	Others    int // resources past the limit of the list

	Deployments []deploymentRow
}

type resourceRow struct {
	Resource  string
	Operation string
	URL       string
	Share     string // of the largest number of requests in the list, in percent
	Spent     string // of the largest total time, likewise
	Figures   figureCells
}

type deploymentRow struct {
	Version    string
	First      *page.Moment // over all time
	Figures    figureCells
	TracesURL  string
	Previous   string // the version before it; empty for the first
	CompareURL string // compares the two
}

// showService serves GET /service?service=&operation=.
func (w *Web) showService(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	name, operation := r.URL.Query().Get("service"), r.URL.Query().Get("operation")
	q := page.And(query.Query{}, "service", name)
	if operation != "" {
		q = page.And(q, "operation_name", operation)
	}
	data := servicePage{Service: w.Service(name), Frame: w.Frame(r, "services", cmp.Or(page.Short(name), "no service"), page.Docs{
		Name: "Service page", URL: "https://docs.datadoghq.com/tracing/services/service_page/", Lacks: "monitors, infrastructure, logs and profiles",
	})}
	win, err := w.Open(r, &data.Frame, q)
	if err != nil {
		return err
	}
	s := win.Selection(q, query.ServiceEntrySpans)

	resources, err := w.FiguresBy(ctx, s, 200, "resource_name", "operation_name")
	if err != nil {
		return err
	}
	if resources.Total.Requests == 0 {
		return w.Render(rw, http.StatusOK, "service.html", data)
	}
	data.Figures = cellsOf(resources.Total.Figures, win.Seconds())
	data.Others = resources.Others
	data.Resources, data.Headings = data.resources(name, resources.Groups, win)
	data.TracesURL = data.TracesOf(q)

	services, _, err := w.Services(ctx, s)
	if err != nil {
		return err
	}
	if len(services) > 0 {
		data.Kind, data.Apdex = serviceKind(services[0].Type), apdexText(services[0].Apdex, services[0].Requests)
	}
	measured, err := w.measure(ctx, data.Place, win, s, name)
	if err != nil {
		return err
	}
	measured.traces = data.TracesOfLatency(q)
	anatomy, err := w.Anatomy(ctx, s, win.Buckets())
	if err != nil {
		return err
	}
	data.Charts = w.charts(measured, anatomy)
	if len(services) > 0 {
		data.Deployments = deploymentRows(data.Frame, q, services[0].Deployments, measured.versions, win)
	}
	data.Operations, err = w.operations(ctx, data.Place, win, name, operation)
	if err != nil {
		return err
	}
	return w.Render(rw, http.StatusOK, "service.html", data)
}

// measure reads the data of the graphs.
func (w *Web) measure(ctx context.Context, p page.URL, win page.Window, s query.Selection, service string) (measured, error) {
	found, err := w.Figures(ctx, query.Breakdown{
		Selection: s, By: []query.Field{{Name: "version"}}, Buckets: win.Buckets(), Distribution: true, Limit: maxVersions,
	})
	if err != nil {
		return measured{}, err
	}
	slices.SortStableFunc(found.Groups, func(a, b stats.Group) int {
		return cmp.Or(cmp.Compare(a.First, b.First), strings.Compare(a.Values[0], b.Values[0]))
	})
	return measured{place: p, window: win, colour: w.Palette.Of(service).Hex(), total: found.Total, versions: found.Groups}, nil
}

// charts returns the four graphs, or three for a leaf service.
func (w *Web) charts(m measured, a stats.Anatomy) []*chart.Chart {
	all := []*chart.Chart{m.requests(), m.errors(), m.latency()}
	if spent, ok := w.spent(m, a); ok {
		all = append(all, spent)
	}
	return all
}

// operations returns links to the service's entry operations if it has several.
func (w *Web) operations(ctx context.Context, p page.URL, win page.Window, service, chosen string) (all []chart.Choice, err error) {
	const most = 12
	found, err := w.FiguresBy(ctx, win.Selection(page.And(query.Query{}, "service", service), query.ServiceEntrySpans), most, "operation_name")
	if err != nil || len(found.Groups) < 2 {
		return nil, err
	}
	all = append(all, chart.Choice{Title: "all", URL: p.With("operation", ""), Current: chosen == ""})
	for _, group := range found.Groups {
		name := group.Values[0]
		all = append(all, chart.Choice{Title: page.Short(name), URL: p.With("operation", name), Current: name == chosen})
	}
	return all, nil
}

// resources returns the rows and headings of the Resources table.
func (p *servicePage) resources(service string, groups []stats.Group, win page.Window) (rows []resourceRow, headings []page.Heading) {
	headings = page.Sort(groups, resourceColumns(), p.Place, "sort", "-requests")
	mostRequests, mostTime := 1, time.Duration(1)
	for _, g := range groups {
		mostRequests, mostTime = max(mostRequests, g.Requests), max(mostTime, g.Total)
	}
	for _, g := range groups {
		resource, operation := g.Values[0], g.Values[1]
		rows = append(rows, resourceRow{
			Resource: page.Short(resource), Operation: page.Short(operation), URL: p.ResourceURL(service, operation, resource),
			Share: page.Coordinate(100 * float64(g.Requests) / float64(mostRequests)), Spent: page.Coordinate(100 * float64(g.Total) / float64(mostTime)),
			Figures: cellsOf(g.Figures, win.Seconds()),
		})
	}
	return rows, headings
}

func resourceColumns() []page.Column[stats.Group] {
	type row = stats.Group
	return slices.Concat(
		[]page.Column[row]{
			{Name: "resource", Title: "Resource", Text: true, Compare: page.By(func(g row) string { return g.Values[0] })},
			{Name: "requests", Title: "Requests", Compare: page.By(func(g row) int { return g.Requests })},
			{Name: "rate", Title: "Requests/s", Means: "Average requests per second", Compare: page.By(func(g row) int { return g.Requests })},
			{Name: "total", Title: "Total time", Means: "Sum over all requests", Compare: page.By(func(g row) time.Duration { return g.Total })},
		},
		latencyColumns(func(g row) stats.Figures { return g.Figures }),
		[]page.Column[row]{
			{Name: "errors", Title: "Errors", Compare: page.By(func(g row) int { return g.Errors })},
			{Name: "error-rate", Title: "Error rate", Compare: page.By(func(g row) float64 { return g.ErrorRate() })},
		})
}

// deployments returns the rows of the Deployments table, the newest version first, with
// the figures of the window.
func deploymentRows(f page.Frame, q query.Query, known []page.Deployment, versions []stats.Group, win page.Window) (rows []deploymentRow) {
	figures := map[string]stats.Figures{}
	for _, group := range versions {
		figures[group.Values[0]] = group.Figures
	}
	for i, d := range known {
		row := deploymentRow{
			Version: page.Short(d.Version), First: page.MomentOrNone(d.FirstSeen), Figures: cellsOf(figures[d.Version], win.Seconds()),
			TracesURL: f.TracesOf(page.And(q, "version", d.Version)),
		}
		if i+1 < len(known) {
			row.Previous = page.Short(known[i+1].Version)
			row.CompareURL = f.Place.To("/compare", "service", f.Place.Get("service"), "resource", f.Place.Get("resource"), "operation", f.Place.Get("operation"), "a", known[i+1].Version, "b", d.Version)
		}
		rows = append(rows, row)
	}
	return rows
}
