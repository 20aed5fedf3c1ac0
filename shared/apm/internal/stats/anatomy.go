package stats

import (
	"math"
	"time"

	"thinker/shared/apm"
)

// An Anatomy summarizes what requests consist of: the services and spans that worked for
// them, and the calls between services. A request is a selected span, and consists of
// itself and all spans below it. A span below several requests counts once.
type Anatomy struct {
	Requests int // examined: if there are many, a sample spread evenly
	Of       int // all requests
	Traces   int // with an examined request

	// The time range that the series divide evenly, in nanoseconds since the Unix epoch:
	// from From to before To. If no limits were requested, that of the spans.
	From, To       int64
	SeriesRequests []int // examined requests by start, in the requested buckets; nil without

	Services []SpentTime   // by execution time, longest first
	Spans    []SpanSummary // by execution time, longest first
	Edges    []Edge        // by calling service, then by called service

	// Omitted because there were too many.
	OtherServices, OtherSpans, OtherEdges int
}

// A SpentTime is a service's part of the requests' execution time.
type SpentTime struct {
	apm.ServiceTime
	Series []time.Duration // by start of the request that is closest above; nil without buckets
}

// A SpanSummary summarizes the requests' spans that have the same service, operation,
// resource and type. Averages are over the traces that have such a span, as in Datadog's
// Span summary
// (https://docs.datadoghq.com/tracing/services/resource_page/#span-summary).
type SpanSummary struct {
	Service, Name, Resource, Type string

	Spans  int
	Errors int // of the spans
	Traces int // with such a span
	Total  time.Duration
	Exec   time.Duration
	// ExecPercent is their part of the execution time of a trace's requests, on
	// average: Datadog's Avg % Exec Time.
	ExecPercent float64
}

// PerTrace returns the average number of the spans in a trace that has one: Datadog's Avg
// Spans/trace.
func (s SpanSummary) PerTrace() float64 { return float64(s.Spans) / float64(max(1, s.Traces)) }

// TracesPercent returns the part of the traces that have such a span: Datadog's % of
// Traces.
func (s SpanSummary) TracesPercent(of Anatomy) float64 {
	return 100 * float64(s.Traces) / float64(max(1, of.Traces))
}

// Average returns the average duration of such a span: Datadog's Avg Duration.
func (s SpanSummary) Average() time.Duration { return s.Total / time.Duration(max(1, s.Spans)) }

// An Edge sums up calls from one service to another: spans of To whose parent is a span of
// From. They belong to a request, or are on the path from a trace's root to a request.
type Edge struct {
	From, To   string // services
	Calls      int
	Errors     int // of the calls
	Traces     int // with such a call
	Total, Max time.Duration
}

// Average returns the average duration of a call.
func (e Edge) Average() time.Duration { return e.Total / time.Duration(max(1, e.Calls)) }

// ErrorRate returns the part of the calls that failed, from 0 to 1.
func (e Edge) ErrorRate() float64 { return float64(e.Errors) / float64(max(1, e.Calls)) }

// Sampled reports whether only a part of the requests was examined.
func (a Anatomy) Sampled() bool { return a.Requests < a.Of }

// Estimate extrapolates a count n in the examined requests to all requests.
func (a Anatomy) Estimate(n int) float64 {
	if a.Requests == 0 {
		return 0
	}
	return float64(n) * float64(a.Of) / float64(a.Requests)
}

// PerSecond estimates the rate of something that occurs n times in the examined requests.
// A time range below a second counts as a second: a few simultaneous calls aren't
// thousands per second.
func (a Anatomy) PerSecond(n int) float64 {
	return a.Estimate(n) / math.Max(1, float64(uint64(a.To)-uint64(a.From))/1e9)
}
