package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

// wireEvents adds the events to the span to send. If events can't hold an attribute's
// value, it uses a tag instead, as some tracers do.
func (s exportedSpan) wireEvents(span *pb.Span) error {
	for i, event := range s.Events {
		if event.Time < 0 {
			return fmt.Errorf("event %d: time %d is before 1970", i+1, event.Time)
		}
		sent := &pb.SpanEvent{TimeUnixNano: uint64(event.Time), Name: event.Name}
		for name, value := range event.Attributes {
			attribute, ok := wireAttribute(value)
			if !ok {
				return s.tagEvents(span)
			}
			if sent.Attributes == nil {
				sent.Attributes = map[string]*pb.AttributeAnyValue{}
			}
			sent.Attributes[name] = attribute
		}
		span.SpanEvents = append(span.SpanEvents, sent)
	}
	return nil
}

// tagEvents puts the events into a tag.
func (s exportedSpan) tagEvents(span *pb.Span) error {
	const tag = "events"
	type tagged struct {
		Name       string         `json:"name"`
		Time       int64          `json:"time_unix_nano"`
		Attributes map[string]any `json:"attributes"`
	}
	if span.Meta[tag] != "" {
		return fmt.Errorf("its events have nested attributes, which can't be sent together with a tag called %s", tag)
	}
	var events []tagged
	for _, event := range s.Events {
		events = append(events, tagged{event.Name, event.Time, event.Attributes})
	}
	text, err := json.Marshal(events)
	if err != nil {
		return fmt.Errorf("write its events: %w", err)
	}
	if span.Meta == nil {
		span.Meta = map[string]string{}
	}
	span.Meta[tag], span.SpanEvents = string(text), nil
	return nil
}

// wireAttribute converts an attribute's value if events can hold it: a plain value, or
// a list of plain values.
func wireAttribute(value any) (*pb.AttributeAnyValue, bool) {
	switch v := value.(type) {
	case []any:
		list := &pb.AttributeArray{}
		for _, element := range v {
			sent, ok := wireElement(element)
			if !ok {
				return nil, false
			}
			list.Values = append(list.Values, sent)
		}
		return &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_ARRAY_VALUE, ArrayValue: list}, true
	default:
		element, ok := wireElement(v)
		if !ok {
			return nil, false
		}
		// The kinds of the two have the same numbers.
		return &pb.AttributeAnyValue{
			Type:        pb.AttributeAnyValue_AttributeAnyValueType(element.Type),
			StringValue: element.StringValue, BoolValue: element.BoolValue, IntValue: element.IntValue, DoubleValue: element.DoubleValue,
		}, true
	}
}

// wireElement converts a plain value.
func wireElement(value any) (*pb.AttributeArrayValue, bool) {
	switch v := value.(type) {
	case string:
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_STRING_VALUE, StringValue: v}, true
	case bool:
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_BOOL_VALUE, BoolValue: v}, true
	case json.Number:
		if whole, err := strconv.ParseInt(v.String(), 10, 64); err == nil && v != "-0" {
			return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_INT_VALUE, IntValue: whole}, true
		}
		number, err := v.Float64()
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_DOUBLE_VALUE, DoubleValue: number}, err == nil
	default:
		return nil, false
	}
}
