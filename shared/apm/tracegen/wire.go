package tracegen

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
)

// Tags that tracers use for what the format has no field for.
const (
	highTag   = "_dd.p.tid" // upper half of the trace ID, on the first span of a chunk
	eventsTag = "events"
)

// wireSpan returns a span in the form that tracers send.
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
	for _, link := range s.Links {
		span.SpanLinks = append(span.SpanLinks, &pb.SpanLink{
			TraceID: link.TraceID, TraceIDHigh: link.TraceIDHigh, SpanID: link.SpanID, Attributes: link.Attributes,
		})
	}
	for _, event := range s.Events {
		sent := &pb.SpanEvent{TimeUnixNano: uint64(event.Time), Name: event.Name}
		for name, value := range event.Attributes {
			attribute, ok := wireAttribute(value)
			if !ok {
				return span, tagEvents(span, s.Events)
			}
			if sent.Attributes == nil {
				sent.Attributes = map[string]*pb.AttributeAnyValue{}
			}
			sent.Attributes[name] = attribute
		}
		span.SpanEvents = append(span.SpanEvents, sent)
	}
	return span, nil
}

// tagEvents puts all events into a tag, as some tracers do.
func tagEvents(span *pb.Span, events []apm.Event) error {
	if span.Meta[eventsTag] != "" {
		return errors.New("its events have nested attributes, which can't be sent together with a tag called " + eventsTag)
	}
	var tagged []any
	for _, event := range events {
		tagged = append(tagged, map[string]any{
			"name": event.Name, "time_unix_nano": event.Time, "attributes": event.Attributes,
		})
	}
	text, err := json.Marshal(tagged)
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	span.Meta[eventsTag], span.SpanEvents = string(text), nil
	return nil
}

// wireAttribute converts an attribute of an event, if the format can hold it: a plain
// value, or a list of plain values.
func wireAttribute(value any) (*pb.AttributeAnyValue, bool) {
	list, isList := value.([]any)
	if !isList {
		plain, ok := wireElement(value)
		return &pb.AttributeAnyValue{
			// The types of the two have the same numbers.
			Type:        pb.AttributeAnyValue_AttributeAnyValueType(plain.GetType()),
			StringValue: plain.GetStringValue(), BoolValue: plain.GetBoolValue(),
			IntValue: plain.GetIntValue(), DoubleValue: plain.GetDoubleValue(),
		}, ok
	}
	array := &pb.AttributeArray{}
	for _, element := range list {
		sent, ok := wireElement(element)
		if !ok {
			return nil, false
		}
		array.Values = append(array.Values, sent)
	}
	return &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_ARRAY_VALUE, ArrayValue: array}, true
}

// wireElement converts a plain value.
func wireElement(value any) (*pb.AttributeArrayValue, bool) {
	whole := func(n int64) *pb.AttributeArrayValue {
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_INT_VALUE, IntValue: n}
	}
	number := func(x float64) *pb.AttributeArrayValue {
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_DOUBLE_VALUE, DoubleValue: x}
	}
	switch v := value.(type) {
	case string:
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_STRING_VALUE, StringValue: v}, true
	case bool:
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_BOOL_VALUE, BoolValue: v}, true
	case int:
		return whole(int64(v)), true
	case int64:
		return whole(v), true
	case float64:
		return number(v), true
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil && v != "-0" {
			return whole(n), true
		}
		x, err := v.Float64()
		return number(x), err == nil
	default:
		return nil, false
	}
}
