package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"

	"thinker/shared/apm"
)

// In JSON an ID is always a decimal string, as JavaScript's numbers would
// spoil it; start and duration are nanoseconds, error is 0 or 1.

type jsonTraces struct {
	Traces []jsonSummary `json:"traces"`
	Next   *string       `json:"next"` // the cursor of what follows; null at the end
}

type jsonSummary struct {
	TraceID  string `json:"trace_id"`
	Service  string `json:"service"`
	Name     string `json:"name"`
	Resource string `json:"resource"`
	Start    int64  `json:"start"`
	Duration int64  `json:"duration"`
	Spans    int    `json:"spans"`
	Errors   int    `json:"errors"`
}

type jsonTrace struct {
	TraceID    string     `json:"trace_id"`
	TraceIDHex string     `json:"trace_id_hex"` // 32 digits
	Spans      []jsonSpan `json:"spans"`
}

type jsonSpan struct {
	TraceID  string                `json:"trace_id"`
	SpanID   string                `json:"span_id"`
	ParentID string                `json:"parent_id"`
	Service  string                `json:"service"`
	Name     string                `json:"name"`
	Resource string                `json:"resource"`
	Type     string                `json:"type"`
	Start    int64                 `json:"start"`
	Duration int64                 `json:"duration"`
	Error    int                   `json:"error"`
	Meta     map[string]string     `json:"meta"`
	Metrics  map[string]jsonNumber `json:"metrics"`
	Links    []jsonLink            `json:"links"`
	Events   []jsonEvent           `json:"events"`
}

type jsonLink struct {
	TraceID    string            `json:"trace_id"`
	TraceIDHex string            `json:"trace_id_hex"`
	SpanID     string            `json:"span_id"`
	Attributes map[string]string `json:"attributes"`
}

type jsonEvent struct {
	Time       int64          `json:"time"`
	Name       string         `json:"name"`
	Attributes map[string]any `json:"attributes"`
}

// A jsonNumber that JSON has no word for, NaN or an infinity, becomes null.
type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// apiTraces serves GET /api/traces?query=&scope=&from=&to=&limit=&cursor=: the
// traces that have a span that the query looks for, the newest first.
func (w *Web) apiTraces(rw http.ResponseWriter, r *http.Request) error {
	request, err := apiRequest(r)
	if err != nil {
		return err
	}
	summaries, next, err := w.search(r.Context(), request)
	if err != nil {
		return err
	}
	answer := jsonTraces{Traces: []jsonSummary{}}
	for _, s := range summaries {
		answer.Traces = append(answer.Traces, jsonSummary{
			decimal(s.TraceID), s.Service, s.Name, s.Resource, s.Start, int64(s.Duration), s.Spans, s.Errors,
		})
	}
	if next != 0 {
		text := decimal(next)
		answer.Next = &text
	}
	return writeJSON(rw, answer)
}

// apiTrace serves GET /api/traces/{id}?download=: one trace with all its spans.
func (w *Web) apiTrace(rw http.ResponseWriter, r *http.Request) error {
	trace, found, err := w.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !found {
		return noSuchTrace()
	}
	download, err := yes(r, "download")
	if err != nil {
		return err
	}
	if download {
		rw.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="trace-%d.json"`, trace.ID))
	}
	answer := jsonTrace{TraceID: decimal(trace.ID), TraceIDHex: apm.HexID(trace.IDHigh(), trace.ID), Spans: []jsonSpan{}}
	for i := range trace.Spans {
		answer.Spans = append(answer.Spans, toJSON(&trace.Spans[i]))
	}
	return writeJSON(rw, answer)
}

func noSuchTrace() error {
	return failure{http.StatusNotFound, "No span of this trace has arrived, or the trace has been evicted or cleared since."}
}

func toJSON(s *apm.Span) jsonSpan {
	span := jsonSpan{
		TraceID: decimal(s.TraceID), SpanID: decimal(s.SpanID), ParentID: decimal(s.ParentID),
		Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
		Start: s.Start, Duration: int64(s.Duration),
		Meta:    orEmpty(s.Meta),
		Metrics: map[string]jsonNumber{},
		Links:   []jsonLink{},
		Events:  []jsonEvent{},
	}
	if s.Error {
		span.Error = 1
	}
	for key, value := range s.Metrics {
		span.Metrics[key] = jsonNumber(value)
	}
	for _, link := range s.Links {
		span.Links = append(span.Links, jsonLink{
			decimal(link.TraceID), apm.HexID(link.TraceIDHigh, link.TraceID), decimal(link.SpanID), orEmpty(link.Attributes),
		})
	}
	for _, event := range s.Events {
		span.Events = append(span.Events, jsonEvent{event.Time, event.Name, orEmpty(event.Attributes)})
	}
	return span
}

// orEmpty gives a map that JSON writes as {} where there is none.
func orEmpty[V any](values map[string]V) map[string]V {
	if values == nil {
		return map[string]V{}
	}
	return values
}

func writeJSON(rw http.ResponseWriter, value any) error {
	var buffer bytes.Buffer
	if err := json.NewEncoder(&buffer).Encode(value); err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	rw.Header().Set("Content-Type", "application/json")
	// An error here means that the reader has gone.
	_, _ = buffer.WriteTo(rw)
	return nil
}
