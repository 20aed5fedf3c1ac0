package tracegen

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
)

// highTag is the tag for the upper half of a trace ID.
const highTag = "_dd.p.tid"

// Send sends spans to the agent at url as a tracer does, in several payloads if there
// are many.
func Send(ctx context.Context, url string, spans []apm.Span) error {
	const perPayload = 2000
	for payload := range slices.Chunk(spans, perPayload) {
		body, err := encode(payload)
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v0.4/traces", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/msgpack")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("send spans: %w", err)
		}
		message, _ := io.ReadAll(response.Body) // only explains an error
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("send spans: %s: %s", response.Status, message)
		}
	}
	return nil
}

// encode returns a body for /v0.4/traces. Neighbouring spans of a trace share a chunk.
func encode(spans []apm.Span) ([]byte, error) {
	var chunks pb.Traces
	for i := range spans {
		if i == 0 || spans[i].TraceID != spans[i-1].TraceID {
			chunks = append(chunks, nil)
		}
		span, err := wireSpan(&spans[i])
		if err != nil {
			return nil, err
		}
		chunks[len(chunks)-1] = append(chunks[len(chunks)-1], span)
	}
	body, err := chunks.MarshalMsg(nil)
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	return body, nil
}

func wireSpan(s *apm.Span) (*pb.Span, error) {
	span := &pb.Span{
		Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
		TraceID: s.TraceID, SpanID: s.SpanID, ParentID: s.ParentID,
		Start: s.Start, Duration: int64(s.Duration), Meta: map[string]string{}, Metrics: s.Metrics,
	}
	if s.Error {
		span.Error = 1
	}
	maps.Copy(span.Meta, s.Meta)
	if s.TraceIDHigh != 0 {
		span.Meta[highTag] = fmt.Sprintf("%016x", s.TraceIDHigh)
	}
	for _, link := range s.Links {
		span.SpanLinks = append(span.SpanLinks, &pb.SpanLink{
			TraceID: link.TraceID, TraceIDHigh: link.TraceIDHigh, SpanID: link.SpanID, Attributes: link.Attributes,
		})
	}
	// Most tracers send events in a tag.
	var events []any
	for _, event := range s.Events {
		events = append(events, map[string]any{
			"name": event.Name, "time_unix_nano": event.Time, "attributes": event.Attributes,
		})
	}
	if events != nil {
		text, err := json.Marshal(events)
		if err != nil {
			return nil, fmt.Errorf("encode events: %w", err)
		}
		span.Meta["events"] = string(text)
	}
	return span, nil
}
