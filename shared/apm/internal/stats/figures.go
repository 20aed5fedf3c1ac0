package stats

import "time"

// Figures sum up spans: how many there were, how many failed, and how long
// they took. The percentiles are within 1 % of the exact ones.
type Figures struct {
	Requests                int
	Errors                  int           // of the requests
	Total                   time.Duration // of all requests together
	Max                     time.Duration
	P50, P75, P90, P95, P99 time.Duration
}

// Average is how long a request took on average; 0 where there was none.
func (f Figures) Average() time.Duration {
	if f.Requests == 0 {
		return 0
	}
	return f.Total / time.Duration(f.Requests)
}

// ErrorRate is the failed requests' part of all, from 0 to 1.
func (f Figures) ErrorRate() float64 {
	if f.Requests == 0 {
		return 0
	}
	return float64(f.Errors) / float64(f.Requests)
}

// A Breakdown gives the figures of many spans, by what they have in common.
type Breakdown struct {
	// The time that the buckets divide evenly, in nanoseconds since the Unix
	// epoch: from From to before To. What was asked for or, where that was not
	// bounded, what there is.
	From, To int64

	Total  Group
	Groups []Group // the one with most requests first
	Others int     // groups that were left out, being too many
}

// A Group is the spans that have the same values.
type Group struct {
	Values []string // one for each field that was asked for; empty for a span without it
	Figures
	First, Last  int64     // start of the earliest and of the latest span
	Buckets      []Figures // by start, as many as were asked for
	Distribution []Latency // by duration, the shortest first; only where asked for
}

// A Latency counts the requests that took about as long.
type Latency struct {
	Duration time.Duration // within 1 %
	Requests int
}

// A Facet is an attribute by which spans can be told apart.
type Facet struct {
	Name   string // as queries write it, for example service or @http.status_code
	Spans  int    // that have it
	Values []FacetValue
	Others int // values that were left out, being too many
}

// A FacetValue is one of an attribute's values.
type FacetValue struct {
	Value string
	Spans int
}
