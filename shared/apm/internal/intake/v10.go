package intake

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"

	"thinker/shared/apm"
)

// decodeV10 decodes a map with numbers as keys. Each string appears once; later uses
// refer to it.
func decodeV10(p *payload, body []byte, _ http.Header) error {
	sent := idx.InternalTracerPayload{Strings: idx.NewStringTable()}
	err := p.unpack(body, 5, weightTyped, func() error { _, err := sent.UnmarshalMsg(body); return err })
	if err != nil {
		return err
	}
	p.library = valid(sent.TracerVersion())
	c := converter{table: sent.Strings, valid: make([]string, sent.Strings.Len())}
	for ref := range c.valid { // once each, since many spans may refer to it
		c.valid[ref] = valid(sent.Strings.Get(uint32(ref)))
	}
	spans := 0
	for _, chunk := range sent.Chunks {
		spans += len(chunk.Spans)
	}
	p.spans = make([]apm.Span, 0, spans)
	for _, chunk := range sent.Chunks {
		common := map[string]string{
			"env":        valid(sent.Env()),
			"version":    valid(sent.AppVersion()),
			"language":   valid(sent.LanguageName()),
			"runtime-id": valid(sent.RuntimeID()),
			"_dd.origin": valid(chunk.Origin()),
		}
		if mechanism := chunk.SamplingMechanism(); mechanism != 0 {
			common["_dd.p.dm"] = "-" + strconv.FormatUint(uint64(mechanism), 10)
		}
		for i, span := range chunk.Spans {
			if span == nil {
				p.nilSpans++
				continue
			}
			chunk.Spans[i] = nil // frees it early
			p.add(c.span(span, chunk, common))
			if c.err != nil {
				return c.err
			}
		}
		p.ends = append(p.ends, len(p.spans))
	}
	p.text = c.listText
	return nil
}

// A converter converts the spans of a payload.
type converter struct {
	table    *idx.StringTable
	valid    []string // the table's strings as valid UTF-8, by reference
	listText int64    // bytes of the lists that were written as text
	err      error    // a list is too long
}

// text returns a value as text.
func (c *converter) text(value *idx.AnyValue) string {
	switch v := value.GetValue().(type) {
	case *idx.AnyValue_StringValueRef:
		return c.valid[v.StringValueRef]
	case *idx.AnyValue_ArrayValue, *idx.AnyValue_KeyValueList:
		// A few bytes of references may stand for very long texts.
		size := c.size(value)
		c.listText += size
		if c.err == nil {
			c.err = checkSize("bytes of text in one list:", size, maxList)
		}
		if c.err == nil {
			c.err = checkSize("bytes of text in all lists:", c.listText, maxText)
		}
		if c.err != nil {
			return ""
		}
	case nil:
		return ""
	}
	return valid(value.AsString(c.table))
}

// size estimates the length of a value as text.
func (c *converter) size(value *idx.AnyValue) (size int64) {
	switch v := value.GetValue().(type) {
	case *idx.AnyValue_StringValueRef:
		return int64(len(c.valid[v.StringValueRef]))
	case *idx.AnyValue_BytesValue:
		return int64(len(v.BytesValue))
	case *idx.AnyValue_ArrayValue:
		for _, element := range v.ArrayValue.GetValues() {
			size += 1 + c.size(element)
		}
		return size
	case *idx.AnyValue_KeyValueList:
		for _, pair := range v.KeyValueList.GetKeyValues() {
			size += 2 + int64(len(c.valid[pair.GetKey()])) + c.size(pair.GetValue())
		}
		return size
	}
	return numberText
}

// span converts a span. Fields that older formats keep in tags become tags again.
func (c *converter) span(span *idx.InternalSpan, chunk *idx.InternalTraceChunk, common map[string]string) apm.Span {
	converted := apm.Span{
		TraceID:     chunk.LegacyTraceID(),
		TraceIDHigh: chunk.TraceIDHigh(),
		SpanID:      span.SpanID(),
		ParentID:    span.ParentID(),
		Service:     valid(span.Service()),
		Name:        valid(span.Name()),
		Resource:    valid(span.Resource()),
		Type:        valid(span.Type()),
		Start:       clampTime(span.Start()),
		Duration:    time.Duration(clampTime(span.Duration())),
		Error:       span.Error(),
		Meta:        map[string]string{},
		Metrics:     map[string]float64{"_sampling_priority_v1": float64(chunk.Priority)},
	}
	for key, value := range span.Attributes() {
		switch v := value.GetValue().(type) {
		case *idx.AnyValue_DoubleValue:
			converted.Metrics[c.valid[key]] = v.DoubleValue
		case *idx.AnyValue_IntValue:
			converted.Metrics[c.valid[key]] = float64(v.IntValue)
		case *idx.AnyValue_BytesValue, nil: // bytes are structured data of other products
		default:
			converted.Meta[c.valid[key]] = c.text(value)
		}
	}
	own := map[string]string{
		"env": valid(span.Env()), "version": valid(span.Version()), "component": valid(span.Component()),
	}
	if span.Kind() != idx.SpanKind_SPAN_KIND_UNSPECIFIED {
		own["span.kind"] = span.SpanKind()
	}
	addMissing(converted.Meta, own)
	addMissing(converted.Meta, common)
	for _, link := range span.Links() {
		id := idx.InternalTraceChunk{TraceID: link.TraceID()}
		l := apm.Link{TraceID: id.LegacyTraceID(), TraceIDHigh: id.TraceIDHigh(), SpanID: link.SpanID(),
			Attributes: map[string]string{}}
		for key, value := range link.Attributes() {
			l.Attributes[c.valid[key]] = c.text(value)
		}
		converted.Links = append(converted.Links, l)
	}
	for _, event := range span.Events() {
		e := apm.Event{Time: clampTime(event.Time()), Name: valid(event.Name()), Attributes: map[string]any{}}
		for key, value := range event.Attributes() {
			e.Attributes[c.valid[key]] = c.attribute(value)
		}
		converted.Events = append(converted.Events, e)
	}
	return converted
}

// attribute returns an event's attribute, as convertAttribute does for other formats.
func (c *converter) attribute(value *idx.AnyValue) any {
	switch v := value.GetValue().(type) {
	case *idx.AnyValue_BoolValue:
		return v.BoolValue
	case *idx.AnyValue_IntValue:
		return v.IntValue
	case *idx.AnyValue_DoubleValue:
		return finite(v.DoubleValue)
	case *idx.AnyValue_ArrayValue:
		values := []any{}
		for _, element := range v.ArrayValue.GetValues() {
			values = append(values, c.attribute(element))
		}
		return values
	}
	return c.text(value)
}

// valid replaces invalid UTF-8, which this format's decoder accepts.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
