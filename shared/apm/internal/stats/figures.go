package stats

import "time"

// Figures summarizes spans: their number, errors and durations. The percentiles are
// within 1 % of the exact ones.
type Figures struct {
	Requests                int
	Errors                  int           // of the requests
	Total                   time.Duration // of all requests together
	Max                     time.Duration
	P50, P75, P90, P95, P99 time.Duration
}

// Average returns the average duration of a request, or 0 without requests.
func (f Figures) Average() time.Duration {
	if f.Requests == 0 {
		return 0
	}
	return f.Total / time.Duration(f.Requests)
}

// ErrorRate returns the part of the requests that failed, from 0 to 1.
func (f Figures) ErrorRate() float64 {
	if f.Requests == 0 {
		return 0
	}
	return float64(f.Errors) / float64(f.Requests)
}

// A Breakdown is the figures of spans, in groups with the same values.
type Breakdown struct {
	// The time range that the buckets divide evenly, in nanoseconds since the Unix epoch:
	// from From to before To. If no limits were requested, that of the spans.
	From, To int64

	Total  Group
	Groups []Group // most requests first
	Others int     // groups omitted because there were too many
}

// A Group has the figures of the spans with the same values.
type Group struct {
	Values []string // of the requested fields; "" if the span has none
	Figures
	First, Last  int64     // start of the earliest and of the latest span
	Buckets      []Figures // by start
	Distribution []Latency // shortest first; only if requested
}

// A Latency counts the requests with about the same duration.
type Latency struct {
	Duration time.Duration // within 1 %
	Requests int
}

// A Facet counts the values of an attribute.
type Facet struct {
	Name   string // as queries write it, for example service or @http.status_code
	Spans  int    // with the attribute
	Values []FacetValue
	Others int // values omitted because there were too many
}

// A FacetValue is a value of an attribute, and the number of spans that have it.
type FacetValue struct {
	Value string
	Spans int
}
