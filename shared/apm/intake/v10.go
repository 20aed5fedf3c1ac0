package intake

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"

	"thinker/shared/apm"
)

// decodeV10 decodes a map with numbers for keys, in which every string is
// spelled out once and referred to from then on.
func decodeV10(body []byte, _ http.Header) (payload, error) {
	var sent idx.InternalTracerPayload
	if err := unpack(body, func() error { _, err := sent.UnmarshalMsg(body); return err }); err != nil {
		return payload{}, err
	}
	p := payload{library: valid(sent.TracerVersion())}
	for _, chunk := range sent.Chunks {
		if chunk == nil {
			continue
		}
		common := map[string]string{
			"env":        sent.Env(),
			"version":    sent.AppVersion(),
			"language":   sent.LanguageName(),
			"runtime-id": sent.RuntimeID(),
			"_dd.origin": chunk.Origin(),
		}
		if mechanism := chunk.SamplingMechanism(); mechanism != 0 {
			common["_dd.p.dm"] = "-" + strconv.FormatUint(uint64(mechanism), 10)
		}
		for _, span := range chunk.Spans {
			if span == nil {
				p.nilSpans++
				continue
			}
			p.add(fromIndexed(span, chunk, common))
		}
		p.endChunk()
	}
	return p, nil
}

// fromIndexed converts a span whose strings are elsewhere. What older formats
// keep among the tags comes back to where they have it.
func fromIndexed(span *idx.InternalSpan, chunk *idx.InternalTraceChunk, common map[string]string) apm.Span {
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
	own := map[string]string{"env": span.Env(), "version": span.Version(), "component": span.Component()}
	if span.Kind() != idx.SpanKind_SPAN_KIND_UNSPECIFIED {
		own["span.kind"] = span.SpanKind()
	}
	for key, value := range span.Attributes() {
		if value == nil {
			continue
		}
		tag := valid(span.Strings.Get(key))
		switch v := value.Value.(type) {
		case *idx.AnyValue_DoubleValue:
			converted.Metrics[tag] = v.DoubleValue
		case *idx.AnyValue_IntValue:
			converted.Metrics[tag] = float64(v.IntValue)
		case *idx.AnyValue_BytesValue: // structured data of other products
		default:
			converted.Meta[tag] = valid(value.AsString(span.Strings))
		}
	}
	for _, beside := range []map[string]string{own, common} {
		for tag, value := range beside {
			if value != "" && converted.Meta[tag] == "" {
				converted.Meta[tag] = valid(value)
			}
		}
	}
	for _, link := range span.Links() {
		id := idx.InternalTraceChunk{TraceID: link.TraceID()}
		l := apm.Link{TraceID: id.LegacyTraceID(), TraceIDHigh: id.TraceIDHigh(), SpanID: link.SpanID(), Attributes: map[string]string{}}
		for key, value := range link.Attributes() {
			if value != nil {
				l.Attributes[valid(link.Strings.Get(key))] = valid(value.AsString(link.Strings))
			}
		}
		converted.Links = append(converted.Links, l)
	}
	for _, event := range span.Events() {
		e := apm.Event{Time: clampTime(event.Time()), Name: valid(event.Name()), Attributes: map[string]any{}}
		for key, value := range event.Attributes() {
			e.Attributes[valid(event.Strings.Get(key))] = fromIndexedValue(value, event.Strings)
		}
		converted.Events = append(converted.Events, e)
	}
	readTaggedLinks(&converted)
	readTaggedEvents(&converted)
	return converted
}

// fromIndexedValue is fromAttribute for this format.
func fromIndexedValue(value *idx.AnyValue, table *idx.StringTable) any {
	switch v := value.GetValue().(type) {
	case nil:
		return ""
	case *idx.AnyValue_BoolValue:
		return v.BoolValue
	case *idx.AnyValue_IntValue:
		return v.IntValue
	case *idx.AnyValue_DoubleValue:
		return finite(v.DoubleValue)
	case *idx.AnyValue_ArrayValue:
		values := []any{}
		for _, element := range v.ArrayValue.GetValues() {
			values = append(values, fromIndexedValue(element, table))
		}
		return values
	default:
		return valid(value.AsString(table))
	}
}

// valid replaces what is not UTF-8; this format's decoder lets it through.
func valid(text string) string { return strings.ToValidUTF8(text, string('\uFFFD')) }
