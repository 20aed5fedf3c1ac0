package chart

import (
	"strings"
	"time"

	"thinker/shared/apm/internal/stats"
)

// A Latency is an average, a percentile or a maximum of durations.
type Latency struct {
	Name, Title string
	Means       string // a hover text; may be empty
	Percent     int    // of the requests that took at most as long; 50 for an average
	Of          func(stats.Figures) time.Duration
}

// Latencies returns all latencies in the order of tables.
func Latencies() []Latency {
	const most = " of the requests took at most this long"
	return []Latency{
		{"avg", "Avg", "Average latency", 50, stats.Figures.Average},
		{"p50", "p50", "50 %" + most, 50, func(f stats.Figures) time.Duration { return f.P50 }},
		{"p75", "p75", "75 %" + most, 75, func(f stats.Figures) time.Duration { return f.P75 }},
		{"p90", "p90", "90 %" + most + ". Needs 10 requests", 90, func(f stats.Figures) time.Duration { return f.P90 }},
		{"p95", "p95", "95 %" + most + ". Needs 20 requests", 95, func(f stats.Figures) time.Duration { return f.P95 }},
		{"p99", "p99", "99 %" + most + ". Needs 100 requests", 99, func(f stats.Figures) time.Duration { return f.P99 }},
		{"max", "Max", "Latency of the slowest request", 100, func(f stats.Figures) time.Duration { return f.Max }},
	}
}

// IsPercentile reports whether the latency is a percentile.
func (l Latency) IsPercentile() bool { return strings.HasPrefix(l.Name, "p") }

// IsSlowest reports whether a percentile equals the maximum because there are too few
// requests.
func (l Latency) IsSlowest(f stats.Figures) bool {
	return l.IsPercentile() && f.Requests*(100-l.Percent) < 100
}
