package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"strconv"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
)

// tagTraceIDHigh holds the upper half of the trace ID, in 16 hexadecimal digits, on the
// first span of a chunk.
const tagTraceIDHigh = "_dd.p.tid"

// A payload is the content of one request. A chunk is spans that a tracer sent together.
type payload struct {
	reserve  func(stage, int64) error // waits for memory
	spans    []apm.Span
	weights  []int64 // of the spans, while they are stored
	ends     []int   // of the chunks, in spans
	noID     int     // spans without a trace or span ID, which are left out
	nilSpans int
	json     bool
	library  string // the tracer's version, if the format has it
	text     int64  // bytes of text in all spans
}

// A decoder adds a body's spans to a payload, after it has reserved memory for them.
type decoder func(p *payload, body []byte, header http.Header) error

// decode decodes a body that may contain anything. The decoders are made for well-behaved
// tracers. If one panics, only this payload is lost.
func (p *payload) decode(decode decoder, body []byte, header http.Header) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("not a trace payload: %v", caught)
		}
	}()
	if isEmptyProbe(body) {
		return nil
	}
	if err := decode(p, body, header); err != nil {
		return err
	}
	if err := p.finish(); err != nil {
		return err
	}
	// A tracer that has computed the top-level spans may send chunks without one: the
	// parent of a late span is in an earlier chunk.
	if !isTrue(header, "Datadog-Client-Computed-Top-Level") {
		begin := 0
		for _, end := range p.ends {
			apm.MarkTopLevel(p.spans[begin:end])
			begin = end
		}
	}
	return nil
}

// isEmptyProbe reports whether a body is what tracers send, in any format, to check that
// the Agent responds: nothing, an empty array or nil.
func isEmptyProbe(body []byte) bool {
	switch string(bytes.TrimSpace(body)) {
	case "", "[]", "null", "\x90", "\xc0":
		return true
	}
	return false
}

// decodeV04 decodes [[span, …], …], in MessagePack or JSON. v0.3 is the same.
func decodeV04(p *payload, body []byte, header http.Header) error {
	const spanDepth = 3
	var traces pb.Traces
	if p.json = isJSON(body, header.Get("Content-Type")); p.json {
		if err := p.reserveDecoded(weighJSON(body, spanDepth)); err != nil {
			return err
		}
		if err := json.Unmarshal(body, &traces); err != nil {
			return fmt.Errorf("as JSON: %w", err)
		}
		p.addTraces(traces)
		return nil
	}
	err := p.unpack(body, spanDepth, weightValue, func() error { _, err := traces.UnmarshalMsg(body); return err })
	p.addTraces(traces)
	return err
}

// isJSON reports whether a body is JSON rather than MessagePack, by its Content-Type. If
// that is missing or unknown, the first byte decides: no JSON document starts like an
// array in MessagePack.
func isJSON(body []byte, contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch mediaType {
	case "application/json", "text/json":
		return true
	case "application/msgpack", "application/x-msgpack":
		return false
	}
	return len(body) > 0 && body[0] < 0x80
}

// decodeV05 decodes [strings, [[span, …], …]]. A span is an array, and its texts are
// indexes of strings.
func decodeV05(p *payload, body []byte, _ http.Header) error {
	var traces pb.Traces
	err := p.unpack(body, 4, weightValue, func() error { return traces.UnmarshalMsgDictionary(body) })
	p.addTraces(traces)
	return err
}

// decodeV07 decodes a map with the chunks, and with what their spans have in common.
func decodeV07(p *payload, body []byte, _ http.Header) error {
	var sent pb.TracerPayload
	err := p.unpack(body, 5, weightValue, func() error { _, err := sent.UnmarshalMsg(body); return err })
	if err != nil {
		return err
	}
	p.library = sent.TracerVersion
	spans := 0
	for _, chunk := range sent.Chunks {
		spans += len(chunk.GetSpans())
	}
	p.spans = make([]apm.Span, 0, spans)
	for _, chunk := range sent.Chunks {
		if chunk == nil {
			return errors.New("a chunk is nil")
		}
		p.addChunk(chunk.Spans, chunk.Tags[tagTraceIDHigh], map[string]string{
			"env":        sent.Env,
			"version":    sent.AppVersion,
			"language":   sent.LanguageName,
			"runtime-id": sent.RuntimeID,
			"_dd.origin": chunk.Origin,
		})
	}
	return nil
}

func (p *payload) addTraces(traces pb.Traces) {
	spans := 0
	for _, chunk := range traces {
		spans += len(chunk)
	}
	p.spans = make([]apm.Span, 0, spans) // a slice that grows is in memory twice
	for _, chunk := range traces {
		p.addChunk(chunk, "", nil)
	}
}

// addChunk adds the spans of a chunk. high is the upper half of their trace ID, or empty
// if the spans have it. common are tags for spans without their own.
func (p *payload) addChunk(spans []*pb.Span, high string, common map[string]string) {
	var upper, traceID uint64
	first := true
	for i, span := range spans {
		if span == nil {
			p.nilSpans++
			continue
		}
		spans[i] = nil // frees it early
		own := span.Meta[tagTraceIDHigh]
		if first {
			if high == "" {
				high = own
			}
			upper, traceID, first = parseHex(high), span.TraceID, false
		}
		converted := convertSpan(span, common)
		switch {
		case own != "":
			converted.TraceIDHigh = parseHex(own)
		case span.TraceID == traceID:
			converted.TraceIDHigh = upper
		}
		p.add(converted)
	}
	p.ends = append(p.ends, len(p.spans))
}

// add adds a span, unless it has no ID.
func (p *payload) add(span apm.Span) {
	if span.TraceID == 0 || span.SpanID == 0 {
		p.noID++
		return
	}
	p.spans = append(p.spans, span)
}

// convertSpan converts a span, and takes over its maps.
func convertSpan(span *pb.Span, common map[string]string) apm.Span {
	converted := apm.Span{
		TraceID:  span.TraceID,
		SpanID:   span.SpanID,
		ParentID: span.ParentID,
		Service:  span.Service,
		Name:     span.Name,
		Resource: span.Resource,
		Type:     span.Type,
		Start:    max(0, span.Start),
		Duration: time.Duration(max(0, span.Duration)),
		Error:    span.Error != 0,
		Meta:     span.Meta,
		Metrics:  span.Metrics,
	}
	if converted.Meta == nil {
		converted.Meta = map[string]string{}
	}
	addMissing(converted.Meta, common)
	for _, link := range span.SpanLinks {
		if link != nil {
			converted.Links = append(converted.Links, apm.Link{
				TraceID: link.TraceID, TraceIDHigh: link.TraceIDHigh, SpanID: link.SpanID,
				Attributes: link.Attributes,
			})
		}
	}
	for _, event := range span.SpanEvents {
		if event == nil {
			continue
		}
		e := apm.Event{Time: clampTime(event.TimeUnixNano), Name: event.Name}
		if len(event.Attributes) > 0 {
			e.Attributes = make(map[string]any, len(event.Attributes))
		}
		for key, value := range event.Attributes {
			e.Attributes[key] = convertAttribute(value)
		}
		converted.Events = append(converted.Events, e)
	}
	return converted
}

// addMissing adds tags that a span doesn't have.
func addMissing(meta, common map[string]string) {
	for tag, value := range common {
		if value != "" && meta[tag] == "" {
			meta[tag] = value
		}
	}
}

// convertAttribute returns an event's attribute as a string, bool, int64 or float64, or
// as a slice of these.
func convertAttribute(value *pb.AttributeAnyValue) any {
	if value.GetType() != pb.AttributeAnyValue_ARRAY_VALUE {
		return convertScalar(pb.AttributeArrayValue_AttributeArrayValueType(value.GetType()), value)
	}
	values := []any{}
	for _, element := range value.GetArrayValue().GetValues() {
		values = append(values, convertScalar(element.GetType(), element))
	}
	return values
}

// convertScalar converts an attribute or an element of one: their types have the same
// numbers.
func convertScalar(kind pb.AttributeArrayValue_AttributeArrayValueType, value interface {
	GetStringValue() string
	GetBoolValue() bool
	GetIntValue() int64
	GetDoubleValue() float64
}) any {
	switch kind {
	case pb.AttributeArrayValue_BOOL_VALUE:
		return value.GetBoolValue()
	case pb.AttributeArrayValue_INT_VALUE:
		return value.GetIntValue()
	case pb.AttributeArrayValue_DOUBLE_VALUE:
		return finite(value.GetDoubleValue())
	default:
		return value.GetStringValue()
	}
}

// parseHex parses up to 16 hexadecimal digits. It returns 0 for anything else, as for an
// ID that wasn't sent.
func parseHex(digits string) uint64 {
	id, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return 0
	}
	return id
}

// clampTime returns the time, or the last one that a span can have.
func clampTime(unixNano uint64) int64 { return int64(min(unixNano, math.MaxInt64)) }

// finite returns the number, or its name if JSON can't represent it.
func finite(number float64) any {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return strconv.FormatFloat(number, 'g', -1, 64)
	}
	return number
}
