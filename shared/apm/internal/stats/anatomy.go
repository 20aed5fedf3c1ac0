package stats

import (
	"math"
	"time"

	"thinker/shared/apm"
)

// An Anatomy tells what requests are made of: which services worked for them,
// by which spans, and who called whom. A request is a span that somebody chose,
// and made of itself and of all spans below it. What is below several requests
// counts once.
type Anatomy struct {
	Requests int // looked at: of very many, a sample spread evenly
	Of       int // requests in all
	Traces   int // that the requests looked at are in

	// The time that the series divide evenly, in nanoseconds since the Unix
	// epoch: from From to before To. What was asked for or, where that was not
	// bounded, what there is.
	From, To       int64
	SeriesRequests []int // requests looked at, by start, as many as were asked for; nil without

	Services []SpentTime   // who worked for the requests: who did most, first
	Spans    []SpanSummary // what worked for them: what did most, first
	Edges    []Edge        // by caller, then by who was called

	// What was left out, being too many.
	OtherServices, OtherSpans, OtherEdges int
}

// A SpentTime is one service's part of the requests' execution time.
type SpentTime struct {
	apm.ServiceTime
	Series []time.Duration // the same by start of the request, of several the closest above; nil without
}

// A SpanSummary sums up the spans of one kind that requests are made of: those
// with the same service, operation, resource and type. Averages are over the
// traces that have such a span, as in Datadog's Span summary
// (https://docs.datadoghq.com/tracing/services/resource_page/#span-summary).
type SpanSummary struct {
	Service, Name, Resource, Type string

	Spans  int // of this kind
	Errors int // of these spans
	Traces int // that have one
	Total  time.Duration
	Exec   time.Duration
	// ExecPercent is their part of the execution time of a trace's requests, on
	// average: Datadog's Avg % Exec Time.
	ExecPercent float64
}

// PerTrace is how many of the spans a trace has that has any: Datadog's Avg
// Spans/trace.
func (s SpanSummary) PerTrace() float64 { return float64(s.Spans) / float64(max(1, s.Traces)) }

// TracesPercent is how many of the traces have such a span: Datadog's % of
// Traces.
func (s SpanSummary) TracesPercent(of Anatomy) float64 {
	return 100 * float64(s.Traces) / float64(max(1, of.Traces))
}

// Average is how long such a span took on average: Datadog's Avg Duration.
func (s SpanSummary) Average() time.Duration { return s.Total / time.Duration(max(1, s.Spans)) }

// An Edge is calls from one service to another: spans of the one whose parent
// is a span of the other. They are those that requests are made of, and those
// on the way from a trace's root to a request.
type Edge struct {
	From, To   string // services
	Calls      int
	Errors     int // of these calls
	Traces     int // that have one
	Total, Max time.Duration
}

// Average is how long a call took on average.
func (e Edge) Average() time.Duration { return e.Total / time.Duration(max(1, e.Calls)) }

// ErrorRate is the failed calls' part of all, from 0 to 1.
func (e Edge) ErrorRate() float64 { return float64(e.Errors) / float64(max(1, e.Calls)) }

// Sampled tells whether only some of the requests were looked at.
func (a Anatomy) Sampled() bool { return a.Requests < a.Of }

// Estimate is how many of something there are in all requests, of which there
// are n in those looked at.
func (a Anatomy) Estimate(n int) float64 {
	if a.Requests == 0 {
		return 0
	}
	return float64(n) * float64(a.Of) / float64(a.Requests)
}

// PerSecond estimates how often something came in a second, of which there are
// n in the requests looked at. The time is not taken for less than a second: a
// few calls at once are no thousands a second.
func (a Anatomy) PerSecond(n int) float64 {
	return a.Estimate(n) / math.Max(1, float64(uint64(a.To)-uint64(a.From))/1e9)
}
