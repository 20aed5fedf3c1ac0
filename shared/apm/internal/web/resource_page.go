package web

import (
	"cmp"
	"context"
	"net/http"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// resourcePage shows a resource of a service.
type resourcePage struct {
	page.Frame
	Service   page.Service
	Resource  string
	Operation string
	Figures   figureCells
	Apdex     string // the template of the headline asks for it
	Charts    []*chart.Chart
	TracesURL string

	Spans        []summaryRow
	SpanHeadings []page.Heading
	AllSpans     int    // kinds of spans, if the page lists only some; otherwise 0
	OtherSpans   int    // kinds of spans past the limit of the list
	Sample       string // says how many requests the spans come from

	Dependencies *page.ServiceMap // nil where there are none

	Deployments []deploymentRow
	Latest      []page.TraceRow
}

// fewSpans is how many kinds of spans a page lists by default.
const fewSpans = 20

// showResource serves GET /resource?service=&operation=&resource=.
func (w *Web) showResource(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	asked := r.URL.Query()
	name, resource := asked.Get("service"), asked.Get("resource")
	q := page.And(page.And(query.Query{}, "resource_name", resource), "service", name)
	if operation := asked.Get("operation"); operation != "" {
		q = page.And(q, "operation_name", operation)
	}
	data := resourcePage{
		Frame: w.Frame(r, "services", cmp.Or(page.Short(resource), "no resource"), page.Docs{
			Name: "Resource page", URL: "https://docs.datadoghq.com/tracing/services/resource_page/", Lacks: "monitors, infrastructure, logs and profiles",
		}),
		Service: w.Service(name), Resource: page.Short(resource), Operation: page.Short(asked.Get("operation")),
	}
	win, err := w.Open(r, &data.Frame, q)
	if err != nil {
		return err
	}
	s := win.Selection(q, query.ServiceEntrySpans)
	measured, err := w.measure(ctx, data.Place, win, s, name)
	if err != nil {
		return err
	}
	if measured.total.Requests == 0 {
		return w.Render(rw, http.StatusOK, "resource.html", data)
	}
	measured.traces = data.TracesOfLatency(q)
	data.Figures = cellsOf(measured.total.Figures, win.Seconds())
	anatomy, err := w.Anatomy(ctx, s, win.Buckets())
	if err != nil {
		return err
	}
	data.Charts = w.charts(measured, anatomy)
	data.Sample, data.OtherSpans = page.SampleText(anatomy), anatomy.OtherSpans
	data.Spans, data.SpanHeadings = w.spanSummary(anatomy, data.Place)
	if len(data.Spans) > fewSpans && asked.Get("kinds") != "all" {
		data.AllSpans = len(data.Spans)
		data.Spans = data.Spans[:fewSpans]
	}
	data.Dependencies = w.dependencies(data.Frame, anatomy, name, measured.total.Figures, win)
	data.TracesURL = data.TracesOf(q)
	known, err := w.Deployments(ctx, s, name)
	if err != nil {
		return err
	}
	data.Deployments = deploymentRows(data.Frame, q, known, measured.versions, win)
	data.Latest, err = w.latest(ctx, s)
	if err != nil {
		return err
	}
	return w.Render(rw, http.StatusOK, "resource.html", data)
}

// latest returns the traces of the selected spans that arrived last.
func (w *Web) latest(ctx context.Context, s query.Selection) (rows []page.TraceRow, err error) {
	const most = 10
	summaries, _, err := w.Search(ctx, query.Request{Selection: s, Limit: most})
	for _, summary := range summaries {
		rows = append(rows, page.NewTraceRow(w.Site, summary))
	}
	return rows, err
}
