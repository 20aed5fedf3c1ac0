package web

import (
	"cmp"
	"context"
	"net/http"

	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/query"
)

// resourcePage shows a resource of a service.
type resourcePage struct {
	frame
	Service   service
	Resource  string
	Operation string
	Figures   figureCells
	Apdex     string // the template of the headline asks for it
	Charts    []*chart.Chart
	TracesURL string

	Spans        []summaryRow
	SpanHeadings []heading
	AllSpans     int    // kinds of spans, if the page lists only some; otherwise 0
	OtherSpans   int    // kinds of spans past the limit of the list
	Sample       string // says how many requests the spans come from

	Dependencies *serviceMap // nil where there are none

	Deployments []deploymentRow
	Latest      []traceRow
}

// fewSpans is how many kinds of spans a page lists by default.
const fewSpans = 20

// showResource serves GET /resource?service=&operation=&resource=.
func (w *Web) showResource(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	asked := r.URL.Query()
	name, resource := asked.Get("service"), asked.Get("resource")
	q := both(both(query.Query{}, "resource_name", resource), "service", name)
	if operation := asked.Get("operation"); operation != "" {
		q = both(q, "operation_name", operation)
	}
	page := resourcePage{
		frame: w.frame(r, "services", cmp.Or(short(resource), "no resource"), docs{
			"Resource page", "https://docs.datadoghq.com/tracing/services/resource_page/", "monitors, infrastructure, logs and profiles",
		}),
		Service: w.service(name), Resource: short(resource), Operation: short(asked.Get("operation")),
	}
	win, err := w.open(r, &page.frame, q)
	if err != nil {
		return err
	}
	s := win.selection(q, query.ServiceEntrySpans)
	measured, err := w.measure(ctx, page.Place, win, s, name)
	if err != nil {
		return err
	}
	if measured.total.Requests == 0 {
		return w.render(rw, http.StatusOK, "resource.html", page)
	}
	measured.traces = tracesOfLatency(page.frame, q)
	page.Figures = cellsOf(measured.total.Figures, win.seconds())
	anatomy, err := w.anatomy(ctx, s, win.Buckets())
	if err != nil {
		return err
	}
	page.Charts = w.charts(measured, anatomy)
	page.Sample, page.OtherSpans = sampleText(anatomy), anatomy.OtherSpans
	page.Spans, page.SpanHeadings = w.spanSummary(anatomy, page.Place)
	if len(page.Spans) > fewSpans && asked.Get("kinds") != "all" {
		page.AllSpans = len(page.Spans)
		page.Spans = page.Spans[:fewSpans]
	}
	page.Dependencies = w.dependencies(page.frame, anatomy, name, measured.total.Figures, win)
	page.TracesURL = page.tracesOf(q)
	known, err := w.deploymentsOf(ctx, s, name)
	if err != nil {
		return err
	}
	page.Deployments = deploymentRows(page.frame, q, known, measured.versions, win)
	page.Latest, err = w.latest(ctx, s)
	if err != nil {
		return err
	}
	return w.render(rw, http.StatusOK, "resource.html", page)
}

// latest returns the traces of the selected spans that arrived last.
func (w *Web) latest(ctx context.Context, s query.Selection) (rows []traceRow, err error) {
	const most = 10
	summaries, _, err := w.search(ctx, query.Request{Selection: s, Limit: most})
	for _, summary := range summaries {
		rows = append(rows, w.traceRow(summary))
	}
	return rows, err
}
