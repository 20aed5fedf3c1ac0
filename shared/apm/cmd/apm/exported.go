package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm/format"
)

// An exportedTrace is a trace written by apm export: see the page /api.
type exportedTrace struct {
	TraceID    string         `json:"trace_id"`
	TraceIDHex string         `json:"trace_id_hex"`
	Spans      []exportedSpan `json:"spans"`
}

type exportedSpan struct {
	TraceID  string              `json:"trace_id"`
	SpanID   string              `json:"span_id"`
	ParentID string              `json:"parent_id"`
	Service  string              `json:"service"`
	Name     string              `json:"name"`
	Resource string              `json:"resource"`
	Type     string              `json:"type"`
	Start    int64               `json:"start"`
	Duration int64               `json:"duration"`
	Error    int32               `json:"error"`
	Meta     map[string]string   `json:"meta"`
	Metrics  map[string]*float64 `json:"metrics"` // null for a number that JSON can't hold
	Links    []exportedLink      `json:"links"`
	Events   []exportedEvent     `json:"events"`
}

type exportedLink struct {
	TraceID    string            `json:"trace_id"`
	TraceIDHex string            `json:"trace_id_hex"`
	SpanID     string            `json:"span_id"`
	Attributes map[string]string `json:"attributes"`
}

type exportedEvent struct {
	Time       int64          `json:"time"`
	Name       string         `json:"name"`
	Attributes map[string]any `json:"attributes"`
}

var errNotExported = errors.New("expected a trace written by apm export, or a list of them")

// parseTraces reads one trace, several after one another, or lists of them.
func parseTraces(content []byte) (traces []exportedTrace, err error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	for {
		var document json.RawMessage
		err := decoder.Decode(&document)
		var syntax *json.SyntaxError
		switch {
		case errors.Is(err, io.EOF) && len(traces) == 0:
			return nil, fmt.Errorf("it contains no trace: %w", errNotExported)
		case errors.Is(err, io.EOF):
			return traces, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errors.New("incomplete JSON: it ends in the middle of a trace")
		case errors.As(err, &syntax):
			line := 1 + bytes.Count(content[:min(int(syntax.Offset), len(content))], []byte("\n"))
			return nil, fmt.Errorf("not JSON: line %d: %w", line, err)
		case err != nil:
			return nil, err
		}
		parts := []json.RawMessage{document}
		if document[0] == '[' {
			if err := json.Unmarshal(document, &parts); err != nil {
				return nil, err
			}
		}
		for _, part := range parts {
			trace, err := parseTrace(part)
			if err != nil {
				return nil, fmt.Errorf("trace %d: %w", len(traces)+1, err)
			}
			traces = append(traces, trace)
		}
	}
}

func parseTrace(part json.RawMessage) (trace exportedTrace, err error) {
	if part[0] != '{' {
		return trace, errNotExported
	}
	decoder := json.NewDecoder(bytes.NewReader(part))
	decoder.UseNumber() // in the attributes of events: whole numbers stay what they are
	err = decoder.Decode(&trace)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return trace, fmt.Errorf("%s: unexpected %s: %w", kind.Field, kind.Value, errNotExported)
	}
	return trace, err
}

// tagTraceIDHigh is the tag for the upper half of the trace ID, on the first span of a
// payload.
const tagTraceIDHigh = "_dd.p.tid"

// wire returns the trace's spans in the form that tracers send. It returns an error
// for a missing or invalid value.
func (t exportedTrace) wire() ([]*pb.Span, error) {
	id, err := parseID("trace_id", t.TraceID)
	if err != nil {
		return nil, err
	}
	high, err := parseHigh(t.TraceIDHex, id)
	if err != nil {
		return nil, err
	}
	if len(t.Spans) == 0 {
		return nil, errors.New("it has no spans")
	}
	var (
		spans  []*pb.Span
		seen   = map[uint64]bool{}
		tagged bool
	)
	for i, exported := range t.Spans {
		span, err := exported.wire()
		switch {
		case err != nil:
		case span.TraceID != id:
			err = fmt.Errorf("its trace_id %d is not the ID of the trace", span.TraceID)
		case seen[span.SpanID]:
			err = fmt.Errorf("another span has the same span_id %d", span.SpanID)
		}
		if err != nil {
			return nil, fmt.Errorf("span %d: %w", i+1, err)
		}
		seen[span.SpanID] = true
		tagged = tagged || span.Meta[tagTraceIDHigh] != ""
		spans = append(spans, span)
	}
	// A trace that arrived in another format doesn't have the tag.
	if high != 0 && !tagged {
		if spans[0].Meta == nil {
			spans[0].Meta = map[string]string{}
		}
		spans[0].Meta[tagTraceIDHigh] = fmt.Sprintf("%016x", high)
	}
	return spans, nil
}

func (s exportedSpan) wire() (span *pb.Span, err error) {
	span = &pb.Span{
		Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
		Start: s.Start, Duration: s.Duration, Error: s.Error, Meta: s.Meta,
	}
	if span.TraceID, err = parseID("trace_id", s.TraceID); err != nil {
		return nil, err
	}
	if span.SpanID, err = parseID("span_id", s.SpanID); err != nil {
		return nil, err
	}
	if s.ParentID != "" && s.ParentID != "0" {
		if span.ParentID, err = parseID("parent_id", s.ParentID); err != nil {
			return nil, err
		}
	}
	switch {
	case s.Start < 0:
		return nil, fmt.Errorf("start %d is before 1970", s.Start)
	case s.Duration < 0:
		return nil, fmt.Errorf("duration %d is negative", s.Duration)
	case s.Error != 0 && s.Error != 1:
		return nil, fmt.Errorf("error %d is neither 0 nor 1", s.Error)
	}
	for name, value := range s.Metrics {
		if span.Metrics == nil {
			span.Metrics = map[string]float64{}
		}
		if value == nil {
			span.Metrics[name] = math.NaN()
		} else {
			span.Metrics[name] = *value
		}
	}
	for i, link := range s.Links {
		sent := &pb.SpanLink{Attributes: link.Attributes}
		if sent.TraceID, err = parseID("trace_id", link.TraceID); err == nil {
			sent.SpanID, err = parseID("span_id", link.SpanID)
		}
		if err == nil {
			sent.TraceIDHigh, err = parseHigh(link.TraceIDHex, sent.TraceID)
		}
		if err != nil {
			return nil, fmt.Errorf("link %d: %w", i+1, err)
		}
		span.SpanLinks = append(span.SpanLinks, sent)
	}
	return span, s.wireEvents(span)
}

// parseID reads an ID in decimal.
func parseID(name, text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	switch {
	case text == "":
		return 0, fmt.Errorf("it has no %s: %w", name, errNotExported)
	case err != nil || id == 0:
		return 0, fmt.Errorf("%s %q is not an ID. IDs are 64-bit decimal numbers other than 0", name, format.Printable(text, 40))
	}
	return id, nil
}

// parseHigh returns the upper half of a trace ID from its 32 hexadecimal digits. The
// lower half must be low.
func parseHigh(digits string, low uint64) (uint64, error) {
	if digits == "" {
		return 0, nil
	}
	if len(digits) == 32 && strings.EqualFold(digits[16:], fmt.Sprintf("%016x", low)) {
		if high, err := strconv.ParseUint(digits[:16], 16, 64); err == nil {
			return high, nil
		}
	}
	return 0, fmt.Errorf("trace_id_hex %q is not the trace_id in 32 hexadecimal digits", format.Printable(digits, 40))
}
