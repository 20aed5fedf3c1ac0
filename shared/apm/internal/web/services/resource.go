package services

import (
	"context"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A resourcePage shows a resource of a service.
type resourcePage struct {
	frame
	Total  stats.Figures
	Charts []*chart.Chart

	Anatomy      stats.Anatomy
	SpanHeadings []page.Heading
	AllSpans     int // kinds of spans, if the page lists only some; otherwise 0

	Dependencies *page.ServiceMap // nil for none
	Latest       []apm.Summary
	Deployments  []deployment
}

// loadResource reads a resource for ?spans=&kinds=all and the choices of its graphs.
func (p pages) loadResource(ctx context.Context, f frame) (any, error) {
	const fewKinds, latest = 20, 10
	data := resourcePage{frame: f}
	g, anatomy, err := p.graphs(ctx, f)
	if err != nil || g.total.Requests == 0 {
		return data, err
	}
	data.Total, data.Charts = g.total.Figures, p.charts(g, anatomy)
	data.SpanHeadings = page.Sort(anatomy.Spans, spanColumns(), f.URL, "spans", "-exec")
	if len(anatomy.Spans) > fewKinds && !f.allKinds {
		data.AllSpans = len(anatomy.Spans)
		anatomy.Spans = anatomy.Spans[:fewKinds]
	}
	data.Anatomy = anatomy
	data.Dependencies = data.dependencies()
	known, err := page.Deployments(ctx, p.Traces, f.selection())
	if err != nil {
		return nil, err
	}
	data.Deployments = data.deployments(known[f.Service], g.versions)
	data.Latest, _, err = p.Traces.Search(ctx, query.Request{Selection: f.selection(), Limit: latest})
	return data, err
}

// spanColumns returns the columns of the Span summary.
func spanColumns() []page.Column[stats.SpanSummary] {
	type row = stats.SpanSummary
	return []page.Column[row]{
		page.NewColumn("service", "Service", "", func(s row) string { return s.Service }),
		page.NewColumn("resource", "Resource", "", func(s row) string { return s.Resource }),
		page.NewColumn("per-trace", "Avg spans/trace", "Average over the traces that have such a span", row.PerTrace),
		page.NewColumn("traces", "% of traces", "Traces that have such a span", func(s row) int { return s.Traces }),
		page.NewColumn("duration", "Avg duration", "", row.Average),
		page.NewColumn("exec", "Avg % exec time", "Average share of the trace’s execution time",
			func(s row) float64 { return s.ExecPercent }),
		page.NewColumn("errors", "Errors", "", func(s row) int { return s.Errors }),
	}
}

// Sample returns how many requests the spans come from.
func (p resourcePage) Sample() string { return page.SampleText(p.Anatomy) }

// Percent formats a share of 100.
func (p resourcePage) Percent(of100 float64) page.Amount { return page.Percent(of100 / 100) }
