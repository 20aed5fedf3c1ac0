package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/query"
)

// servicePage shows a service's resources, graphs and deployments.
type servicePage struct {
	frame
	Service    service
	Kind       string
	Figures    figureCells
	Apdex      string
	Operations []chart.Choice // more than one, or none
	Charts     []*chart.Chart
	TracesURL  string

	Headings  []heading
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
	First      *moment // over all time
	Figures    figureCells
	TracesURL  string
	Previous   string // the version before it; empty for the first
	CompareURL string // compares the two
}

// showService serves GET /service?service=&operation=.
func (w *Web) showService(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	name, operation := r.URL.Query().Get("service"), r.URL.Query().Get("operation")
	q := both(query.Query{}, "service", name)
	if operation != "" {
		q = both(q, "operation_name", operation)
	}
	page := servicePage{Service: w.service(name), frame: w.frame(r, "services", cmp.Or(short(name), "no service"), docs{
		"Service page", "https://docs.datadoghq.com/tracing/services/service_page/", "monitors, infrastructure, logs and profiles",
	})}
	win, err := w.open(r, &page.frame, q)
	if err != nil {
		return err
	}
	s := win.selection(q, query.ServiceEntrySpans)

	resources, err := w.figuresBy(ctx, s, 200, "resource_name", "operation_name")
	if err != nil {
		return err
	}
	if resources.Total.Requests == 0 {
		return w.render(rw, http.StatusOK, "service.html", page)
	}
	page.Figures = cellsOf(resources.Total.Figures, win.seconds())
	page.Others = resources.Others
	page.Resources, page.Headings = page.resources(name, resources.Groups, win)
	page.TracesURL = page.tracesOf(q)

	services, _, err := w.servicesOf(ctx, s)
	if err != nil {
		return err
	}
	if len(services) > 0 {
		page.Kind, page.Apdex = serviceKind(services[0].Type), apdexText(services[0].Apdex, services[0].Requests)
	}
	measured, err := w.measure(ctx, page.Place, win, s, name)
	if err != nil {
		return err
	}
	measured.traces = tracesOfLatency(page.frame, q)
	anatomy, err := w.anatomy(ctx, s, win.Buckets())
	if err != nil {
		return err
	}
	page.Charts = w.charts(measured, anatomy)
	if len(services) > 0 {
		page.Deployments = deploymentRows(page.frame, q, services[0].Deployments, measured.versions, win)
	}
	page.Operations, err = w.operations(ctx, page.Place, win, name, operation)
	if err != nil {
		return err
	}
	return w.render(rw, http.StatusOK, "service.html", page)
}

// measure reads the data of the graphs.
func (w *Web) measure(ctx context.Context, p place, win window, s query.Selection, service string) (measured, error) {
	found, err := w.figures(ctx, query.Breakdown{
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
func (w *Web) operations(ctx context.Context, p place, win window, service, chosen string) (all []chart.Choice, err error) {
	const most = 12
	found, err := w.figuresBy(ctx, win.selection(both(query.Query{}, "service", service), query.ServiceEntrySpans), most, "operation_name")
	if err != nil || len(found.Groups) < 2 {
		return nil, err
	}
	all = append(all, chart.Choice{Title: "all", URL: p.With("operation", ""), Current: chosen == ""})
	for _, group := range found.Groups {
		name := group.Values[0]
		all = append(all, chart.Choice{Title: short(name), URL: p.With("operation", name), Current: name == chosen})
	}
	return all, nil
}

// resources returns the rows and headings of the Resources table.
func (p *servicePage) resources(service string, groups []stats.Group, win window) (rows []resourceRow, headings []heading) {
	headings = sorted(groups, resourceColumns(), p.Place, "sort", "-requests")
	mostRequests, mostTime := 1, time.Duration(1)
	for _, g := range groups {
		mostRequests, mostTime = max(mostRequests, g.Requests), max(mostTime, g.Total)
	}
	for _, g := range groups {
		resource, operation := g.Values[0], g.Values[1]
		rows = append(rows, resourceRow{
			Resource: short(resource), Operation: short(operation), URL: p.ResourceURL(service, operation, resource),
			Share: coordinate(100 * float64(g.Requests) / float64(mostRequests)), Spent: coordinate(100 * float64(g.Total) / float64(mostTime)),
			Figures: cellsOf(g.Figures, win.seconds()),
		})
	}
	return rows, headings
}

func resourceColumns() []column[stats.Group] {
	type row = stats.Group
	return slices.Concat(
		[]column[row]{
			{Name: "resource", Title: "Resource", Text: true, compare: by(func(g row) string { return g.Values[0] })},
			{Name: "requests", Title: "Requests", compare: by(func(g row) int { return g.Requests })},
			{Name: "rate", Title: "Requests/s", Means: "Average requests per second", compare: by(func(g row) int { return g.Requests })},
			{Name: "total", Title: "Total time", Means: "Sum over all requests", compare: by(func(g row) time.Duration { return g.Total })},
		},
		latencyColumns(func(g row) stats.Figures { return g.Figures }),
		[]column[row]{
			{Name: "errors", Title: "Errors", compare: by(func(g row) int { return g.Errors })},
			{Name: "error-rate", Title: "Error rate", compare: by(func(g row) float64 { return g.ErrorRate() })},
		})
}

// deployments returns the rows of the Deployments table, the newest version first, with
// the figures of the window.
func deploymentRows(f frame, q query.Query, known []deployment, versions []stats.Group, win window) (rows []deploymentRow) {
	figures := map[string]stats.Figures{}
	for _, group := range versions {
		figures[group.Values[0]] = group.Figures
	}
	for i, d := range known {
		row := deploymentRow{
			Version: short(d.Version), First: momentOrNone(d.FirstSeen), Figures: cellsOf(figures[d.Version], win.seconds()),
			TracesURL: f.tracesOf(both(q, "version", d.Version)),
		}
		if i+1 < len(known) {
			row.Previous = short(known[i+1].Version)
			row.CompareURL = f.Place.To("/compare", "service", f.Place.Get("service"), "resource", f.Place.Get("resource"), "operation", f.Place.Get("operation"), "a", known[i+1].Version, "b", d.Version)
		}
		rows = append(rows, row)
	}
	return rows
}

// tracesOfLatency returns the addresses of the traces in which a request that matches
// the query took at least from and less than to.
func tracesOfLatency(f frame, q query.Query) func(from, to time.Duration) string {
	return func(from, to time.Duration) string {
		took := query.Term{Field: query.Field{Name: "duration"}, Test: query.Range{
			Low: query.Bound{Number: nanosecondsOf(from)}, High: query.Bound{Number: nanosecondsOf(to), Exclusive: true},
		}}
		between := query.Query{Expr: query.And{q.Expr, took}}
		return f.tracesOf(between)
	}
}

// nanosecondsOf converts a duration exactly to a number with a unit of the query
// language.
func nanosecondsOf(d time.Duration) query.Number {
	switch {
	case d%time.Millisecond == 0:
		return query.Number{Value: float64(d / time.Millisecond), Unit: "ms"}
	case d%time.Microsecond == 0:
		return query.Number{Value: float64(d / time.Microsecond), Unit: "us"}
	default:
		return query.Number{Value: float64(d), Unit: "ns"}
	}
}
