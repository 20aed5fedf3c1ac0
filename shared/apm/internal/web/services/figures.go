package services

import (
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
)

// figures are the figures of requests within a time range, as tables show them.
type figures struct {
	stats.Figures
	seconds float64 // of the time range
}

// A latency is a latency as tables show it.
type latency struct {
	page.Amount
	Slowest bool // a percentile that equals the maximum, because there are too few requests
}

// Figures returns figures within the page's window.
func (f frame) Figures(of stats.Figures) figures { return figures{of, f.Window.Seconds()} }

// PerSecond returns the rate of requests.
func (f figures) PerSecond() page.Amount { return page.Rate(float64(f.Requests) / max(1, f.seconds)) }

func (f figures) latency(l chart.Latency) latency {
	return latency{page.Duration(l.Of(f.Figures)), l.IsSlowest(f.Figures)}
}

// Latency returns the latency with a name, such as p95.
func (f figures) Latency(name string) latency {
	all := chart.Latencies()
	return f.latency(all[slices.IndexFunc(all, func(l chart.Latency) bool { return l.Name == name })])
}

// Latencies returns the latencies of latencyColumns.
func (f figures) Latencies() (cells []latency) {
	for _, l := range listedLatencies() {
		cells = append(cells, f.latency(l))
	}
	return cells
}

// listedLatencies returns the latencies in lists: all but p50, as in Datadog.
func listedLatencies() []chart.Latency {
	return slices.DeleteFunc(chart.Latencies(), func(l chart.Latency) bool { return l.Name == "p50" })
}

// latencyColumns returns the columns of latencies in a list of services or resources.
func latencyColumns[Row any](figures func(Row) stats.Figures) (columns []page.Column[Row]) {
	for _, l := range listedLatencies() {
		of := func(r Row) time.Duration { return l.Of(figures(r)) }
		columns = append(columns, page.NewColumn(l.Name, l.Title, l.Means, of))
	}
	return columns
}

// text returns percentiles and the maximum. It leaves out percentiles that equal the
// maximum because there are too few requests.
func (f figures) text(names ...string) string {
	var parts []string
	for _, name := range names {
		if l := f.Latency(name); !l.Slowest {
			parts = append(parts, name+" "+l.String())
		}
	}
	return strings.Join(parts, " · ")
}

// slow returns the p95, or the maximum if there are too few requests for it.
func (f figures) slow() string {
	if p95 := f.text("p95"); p95 != "" {
		return p95
	}
	return f.text("max")
}

// Share returns requests in percent of the largest number in the list.
func (f frame) Share(requests int) string {
	return page.Coordinate(100 * float64(requests) / float64(max(1, f.largest.Requests)))
}

// Spent returns a total time in percent of the largest in the list.
func (f frame) Spent(total time.Duration) string {
	return page.Coordinate(100 * float64(total) / float64(max(1, f.largest.Total)))
}

// Kind returns Datadog's name for the type of a service.
func (f frame) Kind(spanType string) string {
	switch spanType {
	case "web", "http", "rpc", "grpc", "proxy", "serverless":
		return "Web"
	case "sql", "db", "mongodb", "cassandra", "elasticsearch", "opensearch", "leveldb", "consul", "dynamodb":
		return "DB"
	case "cache", "redis", "memcached", "valkey":
		return "Cache"
	default:
		return "Custom"
	}
}
