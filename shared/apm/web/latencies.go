package web

import (
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
		{"p90", "p90", "", 90, func(f apm.Figures) time.Duration { return f.P90 }},
		{"p95", "p95", "", 95, func(f apm.Figures) time.Duration { return f.P95 }},
		{"p99", "p99", "", 99, func(f apm.Figures) time.Duration { return f.P99 }},
		{"max", "Max", "Latency of the slowest request", 100, func(f apm.Figures) time.Duration { return f.Max }},
	}
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
	P50, P95  amount
	Latencies []amount // in the order of latencyColumns
	ErrorRate amount
}

// cellsOf writes the figures of requests in so many seconds.
func cellsOf(f apm.Figures, seconds float64) figureCells {
	cells := figureCells{
		Figures: f, PerSecond: rate(float64(f.Requests) / max(1, seconds)),
		Total: duration(f.Total), P50: duration(f.P50), P95: duration(f.P95), ErrorRate: percent(f.ErrorRate()),
	}
	for _, l := range latencies() {
		if l.Name != "p50" {
			cells.Latencies = append(cells.Latencies, duration(l.of(f)))
		}
	}
	return cells
}
