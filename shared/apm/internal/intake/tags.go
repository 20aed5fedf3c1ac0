package intake

import (
	"cmp"
	"encoding/json"
	"maps"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// Tags in which tracers send links and events as JSON.
const (
	tagLinks  = "_dd.span_links"
	tagEvents = "events"
)

// readTaggedLinks moves the links of a tag to the span's links, except those that the
// span already has.
func readTaggedLinks(span *apm.Span) {
	var sent []struct {
		TraceID    taggedID                   `json:"trace_id"`
		High       taggedID                   `json:"trace_id_high"`
		SpanID     taggedID                   `json:"span_id"`
		Attributes map[string]json.RawMessage `json:"attributes"`
	}
	if text := span.Meta[tagLinks]; text == "" || json.Unmarshal([]byte(text), &sent) != nil {
		return
	}
	delete(span.Meta, tagLinks)

	type target struct{ trace, span uint64 }
	known := map[target]bool{}
	for _, link := range span.Links {
		known[target{link.TraceID, link.SpanID}] = true
	}
	for _, s := range sent {
		to := target{s.TraceID.low, s.SpanID.low}
		if known[to] {
			continue
		}
		known[to] = true
		link := apm.Link{TraceID: to.trace, TraceIDHigh: cmp.Or(s.TraceID.high, s.High.low), SpanID: to.span}
		for key, raw := range s.Attributes {
			if link.Attributes == nil {
				link.Attributes = map[string]string{}
			}
			var text string
			if json.Unmarshal(raw, &text) != nil { // a number, for example: it stays JSON
				text = string(raw)
			}
			link.Attributes[key] = text
		}
		span.Links = append(span.Links, link)
	}
}

// A taggedID is an ID in a link's JSON. Most tracers write up to 32 hexadecimal digits;
// dd-trace-go writes the lower half as a number.
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

// readTaggedEvents moves the events of a tag to the span's events, except those that the
// span already has.
func readTaggedEvents(span *apm.Span) {
	var sent []struct {
		Name       string         `json:"name"`
		Time       uint64         `json:"time_unix_nano"`
		Attributes map[string]any `json:"attributes"`
	}
	if text := span.Meta[tagEvents]; text == "" || json.Unmarshal([]byte(text), &sent) != nil {
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
	for _, s := range sent {
		event := apm.Event{Time: clampTime(s.Time), Name: s.Name, Attributes: s.Attributes}
		if !known[moment{event.Time, event.Name}] {
			span.Events = append(span.Events, event)
		}
	}
}

// The Datadog Agent's limits of texts, in bytes: see pkg/trace/agent/truncator.go in its
// repository, and apm_config.max_resource_length.
const (
	maxResource = 5_000
	maxTag      = 200 // the tag's name
	maxValue    = 25_000
)

// A truncator truncates the texts of spans as the Datadog Agent does. It maps each
// truncated text to the result, so spans that share a text share what remains of it.
type truncator map[longText]string

type longText struct {
	text  string
	limit int
}

func (t truncator) truncate(span *apm.Span) {
	span.Resource = t.cut(span.Resource, maxResource, "")
	// Changes the maps while it walks copies: a walk may show what is added.
	for tag, value := range maps.Clone(span.Meta) {
		if isStructured(tag) {
			continue
		}
		if len(tag) > maxTag {
			delete(span.Meta, tag)
		}
		span.Meta[t.cut(tag, maxTag, "...")] = t.cut(value, maxValue, "...")
	}
	for tag, value := range maps.Clone(span.Metrics) {
		if len(tag) > maxTag {
			delete(span.Metrics, tag)
			span.Metrics[t.cut(tag, maxTag, "...")] = value
		}
	}
}

// cut returns a truncated copy of a text that exceeds the limit.
func (t truncator) cut(text string, limit int, ending string) string {
	if len(text) <= limit {
		return text
	}
	key := longText{text, limit}
	short, known := t[key]
	if !known {
		short = strings.Clone(format.Truncate(text, limit) + ending)
		t[key] = short
	}
	return short
}

// isStructured reports whether a tag's value has a format that truncating would break.
func isStructured(tag string) bool {
	return strings.HasPrefix(tag, "_dd.") &&
		(strings.HasSuffix(tag, ".json") || strings.HasSuffix(tag, ".msgpack") || strings.HasSuffix(tag, ".protobuf"))
}
