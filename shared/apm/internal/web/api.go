package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"

	"thinker/shared/apm"
)

// In JSON an ID is a decimal string, since it does not fit a JavaScript number; start
// and duration are nanoseconds, and error is 0 or 1.

type jsonTraces struct {
	Traces []jsonSummary `json:"traces"`
	Next   *string       `json:"next"` // the cursor of the next page; null at the end
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

// A jsonNumber is a number in JSON; NaN and infinities become null.
type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// apiTraces serves GET /api/traces?query=&scope=&from=&to=&limit=&cursor=: the traces
// with a span that matches the query, the newest first.
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

// apiTrace serves GET /api/traces/{id}?download=: one trace with all its spans. It
// writes them one by one, so the trace may be larger than memory.
func (w *Web) apiTrace(rw http.ResponseWriter, r *http.Request) error {
	ids, err := wantTraceIDs(r.PathValue("id"))
	if err != nil {
		return err
	}
	download, err := yes(r, "download")
	if err != nil {
		return err
	}
	for _, id := range ids {
		out := traceWriter{turns: w.turns, rw: rw, r: r, id: id, download: download}
		found, err := w.Traces.EachSpan(r.Context(), id, out.write)
		if err == nil && found {
			err = out.close()
		}
		if out.exporting {
			<-w.turns.exports
		}
		switch {
		case err != nil && out.exporting:
			w.Logger.ErrorContext(r.Context(), "abort the response with a trace", "trace", id, "error", err)
			panic(http.ErrAbortHandler) // so that the client notices
		case err != nil:
			return fmt.Errorf("read trace %d: %w", id, err)
		case found:
			return nil
		}
	}
	return noSuchTrace()
}

// A traceWriter writes a jsonTrace; a large one in parts.
type traceWriter struct {
	turns     *turns
	rw        http.ResponseWriter
	r         *http.Request
	id        uint64
	download  bool
	buffer    bytes.Buffer
	spans     int
	exporting bool // a part has been sent
}

func (t *traceWriter) write(high uint64, span *apm.Span) error {
	const part = 1 << 20 // bytes
	separator := ","
	if t.spans == 0 {
		head := jsonTrace{TraceID: decimal(t.id), TraceIDHex: apm.HexID(high, t.id), Spans: []jsonSpan{}}
		text, err := json.Marshal(head)
		if err != nil {
			return fmt.Errorf("encode response: %w", err)
		}
		separator = strings.TrimSuffix(string(text), "]}")
	}
	t.spans++
	t.buffer.WriteString(separator)
	if err := json.NewEncoder(&t.buffer).Encode(toJSON(span)); err != nil {
		return fmt.Errorf("encode response: %w", err)
	}
	t.buffer.Truncate(t.buffer.Len() - 1) // a line break
	if t.buffer.Len() < part {
		return nil
	}
	if !t.exporting {
		select {
		case t.turns.exports <- struct{}{}:
			t.exporting = true
		case <-t.r.Context().Done():
			return fmt.Errorf("wait for a turn: %w", t.r.Context().Err())
		}
		if turn, ok := t.rw.(*turn); ok {
			turn.end()
		}
		t.setHeader()
	}
	_, err := t.buffer.WriteTo(t.rw)
	return err
}

func (t *traceWriter) setHeader() {
	t.rw.Header().Set("Content-Type", "application/json")
	if t.download {
		t.rw.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="trace-%d.json"`, t.id))
	}
}

func (t *traceWriter) close() error {
	t.buffer.WriteString("]}\n")
	if !t.exporting {
		t.setHeader()
		return send(t.rw, http.StatusOK, "application/json", &t.buffer)
	}
	_, err := t.buffer.WriteTo(t.rw)
	return err
}

func noSuchTrace() error {
	return failure{http.StatusNotFound, "No span of this trace is stored. It has not arrived yet, or the trace was evicted or deleted."}
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

// orEmpty returns the map, or an empty one for nil, so that JSON has {}.
func orEmpty[V any](values map[string]V) map[string]V {
	if values == nil {
		return map[string]V{}
	}
	return values
}

func writeJSON(rw http.ResponseWriter, value any) error {
	var buffer bytes.Buffer
	if err := json.NewEncoder(&buffer).Encode(value); err != nil {
		return fmt.Errorf("encode response: %w", err)
	}
	return send(rw, http.StatusOK, "application/json", &buffer)
}
