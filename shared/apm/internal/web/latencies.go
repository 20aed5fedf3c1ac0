package web

import (
	"strings"
	"time"

	"thinker/shared/apm/internal/stats"
)

// A latency is an average, a percentile or a maximum of durations.
type latency struct {
	Name, Title string
	Means       string // a hover text; may be empty
	Percent     int    // of the requests that took at most as long; of an average, 50
	of          func(stats.Figures) time.Duration
}

// latencies returns all of them in the order of tables.
func latencies() []latency {
	return []latency{
		{"avg", "Avg", "Average latency", 50, stats.Figures.Average},
		{"p50", "p50", "50 % of the requests took at most this long", 50, func(f stats.Figures) time.Duration { return f.P50 }},
		{"p75", "p75", "75 % of the requests took at most this long", 75, func(f stats.Figures) time.Duration { return f.P75 }},
		{"p90", "p90", "90 % of the requests took at most this long. Needs 10 requests", 90, func(f stats.Figures) time.Duration { return f.P90 }},
		{"p95", "p95", "95 % of the requests took at most this long. Needs 20 requests", 95, func(f stats.Figures) time.Duration { return f.P95 }},
		{"p99", "p99", "99 % of the requests took at most this long. Needs 100 requests", 99, func(f stats.Figures) time.Duration { return f.P99 }},
		{"max", "Max", "Latency of the slowest request", 100, func(f stats.Figures) time.Duration { return f.Max }},
	}
}

// IsPercentile reports whether the latency is a percentile.
func (l latency) IsPercentile() bool { return strings.HasPrefix(l.Name, "p") }

// A latencyCell is a latency as tables show it.
type latencyCell struct {
	amount
	Slowest bool // a percentile that equals the maximum, as there are too few requests
}

func (l latency) cell(f stats.Figures) latencyCell {
	return latencyCell{duration(l.of(f)), l.IsPercentile() && f.Requests*(100-l.Percent) < 100}
}

// latencyColumns returns the columns of lists of services and of resources: all but
// p50, as in Datadog.
func latencyColumns[Row any](figures func(Row) stats.Figures) (columns []column[Row]) {
	for _, l := range latencies() {
		if l.Name != "p50" {
			columns = append(columns, column[Row]{Name: l.Name, Title: l.Title, Means: l.Means, compare: by(func(r Row) time.Duration { return l.of(figures(r)) })})
		}
	}
	return columns
}

// figureCells are figures in the form that tables show.
type figureCells struct {
	stats.Figures
	PerSecond amount
	Total     amount
	Avg, Max  amount
	P50, P95  latencyCell
	Latencies []latencyCell // in the order of latencyColumns
	ErrorRate amount
}

// cellsOf formats the figures of requests within a number of seconds.
func cellsOf(f stats.Figures, seconds float64) figureCells {
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

// latencyText returns percentiles and the maximum. It leaves out percentiles that equal
// the maximum because there are too few requests.
func latencyText(f stats.Figures) string {
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

// slowText returns the p95, or the maximum if there are too few requests for it.
func slowText(f stats.Figures) string {
	if cells := cellsOf(f, 1); !cells.P95.Slowest {
		return "p95 " + cells.P95.String()
	}
	return "max " + duration(f.Max).String()
}
