// Package api defines the agent's JSON API: the type of each response, and a client.
//
// An ID is a string of decimal digits, since it doesn't fit a JavaScript number. Durations
// are nanoseconds. Times are nanoseconds since the Unix epoch, except in Intake. A time
// range includes From and excludes To. The tag doc describes a field for readers of the
// reference at /api.
// See decisions/api-reference.md.
package api

import "time"

// Traces is the response to GET /api/traces.
type Traces struct {
	Traces []Summary `json:"traces"`
	Next   *string   `json:"next" doc:"the cursor of the next page; null at the end"`
}

// A Summary describes a trace by its entry span.
type Summary struct {
	TraceID  string        `json:"trace_id" doc:"also the ID in /trace/ID, the trace’s page"`
	Service  string        `json:"service" doc:"of the trace’s entry span, like name, resource, start and duration"`
	Name     string        `json:"name" doc:"operation"`
	Resource string        `json:"resource"`
	Start    int64         `json:"start"`
	Duration time.Duration `json:"duration"`
	Spans    int           `json:"spans" doc:"number of spans that have arrived"`
	Errors   int           `json:"errors" doc:"number of spans with an error"`
}

// Trace is the response to GET /api/traces/{id}. Its spans are ordered by start.
type Trace struct {
	TraceID    string `json:"trace_id" doc:"low 64 bits"`
	TraceIDHex string `json:"trace_id_hex" doc:"128 bits as 32 hexadecimal digits"`
	Spans      []Span `json:"spans"`
}

// A Span is a span of a Trace.
type Span struct {
	TraceID  string            `json:"trace_id"`
	SpanID   string            `json:"span_id"`
	ParentID string            `json:"parent_id" doc:"\"0\" for a root span"`
	Service  string            `json:"service"`
	Name     string            `json:"name" doc:"operation"`
	Resource string            `json:"resource"`
	Type     string            `json:"type" doc:"web, http, sql, redis, …"`
	Start    int64             `json:"start"`
	Duration time.Duration     `json:"duration"`
	Error    int               `json:"error" doc:"1 for an error, otherwise 0"`
	Meta     map[string]string `json:"meta" doc:"tags"`
	Metrics  map[string]Number `json:"metrics" doc:"numeric tags; null for NaN and infinities"`
	Links    []Link            `json:"links"`
	Events   []Event           `json:"events"`
}

// A Link is a span link.
type Link struct {
	TraceID    string            `json:"trace_id" doc:"span links: the trace and span that the span is related to"`
	TraceIDHex string            `json:"trace_id_hex"`
	SpanID     string            `json:"span_id"`
	Attributes map[string]string `json:"attributes"`
}

// An Event is a span event.
type Event struct {
	Time       int64          `json:"time" doc:"span events"`
	Name       string         `json:"name"`
	Attributes map[string]any `json:"attributes" doc:"of any JSON type"`
}

// Outline is the response to GET /api/traces/{id}/outline: the layout of a trace's flame
// graph. Spans are stored by column, which is small and fast to parse. Each text is stored
// once and referred to by its index.
type Outline struct {
	TraceID    string           `json:"trace_id"`
	Start      int64            `json:"start" doc:"start of the trace"`
	Duration   time.Duration    `json:"duration"`
	ExecTime   time.Duration    `json:"exec_time" doc:"sum over all spans"`
	Rows       int              `json:"rows" doc:"number of rows of the flame graph"`
	OrphansRow int              `json:"orphans_row" doc:"empty row above the spans without a parent in this trace; -1 if there are none"`
	Services   []OutlineService `json:"services"`
	Names      []string         `json:"names" doc:"operations"`
	Labels     []string         `json:"labels" doc:"texts for the spans’ boxes, at most 120 bytes each"`
	Spans      OutlineSpans     `json:"spans"`
	Found      []int            `json:"found" doc:"indexes of the spans that find and errors match; null without them"`
}

// An OutlineService is a service and its colour.
type OutlineService struct {
	Service  string `json:"service"`
	Colour   string `json:"colour" doc:"as on the pages"`
	DarkText bool   `json:"dark_text" doc:"whether dark text is easier to read on this colour"`
}

// OutlineSpans has one element for each span in each column.
type OutlineSpans struct {
	SpanID   []string        `json:"span_id"`
	Parent   []int           `json:"parent" doc:"index of the parent; -1 for none"`
	Row      []int           `json:"row" doc:"from 0 at the top"`
	Start    []time.Duration `json:"start" doc:"since the start of the trace"`
	Duration []time.Duration `json:"duration" doc:"negative durations are 0"`
	ExecTime []time.Duration `json:"exec_time" doc:"time the span spent working rather than waiting for child spans"`
	Service  []int           `json:"service" doc:"index into services; name and label are indexes, too"`
	Name     []int           `json:"name"`
	Label    []int           `json:"label"`
	Error    []int           `json:"error" doc:"1 for an error, otherwise 0"`
}

// Figures are figures of requests; all are 0 without requests.
type Figures struct {
	Requests  int           `json:"requests"`
	Errors    int           `json:"errors" doc:"requests with an error"`
	ErrorRate float64       `json:"error_rate" doc:"0 to 1"`
	Total     time.Duration `json:"total" doc:"sum of the durations"`
	Avg       time.Duration `json:"avg" doc:"average duration; 0 without requests"`
	P50       time.Duration `json:"p50" doc:"percentiles of the duration, within 1 %"`
	P75       time.Duration `json:"p75"`
	P90       time.Duration `json:"p90"`
	P95       time.Duration `json:"p95"`
	P99       time.Duration `json:"p99"`
	Max       time.Duration `json:"max" doc:"longest duration"`
}

// Services is the response to GET /api/services.
type Services struct {
	From     int64     `json:"from" doc:"start of the time range: the parameter or, without it, the earliest span"`
	To       int64     `json:"to" doc:"end of the time range, exclusive"`
	Services []Service `json:"services"`
	Others   int       `json:"others" doc:"number of services left out"`
}

// A Service has the figures of a service's entry spans.
type Service struct {
	Service string `json:"service"`
	Type    string `json:"type" doc:"most common type of its spans"`
	Figures
	Apdex      float64  `json:"apdex" doc:"Apdex, from 0 to 1: requests under 0.5 s count fully, under 2 s count half"`
	FirstSeen  int64    `json:"first_seen" doc:"start of its earliest span"`
	LastSeen   int64    `json:"last_seen" doc:"start of its latest span"`
	Versions   []string `json:"versions" doc:"over all time; the newest comes first"`
	LastDeploy int64    `json:"last_deploy" doc:"start of the newest version’s first span; 0 without versions"`
}

// Resources is the response to GET /api/services/{service}/resources.
type Resources struct {
	Service   string     `json:"service"`
	From      int64      `json:"from"`
	To        int64      `json:"to" doc:"end of the time range, exclusive"`
	Resources []Resource `json:"resources"`
	Others    int        `json:"others" doc:"number of resources left out"`
}

// A Resource has the figures of a resource and operation.
type Resource struct {
	Resource  string `json:"resource"`
	Operation string `json:"operation" doc:"resources are listed by resource and operation"`
	Figures
	RequestsPerSecond float64 `json:"requests_per_second" doc:"average between from and to; a shorter time counts as one second"`
}

// Breakdown is the response to GET /api/figures.
type Breakdown struct {
	From   int64    `json:"from" doc:"start of the time range of the series"`
	To     int64    `json:"to" doc:"end of the time range, exclusive"`
	Step   int64    `json:"step" doc:"length of a bucket, rounded down; 0 without buckets"`
	By     []string `json:"by" doc:"the attributes of the groups"`
	Total  Group    `json:"total"`
	Groups []Group  `json:"groups"`
	Others int      `json:"others" doc:"number of groups left out"`
}

// A Group has the figures of the spans with the same values.
type Group struct {
	Values []string `json:"values" doc:"in the order of by; \"\" for spans without the attribute"`
	Figures
	FirstSeen    int64     `json:"first_seen" doc:"start of the earliest span; 0 without spans"`
	LastSeen     int64     `json:"last_seen" doc:"start of the latest span"`
	Series       *Series   `json:"series,omitempty"`
	Distribution []Latency `json:"distribution,omitempty"`
}

// A Series has one element for each bucket in each field.
type Series struct {
	Requests []int            `json:"requests" doc:"one element per bucket; series is absent without buckets"`
	Errors   []int            `json:"errors"`
	Avg      []*time.Duration `json:"avg" doc:"null for a bucket without requests; so are the percentiles and max"`
	P50      []*time.Duration `json:"p50"`
	P75      []*time.Duration `json:"p75"`
	P90      []*time.Duration `json:"p90"`
	P95      []*time.Duration `json:"p95"`
	P99      []*time.Duration `json:"p99"`
	Max      []*time.Duration `json:"max"`
}

// A Latency counts the requests of about the same duration.
type Latency struct {
	Duration time.Duration `json:"duration" doc:"within 1 %, the shortest first; distribution is absent by default"`
	Requests int           `json:"requests" doc:"requests of about this duration"`
}

// Facets is the response to GET /api/facets.
type Facets struct {
	Facets []Facet `json:"facets"`
	Others int     `json:"others" doc:"number of attributes left out"`
}

// A Facet counts the values of an attribute.
type Facet struct {
	Field  string       `json:"field" doc:"in query syntax"`
	Spans  int          `json:"spans" doc:"number of spans that have it"`
	Values []FacetValue `json:"values"`
	Others int          `json:"others" doc:"number of values left out"`
}

// A FacetValue counts the spans with a value.
type FacetValue struct {
	Value string `json:"value"`
	Spans int    `json:"spans"`
}

// A Sample describes the requests that figures are of: a part of very many.
type Sample struct {
	Requests int   `json:"requests" doc:"number of requests in the sample"`
	Of       int   `json:"of" doc:"number of matching requests"`
	Traces   int   `json:"traces" doc:"number of traces in the sample"`
	From     int64 `json:"from" doc:"start of the time range: the parameter or, without it, the earliest span"`
	To       int64 `json:"to" doc:"end of the time range, exclusive"`
}

// TimeSpent is the response to GET /api/time-spent.
type TimeSpent struct {
	Sample
	Step     int64           `json:"step" doc:"length of a bucket, rounded down; 0 without buckets"`
	Series   *RequestsSeries `json:"series,omitempty"`
	Services []ServiceTime   `json:"services"`
	Others   int             `json:"others" doc:"number of services left out"`
}

// A RequestsSeries has the number of requests in each bucket.
type RequestsSeries struct {
	Requests []int `json:"requests" doc:"requests in each bucket; series are absent without buckets"`
}

// A ServiceTime is the execution time of a service's spans.
type ServiceTime struct {
	Service    string          `json:"service"`
	ExecTime   time.Duration   `json:"exec_time" doc:"time its spans spent working rather than waiting for child spans"`
	PerRequest time.Duration   `json:"per_request" doc:"average per request"`
	Percent    float64         `json:"percent" doc:"share of the execution time of all services"`
	Series     *ExecTimeSeries `json:"series,omitempty"`
}

// An ExecTimeSeries has one element for each bucket in each field.
type ExecTimeSeries struct {
	ExecTime   []time.Duration  `json:"exec_time" doc:"execution time by the start of the request"`
	PerRequest []*time.Duration `json:"per_request" doc:"average per request; null for a bucket without requests"`
}

// Dependencies is the response to GET /api/dependencies.
type Dependencies struct {
	Sample
	Edges  []Edge `json:"edges"`
	Others int    `json:"others" doc:"number of edges left out: the ones with the fewest calls"`
}

// An Edge has the calls from one service to another.
type Edge struct {
	Caller         string        `json:"caller" doc:"the calling service; at most 2,000 edges, sorted by caller"`
	Callee         string        `json:"callee" doc:"the called service"`
	Calls          int           `json:"calls" doc:"in the sample, like errors, traces and times"`
	CallsPerSecond float64       `json:"calls_per_second" doc:"average between from and to; a shorter time counts as one second. For a sample, an estimate for all requests"`
	Errors         int           `json:"errors" doc:"calls with an error"`
	ErrorRate      float64       `json:"error_rate" doc:"0 to 1"`
	Traces         int           `json:"traces" doc:"traces with such a call"`
	Total          time.Duration `json:"total" doc:"sum of the durations"`
	Avg            time.Duration `json:"avg" doc:"average duration"`
	Max            time.Duration `json:"max" doc:"longest duration"`
}

// SpanSummary is the response to GET /api/span-summary.
type SpanSummary struct {
	Sample
	Spans  []SpanKind `json:"spans"`
	Others int        `json:"others" doc:"number of rows left out"`
}

// A SpanKind has the figures of equal spans. Averages are over traces with such a span.
type SpanKind struct {
	Service        string        `json:"service" doc:"spans are grouped by service, operation, resource and type"`
	Operation      string        `json:"operation"`
	Resource       string        `json:"resource"`
	Type           string        `json:"type"`
	Spans          int           `json:"spans" doc:"number of spans in the sample"`
	Errors         int           `json:"errors" doc:"number of spans with an error"`
	Traces         int           `json:"traces" doc:"traces with such a span"`
	AvgSpans       float64       `json:"avg_spans" doc:"spans per trace, over traces with such a span"`
	PercentTraces  float64       `json:"percent_of_traces" doc:"share of traces with such a span"`
	AvgDuration    time.Duration `json:"avg_duration" doc:"average duration of a span"`
	AvgExecPercent float64       `json:"avg_exec_percent" doc:"average share of the execution time, over traces with such a span"`
	ExecTime       time.Duration `json:"exec_time" doc:"sum of the execution time"`
}

// Changed is the data of an event of GET /api/events.
type Changed struct {
	TraceID string `json:"trace_id" doc:"the changed trace"`
}

// Problem is the response to a request that failed: problem details (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"` // what is wrong and what to do

	// For an invalid query: the position of the error in characters (code points), and
	// what the parser expected there.
	Offset   *int   `json:"offset,omitempty"`
	Expected string `json:"expected,omitempty"`
}
