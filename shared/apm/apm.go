// Package apm is the domain of application performance monitoring: spans,
// the traces they form, and where a trace's time went. It does no I/O and
// uses the product's own words (https://docs.datadoghq.com/tracing/glossary/).
package apm

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Span is one unit of work in one service, as its tracer reported it.
type Span struct {
	TraceID     uint64 // low 64 bits: what identifies a trace everywhere
	TraceIDHigh uint64 // upper half of a 128-bit trace ID, 0 where the tracer sent none
	SpanID      uint64 // unique within its trace
	ParentID    uint64 // 0 for the trace's root

	Service  string // for example thinker-api
	Name     string // the operation, for example http.request
	Resource string // what was worked on, for example GET /think/
	Type     string // web, http, sql, redis, …

	Start    int64 // nanoseconds since the Unix epoch, by the clock of the span's host
	Duration time.Duration
	Error    bool

	Meta    map[string]string  // tags, by name; never nil in a stored span's copy
	Metrics map[string]float64 // numeric tags
	Links   []Link             // other spans this one belongs with
	Events  []Event            // moments within the span
}

// A Link points from a span to one in this or another trace.
type Link struct {
	TraceID, TraceIDHigh, SpanID uint64
	Attributes                   map[string]string
}

// An Event is something that happened at one moment of a span.
type Event struct {
	Time       int64 // nanoseconds since the Unix epoch
	Name       string
	Attributes map[string]any
}

// End is the moment the span finished, in nanoseconds since the Unix epoch. A
// span that claims to end after the last moment there is ends at it.
func (s *Span) End() int64 {
	if int64(s.Duration) > math.MaxInt64-max(0, s.Start) {
		return math.MaxInt64
	}
	return s.Start + int64(s.Duration)
}

// TopLevelTags returns the numeric tags of which one is 1 on a service entry span: the
// tracer sets it or, for tracers that set none, the intake.
func TopLevelTags() []string { return []string{"_dd.top_level", "_top_level"} }

// TopLevel reports whether the span is a service entry span: the first of its service in
// the trace.
func (s *Span) TopLevel() bool {
	return slices.ContainsFunc(TopLevelTags(), func(tag string) bool { return s.Metrics[tag] == 1 })
}

// ErrorMessage is what went wrong, in whichever tag the tracer put it; empty
// for a span without an error.
func (s *Span) ErrorMessage() string {
	if !s.Error {
		return ""
	}
	return cmp.Or(s.Meta["error.message"], s.Meta["error.msg"])
}

// ErrorType is the error's type as its language names it, for example
// main.unknownSubject.
func (s *Span) ErrorType() string { return s.Meta["error.type"] }

// ErrorText is the error's type and message, as far as they are known.
func (s *Span) ErrorText() string {
	return strings.Trim(s.ErrorType()+": "+s.ErrorMessage(), ": ")
}

// ErrorStack is where the error was raised.
func (s *Span) ErrorStack() string {
	return cmp.Or(s.Meta["error.stack"], s.Meta["error.handling_stack"])
}

// A Trace is every span received so far that carries one trace ID. It is never
// known to be complete: a service may always report one span more.
type Trace struct {
	ID    uint64
	Spans []Span // in order of start, parents before children that start with them

	// Truncated counts the spans that are kept and left out here, as the trace
	// is too large to be put together.
	Truncated int

	// Resent counts, by span ID, how often a span came again; nil where none did.
	Resent map[uint64]int
}

// NewTrace joins spans that share a trace ID. Where a span was sent twice, the
// later one in spans stands.
func NewTrace(id uint64, spans []Span) Trace {
	latest := make(map[uint64]int, len(spans))
	for i := range spans {
		latest[spans[i].SpanID] = i
	}
	order := make([]int, 0, len(latest)) // places, which are lighter to sort than spans
	var resent map[uint64]int
	for i := range spans {
		if latest[spans[i].SpanID] == i {
			order = append(order, i)
			continue
		}
		if resent == nil {
			resent = map[uint64]int{}
		}
		resent[spans[i].SpanID]++
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareStart(&spans[a], &spans[b]) })
	unique := make([]Span, len(order))
	for i, at := range order {
		unique[i] = spans[at]
	}
	return Trace{ID: id, Spans: unique, Resent: resent}
}

// compareStart orders spans by start; of two that start together the longer
// one, likely the parent, comes first.
func compareStart(a, b *Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Duration, a.Duration))
}

// Start is the earliest start of the trace's spans, in nanoseconds since the
// Unix epoch; 0 for a trace without spans.
func (t Trace) Start() int64 {
	if len(t.Spans) == 0 {
		return 0
	}
	return t.Spans[0].Start
}

// Duration is the time from the first span's start to the last one's end.
func (t Trace) Duration() time.Duration {
	start, end := t.Start(), t.Start()
	for i := range t.Spans {
		end = max(end, t.Spans[i].End())
	}
	if end-start < 0 { // further apart than a Duration can tell
		return math.MaxInt64
	}
	return time.Duration(end - start)
}

// Errors counts the spans that failed.
func (t Trace) Errors() int {
	n := 0
	for i := range t.Spans {
		if t.Spans[i].Error {
			n++
		}
	}
	return n
}

// Services lists the services that took part, in order of first appearance.
func (t Trace) Services() []string {
	var services []string
	seen := map[string]bool{}
	for i := range t.Spans {
		if service := t.Spans[i].Service; !seen[service] {
			seen[service] = true
			services = append(services, service)
		}
	}
	return services
}

// IDHigh is the upper half of the trace's 128-bit ID, which tracers put on one
// span of each payload only; 0 where none was sent.
func (t Trace) IDHigh() uint64 {
	for i := range t.Spans {
		if high := t.Spans[i].TraceIDHigh; high != 0 {
			return high
		}
	}
	return 0
}

// HexID writes a 128-bit trace ID as 32 lower-case hexadecimal digits, the way
// W3C Trace Context and OpenTelemetry write it.
func HexID(high, low uint64) string { return fmt.Sprintf("%016x%016x", high, low) }
