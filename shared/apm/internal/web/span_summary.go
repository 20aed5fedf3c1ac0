package web

import (
	"fmt"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
)

// A summaryRow is a row of the Span summary.
type summaryRow struct {
	Service   service
	Name      string
	Resource  string
	PerTrace  string
	Traces    amount
	Avg       amount
	Exec      amount // percent
	ExecShare string
	Errors    int
}

// spanSummary returns the rows and headings of the Span summary.
func (w *Web) spanSummary(a stats.Anatomy, p place) (rows []summaryRow, headings []heading) {
	spans := a.Spans
	headings = sorted(spans, summaryColumns(), p, "spans", "-exec")
	for _, s := range spans {
		rows = append(rows, summaryRow{
			Service: w.service(s.Service), Name: short(s.Name), Resource: short(s.Resource),
			PerTrace: format.Significant(s.PerTrace()), Traces: percent(s.TracesPercent(a) / 100), Avg: duration(s.Average()),
			Exec: percent(s.ExecPercent / 100), ExecShare: coordinate(s.ExecPercent), Errors: s.Errors,
		})
	}
	return rows, headings
}

// sampleText returns how many requests the figures come from.
func sampleText(a stats.Anatomy) string {
	if a.Sampled() {
		return fmt.Sprintf("from a sample of %s of %s requests", format.Number(a.Requests), format.Number(a.Of))
	}
	return "from " + format.Count(a.Requests, "request", "requests")
}

func summaryColumns() []column[stats.SpanSummary] {
	type row = stats.SpanSummary
	return []column[row]{
		{Name: "service", Title: "Service", Text: true, compare: by(func(s row) string { return s.Service })},
		{Name: "resource", Title: "Resource", Text: true, compare: by(func(s row) string { return s.Resource })},
		{Name: "per-trace", Title: "Avg spans/trace", Means: "Average over the traces that have such a span", compare: by(func(s row) float64 { return s.PerTrace() })},
		{Name: "traces", Title: "% of traces", Means: "Traces that have such a span", compare: by(func(s row) int { return s.Traces })},
		{Name: "duration", Title: "Avg duration", compare: by(func(s row) time.Duration { return s.Average() })},
		{Name: "exec", Title: "Avg % exec time", Means: "Average share of the trace’s execution time", compare: by(func(s row) float64 { return s.ExecPercent })},
		{Name: "errors", Title: "Errors", compare: by(func(s row) int { return s.Errors })},
	}
}
