package apm

import (
	"strconv"
	"time"
)

// A Summary is what a list shows of a trace.
type Summary struct {
	TraceID, TraceIDHigh uint64

	// Of the trace's entry span: the root, or the first of those whose parent
	// has not arrived.
	Service, Name, Resource string
	Start                   int64 // nanoseconds since the Unix epoch
	Duration                time.Duration
	StatusCode              string // of its HTTP answer; empty where it gave none
	Failed                  bool

	Spans, Errors int           // of the whole trace; Errors counts the spans that failed
	Services      []ServiceTime // who took how much of the execution time
}

// Summary sums up the trace as it has arrived so far.
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

// Entry is the span that the trace began with: the first root that has no
// parent or, while that one has not arrived, the first whose parent is missing.
// Nil for a trace without spans.
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

// StatusCode is the HTTP status that the span's tags report, for example 200;
// empty where there is none. Some tracers send it as text, some as a number.
func (s *Span) StatusCode() string {
	if code := s.Meta["http.status_code"]; code != "" {
		return code
	}
	if code, ok := s.Metrics["http.status_code"]; ok {
		return strconv.FormatFloat(code, 'f', -1, 64)
	}
	return ""
}
