package web

import (
	"strings"
	"time"

	"thinker/shared/apm"
)

// A latency is a figure of how long requests took.
type latency struct {
	Name, Title string
	Means       string // in words; may be empty
	Percent     int    // of the requests that took no longer, as far as it tells
	of          func(apm.Figures) time.Duration
}

// latencies are all that there are, in the order of tables.
func latencies() []latency {
	return []latency{
		{"avg", "Avg", "Average latency", 50, apm.Figures.Average},
		{"p50", "p50", "Latency of half of the requests, at most", 50, func(f apm.Figures) time.Duration { return f.P50 }},
		{"p75", "p75", "Latency of three in four requests, at most", 75, func(f apm.Figures) time.Duration { return f.P75 }},
		{"p90", "p90", "Latency of 90 in 100 requests, at most; of fewer than 10, of all", 90, func(f apm.Figures) time.Duration { return f.P90 }},
		{"p95", "p95", "Latency of 95 in 100 requests, at most; of fewer than 20, of all", 95, func(f apm.Figures) time.Duration { return f.P95 }},
		{"p99", "p99", "Latency of 99 in 100 requests, at most; of fewer than 100, of all", 99, func(f apm.Figures) time.Duration { return f.P99 }},
		{"max", "Max", "Latency of the slowest request", 100, func(f apm.Figures) time.Duration { return f.Max }},
	}
}

// IsPercentile tells a percentile from an average and the like.
func (l latency) IsPercentile() bool { return strings.HasPrefix(l.Name, "p") }

// A latencyCell is a latency as tables show it.
type latencyCell struct {
	amount
	Slowest bool // a percentile that of so few requests is the slowest's
}

func (l latency) cell(f apm.Figures) latencyCell {
	return latencyCell{duration(l.of(f)), l.IsPercentile() && f.Requests*(100-l.Percent) < 100}
}

// latencyColumns are those that lists of services and of resources have: all
// but p50, as in the product.
func latencyColumns[Row any](figures func(Row) apm.Figures) (columns []column[Row]) {
	for _, l := range latencies() {
		if l.Name != "p50" {
			columns = append(columns, column[Row]{Name: l.Name, Title: l.Title, Means: l.Means, compare: by(func(r Row) time.Duration { return l.of(figures(r)) })})
		}
	}
	return columns
}

// figureCells are figures as tables show them.
type figureCells struct {
	apm.Figures
	PerSecond amount
	Total     amount
	Avg, Max  amount
	P50, P95  latencyCell
	Latencies []latencyCell // in the order of latencyColumns
	ErrorRate amount
}

// cellsOf writes the figures of requests in so many seconds.
func cellsOf(f apm.Figures, seconds float64) figureCells {
	cells := figureCells{
		Figures: f, PerSecond: rate(float64(f.Requests) / max(1, seconds)),
		Total: duration(f.Total), Avg: duration(f.Average()), Max: duration(f.Max), ErrorRate: percent(f.ErrorRate()),
	}
	for _, l := range latencies() {
		cell := l.cell(f)
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

// latencyText says how long requests took, without the percentiles that of so few
// are the slowest's.
func latencyText(f apm.Figures) string {
	var said []string
	for _, l := range latencies() {
		switch l.Name {
		case "p50", "p95", "p99", "max":
			if cell := l.cell(f); !cell.Slowest {
				said = append(said, strings.ToLower(l.Title)+" "+cell.String())
			}
		}
	}
	return strings.Join(said, " · ")
}

// slowText says how long the slow ones of requests took.
func slowText(f apm.Figures) string {
	if cells := cellsOf(f, 1); !cells.P95.Slowest {
		return "p95 " + cells.P95.String()
	}
	return "max " + duration(f.Max).String()
}
