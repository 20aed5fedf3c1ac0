package web

import (
	"strings"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A latencyCell is a latency as tables show it.
type latencyCell struct {
	page.Amount
	Slowest bool // a percentile that equals the maximum, as there are too few requests
}

func latencyCellOf(l chart.Latency, f stats.Figures) latencyCell {
	return latencyCell{page.Duration(l.Of(f)), l.IsSlowest(f)}
}

// latencyColumns returns the columns of lists of services and of resources: all but
// p50, as in Datadog.
func latencyColumns[Row any](figures func(Row) stats.Figures) (columns []page.Column[Row]) {
	for _, l := range chart.Latencies() {
		if l.Name != "p50" {
			columns = append(columns, page.Column[Row]{Name: l.Name, Title: l.Title, Means: l.Means,
				Compare: page.By(func(r Row) time.Duration { return l.Of(figures(r)) })})
		}
	}
	return columns
}

// figureCells are figures in the form that tables show.
type figureCells struct {
	stats.Figures
	PerSecond page.Amount
	Total     page.Amount
	Avg, Max  page.Amount
	P50, P95  latencyCell
	Latencies []latencyCell // in the order of latencyColumns
	ErrorRate page.Amount
}

// cellsOf formats the figures of requests within a number of seconds.
func cellsOf(f stats.Figures, seconds float64) figureCells {
	cells := figureCells{
		Figures: f, PerSecond: page.Rate(float64(f.Requests) / max(1, seconds)),
		Total: page.Duration(f.Total), Avg: page.Duration(f.Average()), Max: page.Duration(f.Max), ErrorRate: page.Percent(f.ErrorRate()),
	}
	for _, l := range chart.Latencies() {
		cell := latencyCellOf(l, f)
		switch l.Name {
		case "p50":
			cells.P50 = cell
			continue
		case "p95":
			cells.P95 = cell
		}
		cells.Latencies = append(cells.Latencies, cell)
	}
	return cells
}

// latencyText returns percentiles and the maximum. It leaves out percentiles that equal
// the maximum because there are too few requests.
func latencyText(f stats.Figures) string {
	var said []string
	for _, l := range chart.Latencies() {
		switch l.Name {
		case "p50", "p95", "p99", "max":
			if cell := latencyCellOf(l, f); !cell.Slowest {
				said = append(said, strings.ToLower(l.Title)+" "+cell.String())
			}
		}
	}
	return strings.Join(said, " · ")
}

// slowText returns the p95, or the maximum if there are too few requests for it.
func slowText(f stats.Figures) string {
	if cells := cellsOf(f, 1); !cells.P95.Slowest {
		return "p95 " + cells.P95.String()
	}
	return "max " + page.Duration(f.Max).String()
}
