package api

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

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

// Domain returns the trace with its spans, without their links and events.
func (t Trace) Domain() (apm.Trace, error) {
	id, err := strconv.ParseUint(t.TraceID, 10, 64)
	if err != nil {
		return apm.Trace{}, fmt.Errorf("trace ID: %w", err)
	}
	spans := make([]apm.Span, 0, len(t.Spans))
	for _, s := range t.Spans {
		span := apm.Span{
			TraceID: id, Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
			Start: s.Start, Duration: s.Duration, Error: s.Error != 0,
			Meta: s.Meta, Metrics: map[string]float64{},
		}
		if span.SpanID, err = strconv.ParseUint(s.SpanID, 10, 64); err != nil {
			return apm.Trace{}, fmt.Errorf("span ID: %w", err)
		}
		if span.ParentID, err = strconv.ParseUint(s.ParentID, 10, 64); err != nil {
			return apm.Trace{}, fmt.Errorf("parent ID: %w", err)
		}
		for key, value := range s.Metrics {
			span.Metrics[key] = float64(value)
		}
		spans = append(spans, span)
	}
	return apm.NewTrace(id, spans), nil
}
