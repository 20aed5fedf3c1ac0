package apm

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// A Trace is the spans received so far that have one trace ID. It is never known to be
// complete: a service may always report another span.
type Trace struct {
	ID    uint64
	Spans []Span // in order of start, parents before children that start with them

	// Truncated counts the stored spans that are missing here because the trace is too
	// large.
	Truncated int

	// Resent counts, by span ID, how often a span arrived again; nil if none did.
	Resent map[uint64]int
}

// NewTrace returns a trace of spans that share a trace ID. If a span was sent several
// times, the last one counts.
func NewTrace(id uint64, spans []Span) Trace {
	latest := make(map[uint64]int, len(spans))
	for i := range spans {
		latest[spans[i].SpanID] = i
	}
	order := make([]int, 0, len(latest)) // indexes, which sort faster than spans
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

// compareStart orders spans by start. If two start together, the longer one, likely the
// parent, comes first.
func compareStart(a, b *Span) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Duration, a.Duration))
}

// Start returns the earliest start of the trace's spans, in nanoseconds since the Unix
// epoch, or 0 for a trace without spans.
func (t Trace) Start() int64 {
	if len(t.Spans) == 0 {
		return 0
	}
	return t.Spans[0].Start
}

// Duration returns the time from the first span's start to the last one's end.
func (t Trace) Duration() time.Duration {
	start, end := t.Start(), t.Start()
	for i := range t.Spans {
		end = max(end, t.Spans[i].End())
	}
	if end-start < 0 { // more than a Duration can hold
		return math.MaxInt64
	}
	return time.Duration(end - start)
}

// Errors returns the number of spans with an error.
func (t Trace) Errors() int {
	n := 0
	for i := range t.Spans {
		if t.Spans[i].Error {
			n++
		}
	}
	return n
}

// Services returns the trace's services, in order of first appearance.
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

// OwnTags returns the names of the tags that programs seem to have set themselves: those
// without a namespace.
func (t Trace) OwnTags() []string {
	own := map[string]bool{}
	for i := range t.Spans {
		for name := range t.Spans[i].Meta {
			own[name] = true
		}
		for name := range t.Spans[i].Metrics {
			own[name] = true
		}
	}
	maps.DeleteFunc(own, func(name string, _ bool) bool { return setByTracer(name) })
	return slices.Sorted(maps.Keys(own))
}

// IDHigh returns the upper half of the trace's 128-bit ID, or 0 if none was sent. Tracers
// send it with one span of each payload.
// See decisions/low-64-bits.md.
func (t Trace) IDHigh() uint64 {
	for i := range t.Spans {
		if high := t.Spans[i].TraceIDHigh; high != 0 {
			return high
		}
	}
	return 0
}

// A Summary is a trace in a list.
type Summary struct {
	TraceID, TraceIDHigh uint64

	// These are the entry span's.
	Service, Name, Resource string
	Start                   int64 // nanoseconds since the Unix epoch
	Duration                time.Duration
	StatusCode              string // of its HTTP response; empty if there was none
	Failed                  bool

	Spans, Errors int           // of the whole trace; Errors counts spans with an error
	Services      []ServiceTime // each service's part of the execution time
}

// Summary summarizes the trace as far as it has arrived.
func (t Trace) Summary() Summary {
	s := Summary{
		TraceID:     t.ID,
		TraceIDHigh: t.IDHigh(),
		Spans:       len(t.Spans),
		Errors:      t.Errors(),
		Services:    t.ServiceTimes(),
	}
	if entry := t.Entry(); entry != nil {
		s.Service, s.Name, s.Resource = entry.Service, entry.Name, entry.Resource
		s.Start, s.Duration = entry.Start, entry.Duration
		s.StatusCode, s.Failed = entry.StatusCode(), entry.Error
	}
	return s
}

// Entry returns the span with which the trace started: the first root or, until one
// arrives, the first span whose parent is missing. It returns nil for a trace without
// spans.
func (t Trace) Entry() *Span {
	roots := t.Tree()
	for _, root := range roots {
		if !root.Orphan {
			return root.Span
		}
	}
	if len(roots) == 0 {
		return nil
	}
	return roots[0].Span
}
