package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"thinker/shared/apm"
)

// A Number is a number; NaN and infinities are null in JSON, and null is read as NaN.
type Number float64

// MarshalJSON writes the number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads a number or null.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// ID returns an ID as the API writes it.
func ID(id uint64) string { return strconv.FormatUint(id, 10) }

// NewSpan returns a span as the API writes it. Maps and lists are never null.
func NewSpan(s *apm.Span) Span {
	span := Span{
		TraceID: ID(s.TraceID), SpanID: ID(s.SpanID), ParentID: ID(s.ParentID),
		Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
		Start: s.Start, Duration: s.Duration,
		Meta: s.Meta, Metrics: map[string]Number{}, Links: []Link{}, Events: []Event{},
	}
	if span.Meta == nil {
		span.Meta = map[string]string{}
	}
	if s.Error {
		span.Error = 1
	}
	for key, value := range s.Metrics {
		span.Metrics[key] = Number(value)
	}
	for _, l := range s.Links {
		link := Link{ID(l.TraceID), apm.HexID(l.TraceIDHigh, l.TraceID), ID(l.SpanID), l.Attributes}
		if link.Attributes == nil {
			link.Attributes = map[string]string{}
		}
		span.Links = append(span.Links, link)
	}
	for _, e := range s.Events {
		event := Event{e.Time, e.Name, e.Attributes}
		if event.Attributes == nil {
			event.Attributes = map[string]any{}
		}
		span.Events = append(span.Events, event)
	}
	return span
}

// ErrNotTrace is the error for JSON that isn't a Trace.
var ErrNotTrace = errors.New("expected a trace written by apm export")

// Domain returns the trace with its spans. It returns an error for an invalid ID.
func (t Trace) Domain() (apm.Trace, error) {
	id, err := parseID("trace_id", t.TraceID)
	if err != nil {
		return apm.Trace{}, err
	}
	high, err := parseHigh(t.TraceIDHex, id)
	if err != nil {
		return apm.Trace{}, err
	}
	spans := make([]apm.Span, len(t.Spans))
	for i, s := range t.Spans {
		spans[i], err = s.domain()
		if err == nil && spans[i].TraceID != id {
			err = fmt.Errorf("its trace_id %d is not the ID of the trace", spans[i].TraceID)
		}
		if err != nil {
			return apm.Trace{}, fmt.Errorf("span %d: %w", i+1, err)
		}
		spans[i].TraceIDHigh = high
	}
	return apm.NewTrace(id, spans), nil
}

func (s Span) domain() (span apm.Span, err error) {
	span = apm.Span{
		Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
		Start: s.Start, Duration: s.Duration, Error: s.Error != 0,
		Meta: s.Meta, Metrics: map[string]float64{},
	}
	if span.TraceID, err = parseID("trace_id", s.TraceID); err != nil {
		return span, err
	}
	if span.SpanID, err = parseID("span_id", s.SpanID); err != nil {
		return span, err
	}
	if s.ParentID != "" && s.ParentID != "0" {
		if span.ParentID, err = parseID("parent_id", s.ParentID); err != nil {
			return span, err
		}
	}
	for key, value := range s.Metrics {
		span.Metrics[key] = float64(value)
	}
	for i, l := range s.Links {
		link := apm.Link{Attributes: l.Attributes}
		if link.TraceID, err = parseID("trace_id", l.TraceID); err == nil {
			link.SpanID, err = parseID("span_id", l.SpanID)
		}
		if err == nil {
			link.TraceIDHigh, err = parseHigh(l.TraceIDHex, link.TraceID)
		}
		if err != nil {
			return span, fmt.Errorf("link %d: %w", i+1, err)
		}
		span.Links = append(span.Links, link)
	}
	for _, e := range s.Events {
		span.Events = append(span.Events, apm.Event(e))
	}
	return span, nil
}

// parseID reads an ID in decimal.
func parseID(name, text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	switch {
	case text == "":
		return 0, fmt.Errorf("it has no %s: %w", name, ErrNotTrace)
	case err != nil || id == 0:
		return 0, fmt.Errorf("%s %.40q is not an ID. IDs are 64-bit decimal numbers other than 0", name, text)
	}
	return id, nil
}

// parseHigh returns the upper half of a trace ID from its 32 hexadecimal digits, if there
// are any. The lower half must be low.
func parseHigh(digits string, low uint64) (uint64, error) {
	if digits == "" {
		return 0, nil
	}
	if len(digits) == 32 && strings.EqualFold(digits[16:], fmt.Sprintf("%016x", low)) {
		if high, err := strconv.ParseUint(digits[:16], 16, 64); err == nil {
			return high, nil
		}
	}
	return 0, fmt.Errorf("trace_id_hex %.40q is not the trace_id in 32 hexadecimal digits", digits)
}
