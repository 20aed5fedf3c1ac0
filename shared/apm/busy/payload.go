package busy

import (
	"encoding/json"
	"fmt"

	"thinker/shared/apm"
)

// Payload is a request body for /v0.4/traces, as application/json, with the
// spans in one chunk for each run of those that have a trace in common.
func Payload(spans []apm.Span) ([]byte, error) {
	var chunks [][]wireSpan
	for i := range spans {
		if i == 0 || spans[i].TraceID != spans[i-1].TraceID {
			chunks = append(chunks, nil)
		}
		last := &chunks[len(chunks)-1]
		*last = append(*last, onWire(&spans[i]))
	}
	body, err := json.Marshal(chunks)
	if err != nil {
		return nil, fmt.Errorf("write spans as JSON: %w", err)
	}
	return body, nil
}

// A wireSpan is a span as tracers send it.
type wireSpan struct {
	Service  string             `json:"service"`
	Name     string             `json:"name"`
	Resource string             `json:"resource"`
	Type     string             `json:"type"`
	TraceID  uint64             `json:"trace_id"`
	SpanID   uint64             `json:"span_id"`
	ParentID uint64             `json:"parent_id"`
	Start    int64              `json:"start"`
	Duration int64              `json:"duration"`
	Error    int                `json:"error"`
	Meta     map[string]string  `json:"meta"`
	Metrics  map[string]float64 `json:"metrics"`
	Links    []wireLink         `json:"span_links,omitempty"`
}

type wireLink struct {
	TraceID     uint64            `json:"trace_id"`
	TraceIDHigh uint64            `json:"trace_id_high"`
	SpanID      uint64            `json:"span_id"`
	Attributes  map[string]string `json:"attributes"`
}

type wireEvent struct {
	Name       string         `json:"name"`
	Time       int64          `json:"time_unix_nano"`
	Attributes map[string]any `json:"attributes"`
}

func onWire(s *apm.Span) wireSpan {
	wire := wireSpan{
		Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
		TraceID: s.TraceID, SpanID: s.SpanID, ParentID: s.ParentID,
		Start: s.Start, Duration: int64(s.Duration), Meta: map[string]string{}, Metrics: s.Metrics,
	}
	if s.Error {
		wire.Error = 1
	}
	for name, value := range s.Meta {
		wire.Meta[name] = value
	}
	if s.TraceIDHigh != 0 {
		wire.Meta["_dd.p.tid"] = fmt.Sprintf("%016x", s.TraceIDHigh)
	}
	for _, link := range s.Links {
		wire.Links = append(wire.Links, wireLink(link))
	}
	if len(s.Events) > 0 { // as most tracers send them
		events := make([]wireEvent, 0, len(s.Events))
		for _, event := range s.Events {
			events = append(events, wireEvent{event.Name, event.Time, event.Attributes})
		}
		text, _ := json.Marshal(events) // of texts and finite numbers, which it takes
		wire.Meta["events"] = string(text)
	}
	return wire
}
