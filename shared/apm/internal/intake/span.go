package intake

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
)

// tagTraceIDHigh holds the upper half of the trace ID, in 16 hexadecimal
// digits, on the first span of a chunk.
const tagTraceIDHigh = "_dd.p.tid"

// A payload is what a request's body held; its spans are gathered chunk by
// chunk.
type payload struct {
	spans    []apm.Span
	ends     []int  // where in spans each chunk ends
	noID     int    // spans left out for want of a trace or span ID
	nilSpans int    // places for a span in which there was none
	json     bool   // where the format may also be MessagePack
	library  string // the tracer's version; empty where the format does not tell
	built    int64  // bytes of texts that were put together, which the body does not have
	text     int64  // bytes of text in all spans, each spelled out
	tags     int    // of all spans
}

// grow makes room for spans at once: a slice that grows is in memory twice.
func (p *payload) grow(spans int) { p.spans = make([]apm.Span, 0, spans) }

// chunk adds spans that were sent together. high, where it is not empty, is
// their trace ID's upper half; common are tags for those without their own.
func (p *payload) chunk(spans []*pb.Span, high string, common map[string]string) {
	var upper, traceID uint64
	first := true
	for i, span := range spans {
		if span == nil {
			p.nilSpans++
			continue
		}
		spans[i] = nil // it is needed no more
		if first {
			if high == "" {
				high = span.Meta[tagTraceIDHigh]
			}
			upper, traceID, first = parseHex(high), span.TraceID, false
		}
		converted := fromSpan(span, common)
		if span.TraceID == traceID {
			converted.TraceIDHigh = upper
		}
		if own := span.Meta[tagTraceIDHigh]; own != "" {
			converted.TraceIDHigh = parseHex(own)
		}
		p.add(converted)
	}
	p.endChunk()
}

// endChunk ends a chunk: what is added from now on was not sent with it.
func (p *payload) endChunk() { p.ends = append(p.ends, len(p.spans)) }

// add takes a span in, unless it lacks what would identify it.
func (p *payload) add(span apm.Span) {
	if span.TraceID == 0 || span.SpanID == 0 {
		p.noID++
		return
	}
	p.spans = append(p.spans, span)
}

// fromSpan converts a span as it is on the wire. It takes over the maps.
func fromSpan(span *pb.Span, common map[string]string) apm.Span {
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
	for tag, value := range common {
		if value != "" && converted.Meta[tag] == "" {
			converted.Meta[tag] = value
		}
	}
	for _, link := range span.SpanLinks {
		if link != nil {
			converted.Links = append(converted.Links, apm.Link{
				TraceID: link.TraceID, TraceIDHigh: link.TraceIDHigh, SpanID: link.SpanID,
				Attributes: link.Attributes,
			})
		}
	}
	for _, event := range span.SpanEvents {
		if event != nil {
			converted.Events = append(converted.Events, fromEvent(event))
		}
	}
	return converted
}

func fromEvent(event *pb.SpanEvent) apm.Event {
	converted := apm.Event{Time: clampTime(event.TimeUnixNano), Name: event.Name}
	if len(event.Attributes) > 0 {
		converted.Attributes = make(map[string]any, len(event.Attributes))
		for key, value := range event.Attributes {
			converted.Attributes[key] = fromAttribute(value)
		}
	}
	return converted
}

// fromAttribute gives an event's attribute as a string, bool, int64, float64,
// or a slice of these.
func fromAttribute(value *pb.AttributeAnyValue) any {
	switch value.GetType() {
	case pb.AttributeAnyValue_BOOL_VALUE:
		return value.GetBoolValue()
	case pb.AttributeAnyValue_INT_VALUE:
		return value.GetIntValue()
	case pb.AttributeAnyValue_DOUBLE_VALUE:
		return finite(value.GetDoubleValue())
	case pb.AttributeAnyValue_ARRAY_VALUE:
		values := []any{}
		for _, element := range value.GetArrayValue().GetValues() {
			values = append(values, fromArrayElement(element))
		}
		return values
	default:
		return value.GetStringValue()
	}
}

func fromArrayElement(value *pb.AttributeArrayValue) any {
	switch value.GetType() {
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

// readTaggedLinks moves links that a tracer sent as JSON in a tag to where
// they belong, and leaves out those that it has sent both ways.
func readTaggedLinks(span *apm.Span) {
	var tagged []struct {
		TraceID    taggedID                   `json:"trace_id"`
		High       taggedID                   `json:"trace_id_high"`
		SpanID     taggedID                   `json:"span_id"`
		Attributes map[string]json.RawMessage `json:"attributes"`
	}
	if text := span.Meta[tagLinks]; text == "" || json.Unmarshal([]byte(text), &tagged) != nil {
		return
	}
	delete(span.Meta, tagLinks)

	type target struct{ trace, span uint64 }
	known := map[target]bool{}
	for _, link := range span.Links {
		known[target{link.TraceID, link.SpanID}] = true
	}
	for _, t := range tagged {
		link := apm.Link{TraceID: t.TraceID.low, TraceIDHigh: cmp.Or(t.TraceID.high, t.High.low), SpanID: t.SpanID.low}
		if to := (target{link.TraceID, link.SpanID}); known[to] {
			continue
		} else {
			known[to] = true
		}
		for key, raw := range t.Attributes {
			if link.Attributes == nil {
				link.Attributes = map[string]string{}
			}
			link.Attributes[key] = plainText(raw)
		}
		span.Links = append(span.Links, link)
	}
}

// A taggedID is an ID in a link's JSON: up to 32 hexadecimal digits as most
// tracers write it, or a number, which is the lower half, as dd-trace-go does.
type taggedID struct{ high, low uint64 }

// UnmarshalJSON implements json.Unmarshaler.
func (id *taggedID) UnmarshalJSON(text []byte) error {
	var digits string
	if json.Unmarshal(text, &digits) != nil {
		return json.Unmarshal(text, &id.low)
	}
	if split := len(digits) - 16; split > 0 {
		id.high, digits = parseHex(digits[:split]), digits[split:]
	}
	id.low = parseHex(digits)
	return nil
}

// plainText is a JSON string's content, or any other JSON value as written.
func plainText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// readTaggedEvents does for events what readTaggedLinks does for links.
func readTaggedEvents(span *apm.Span) {
	var tagged []struct {
		Name       string         `json:"name"`
		Time       uint64         `json:"time_unix_nano"`
		Attributes map[string]any `json:"attributes"`
	}
	if text := span.Meta[tagEvents]; text == "" || json.Unmarshal([]byte(text), &tagged) != nil {
		return
	}
	delete(span.Meta, tagEvents)

	type moment struct {
		at   int64
		name string
	}
	known := map[moment]bool{}
	for _, event := range span.Events {
		known[moment{event.Time, event.Name}] = true
	}
	for _, t := range tagged {
		event := apm.Event{Time: clampTime(t.Time), Name: t.Name, Attributes: t.Attributes}
		if !known[moment{event.Time, event.Name}] {
			span.Events = append(span.Events, event)
		}
	}
}

// parseHex reads up to 16 hexadecimal digits; what is no such number is 0,
// the same as an ID not sent.
func parseHex(digits string) uint64 {
	id, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return 0
	}
	return id
}

// clampTime keeps a moment within what apm can hold.
func clampTime(unixNano uint64) int64 { return int64(min(unixNano, math.MaxInt64)) }

// finite gives a number that JSON can write, or its name.
func finite(number float64) any {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return strconv.FormatFloat(number, 'g', -1, 64)
	}
	return number
}
