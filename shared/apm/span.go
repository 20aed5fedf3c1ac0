// Package apm is the domain of application performance monitoring: spans, the traces they
// form, and where a trace's time went. It does no I/O, and uses the product's own words
// (https://docs.datadoghq.com/tracing/glossary/).
package apm

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Span is one unit of work in one service, as its tracer reported it.
type Span struct {
	TraceID     uint64 // the low 64 bits, which identify a trace everywhere
	TraceIDHigh uint64 // upper half of a 128-bit trace ID, 0 if the tracer sent none
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
	Links   []Link             // to related spans
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

// End returns the moment the span finished, in nanoseconds since the Unix epoch, or the
// last moment that an int64 can hold.
func (s *Span) End() int64 {
	if int64(s.Duration) > math.MaxInt64-max(0, s.Start) {
		return math.MaxInt64
	}
	return s.Start + int64(s.Duration)
}

// StatusCode returns the HTTP status in the span's tags, for example 200, or "". Some
// tracers send it as text, some as a number.
func (s *Span) StatusCode() string {
	if code := s.Meta["http.status_code"]; code != "" {
		return code
	}
	if code, ok := s.Metrics["http.status_code"]; ok {
		return strconv.FormatFloat(code, 'f', -1, 64)
	}
	return ""
}

// ErrorMessage returns the error's message, in whichever tag the tracer sent it. It
// returns "" for a span without an error.
func (s *Span) ErrorMessage() string {
	if !s.Error {
		return ""
	}
	return cmp.Or(s.Meta["error.message"], s.Meta["error.msg"])
}

// ErrorType returns the error's type in its language, for example main.unknownSubject.
func (s *Span) ErrorType() string { return s.Meta["error.type"] }

// ErrorText returns the error's type and message, as far as they are known.
func (s *Span) ErrorText() string {
	return strings.Trim(s.ErrorType()+": "+s.ErrorMessage(), ": ")
}

// ErrorStack returns the stack where the error was raised.
func (s *Span) ErrorStack() string {
	return cmp.Or(s.Meta["error.stack"], s.Meta["error.handling_stack"])
}

// Detail returns what the span worked on: its resource or, if that only repeats the
// operation, its URL or the tags that its own program set, as in subject:war.
func (s *Span) Detail() string {
	if s.Resource != "" && s.Resource != s.Name {
		return s.Resource
	}
	if url := s.Meta["http.url"]; url != "" {
		return url
	}
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(s.Meta)) {
		if !setByTracer(name) {
			tags = append(tags, name+":"+s.Meta[name])
		}
	}
	return strings.Join(tags, " ")
}

// setByTracer reports whether a tag's name suggests that the tracer or a library set it:
// their names have a namespace, or are on every span of a program.
func setByTracer(tag string) bool {
	switch tag {
	case "env", "version", "language", "runtime-id", "component":
		return true
	}
	return strings.ContainsAny(tag, "._")
}

// ClockOffset returns how far the clock of a span's host seems to be ahead of its
// parent's, at least; it is negative if the clock is behind. A child can't start before its
// parent, and one that would fit into it seldom ends after it. ClockOffset returns 0 within
// a service, which has one clock, and for less than a millisecond, which proves nothing.
func ClockOffset(parent, child *Span) time.Duration {
	if parent.Service == child.Service {
		return 0
	}
	offset := int64(0)
	switch late := child.End() - parent.End(); {
	case child.Start < parent.Start:
		offset = child.Start - parent.Start
	case child.Start < parent.End() && late > 0 && child.Duration <= parent.Duration:
		offset = late
	}
	if time.Duration(offset).Abs() < time.Millisecond {
		return 0
	}
	return time.Duration(offset)
}

// HexID returns a 128-bit trace ID as 32 lower-case hexadecimal digits, as in W3C Trace
// Context and OpenTelemetry.
func HexID(high, low uint64) string { return fmt.Sprintf("%016x%016x", high, low) }
