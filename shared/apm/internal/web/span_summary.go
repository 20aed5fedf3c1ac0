package web

import (
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A summaryRow is a row of the Span summary.
type summaryRow struct {
	Service   page.Service
	Name      string
	Resource  string
	PerTrace  string
	Traces    page.Amount
	Avg       page.Amount
	Exec      page.Amount // percent
	ExecShare string
	Errors    int
}

// spanSummary returns the rows and headings of the Span summary.
func (w *Web) spanSummary(a stats.Anatomy, p page.URL) (rows []summaryRow, headings []page.Heading) {
	spans := a.Spans
	headings = page.Sort(spans, summaryColumns(), p, "spans", "-exec")
	for _, s := range spans {
		rows = append(rows, summaryRow{
			Service: w.Service(s.Service), Name: page.Short(s.Name), Resource: page.Short(s.Resource),
			PerTrace: format.Significant(s.PerTrace()), Traces: page.Percent(s.TracesPercent(a) / 100), Avg: page.Duration(s.Average()),
			Exec: page.Percent(s.ExecPercent / 100), ExecShare: page.Coordinate(s.ExecPercent), Errors: s.Errors,
		})
	}
	return rows, headings
}

func summaryColumns() []page.Column[stats.SpanSummary] {
	type row = stats.SpanSummary
	return []page.Column[row]{
		{Name: "service", Title: "Service", Text: true, Compare: page.By(func(s row) string { return s.Service })},
		{Name: "resource", Title: "Resource", Text: true, Compare: page.By(func(s row) string { return s.Resource })},
		{Name: "per-trace", Title: "Avg spans/trace", Means: "Average over the traces that have such a span", Compare: page.By(func(s row) float64 { return s.PerTrace() })},
		{Name: "traces", Title: "% of traces", Means: "Traces that have such a span", Compare: page.By(func(s row) int { return s.Traces })},
		{Name: "duration", Title: "Avg duration", Compare: page.By(func(s row) time.Duration { return s.Average() })},
		{Name: "exec", Title: "Avg % exec time", Means: "Average share of the trace’s execution time", Compare: page.By(func(s row) float64 { return s.ExecPercent })},
		{Name: "errors", Title: "Errors", Compare: page.By(func(s row) int { return s.Errors })},
	}
}
