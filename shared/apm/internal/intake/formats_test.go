package intake_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/tinylib/msgp/msgp"

	"thinker/shared/apm"
)

// A request contains a trace.
type request struct {
	path        string
	body        []byte
	contentType string
}

// inEveryFormat returns a chunk of spans in each format of the Agent. The encoders are
// those of Datadog's own types, except for v0.5, which has none.
func inEveryFormat(t testing.TB, chunk []*pb.Span) map[string]request {
	t.Helper()
	const typeJSON, typeMessagePack = "application/json", "application/msgpack"
	inJSON, packed := toJSON(t, pb.Traces{chunk}), msgpack(t, pb.Traces{chunk})
	return map[string]request{
		"v0.3 JSON":        {"/v0.3/traces", inJSON, typeJSON},
		"v0.3 MessagePack": {"/v0.3/traces", packed, typeMessagePack},
		"v0.4 JSON":        {"/v0.4/traces", inJSON, typeJSON},
		"v0.4 MessagePack": {"/v0.4/traces", packed, typeMessagePack},
		"v0.5":             {"/v0.5/traces", encodeV05(t, clone(t, chunk)), typeMessagePack},
		"v0.7":             {"/v0.7/traces", encodeV07(t, clone(t, chunk)), typeMessagePack},
		"v1.0":             {"/v1.0/traces", encodeV10(t, clone(t, chunk)), typeMessagePack},
	}
}

// clone returns a copy of the spans, without nil ones.
func clone(t testing.TB, chunk []*pb.Span) []*pb.Span {
	t.Helper()
	var copies pb.Traces
	if _, err := copies.UnmarshalMsg(msgpack(t, pb.Traces{chunk})); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(copies[0], func(span *pb.Span) bool { return span == nil })
}

// encodeV05 writes [strings, [[span, …]]]. The format has no place for links
// and events: tracers write these into tags.
func encodeV05(t testing.TB, chunk []*pb.Span) []byte {
	t.Helper()
	places := map[string]uint32{}
	var words []string
	word := func(b []byte, text string) []byte {
		place, ok := places[text]
		if !ok {
			place = uint32(len(words))
			places[text], words = place, append(words, text)
		}
		return msgp.AppendUint32(b, place)
	}
	encoded := msgp.AppendArrayHeader(nil, 1)
	encoded = msgp.AppendArrayHeader(encoded, uint32(len(chunk)))
	for _, span := range chunk {
		tagLinksAndEvents(t, span)
		encoded = msgp.AppendArrayHeader(encoded, 12)
		for _, text := range []string{span.Service, span.Name, span.Resource} {
			encoded = word(encoded, text)
		}
		for _, id := range []uint64{span.TraceID, span.SpanID, span.ParentID} {
			encoded = msgp.AppendUint64(encoded, id)
		}
		encoded = msgp.AppendInt64(encoded, span.Start)
		encoded = msgp.AppendInt64(encoded, span.Duration)
		encoded = msgp.AppendInt32(encoded, span.Error)
		encoded = msgp.AppendMapHeader(encoded, uint32(len(span.Meta)))
		for _, tag := range slices.Sorted(maps.Keys(span.Meta)) {
			encoded = word(word(encoded, tag), span.Meta[tag])
		}
		encoded = msgp.AppendMapHeader(encoded, uint32(len(span.Metrics)))
		for _, tag := range slices.Sorted(maps.Keys(span.Metrics)) {
			encoded = msgp.AppendFloat64(word(encoded, tag), span.Metrics[tag])
		}
		encoded = word(encoded, span.Type)
	}
	dictionary := msgp.AppendArrayHeader(nil, 2)
	dictionary = msgp.AppendArrayHeader(dictionary, uint32(len(words)))
	for _, text := range words {
		dictionary = msgp.AppendString(dictionary, text)
	}
	return append(dictionary, encoded...)
}

// tagLinksAndEvents moves links and events to where tracers put them in formats
// without a place for them.
func tagLinksAndEvents(t testing.TB, span *pb.Span) {
	t.Helper()
	if span.Meta == nil {
		span.Meta = map[string]string{}
	}
	if len(span.SpanLinks) > 0 {
		var links []map[string]any
		for _, link := range span.SpanLinks {
			links = append(links, map[string]any{
				"trace_id": apm.HexID(link.TraceIDHigh, link.TraceID), "span_id": fmt.Sprintf("%016x", link.SpanID),
				"attributes": link.Attributes,
			})
		}
		span.Meta["_dd.span_links"] = string(toJSON(t, links))
	}
	if len(span.SpanEvents) > 0 {
		var events []map[string]any
		for _, event := range span.SpanEvents {
			events = append(events, map[string]any{
				"name": event.Name, "time_unix_nano": event.TimeUnixNano, "attributes": attributes(event),
			})
		}
		span.Meta["events"] = string(toJSON(t, events))
	}
	span.SpanLinks, span.SpanEvents = nil, nil
}

// take removes a tag from every span, and returns its first value.
func take(chunk []*pb.Span, tag string) string {
	found := ""
	for _, span := range chunk {
		if value, ok := span.Meta[tag]; ok && found == "" {
			found = value
		}
		delete(span.Meta, tag)
	}
	return found
}

// encodeV07 moves what spans have in common to the payload and the chunk.
func encodeV07(t testing.TB, chunk []*pb.Span) []byte {
	t.Helper()
	high := chunk[0].Meta["_dd.p.tid"]
	body, err := (&pb.TracerPayload{
		Env: take(chunk, "env"), AppVersion: take(chunk, "version"),
		LanguageName: take(chunk, "language"), RuntimeID: take(chunk, "runtime-id"),
		Chunks: []*pb.TraceChunk{{
			Origin: take(chunk, "_dd.origin"), Tags: map[string]string{"_dd.p.tid": high}, Spans: chunk,
		}},
	}).MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// encodeV10 does likewise, also for what this format has fields for.
func encodeV10(t testing.TB, chunk []*pb.Span) []byte {
	t.Helper()
	table := idx.NewStringTable()
	payload := &idx.InternalTracerPayload{Strings: table}
	payload.SetEnv(take(chunk, "env"))
	payload.SetAppVersion(take(chunk, "version"))
	payload.SetLanguageName(take(chunk, "language"))
	payload.SetRuntimeID(take(chunk, "runtime-id"))
	high, _ := strconv.ParseUint(take(chunk, "_dd.p.tid"), 16, 64) // 0 if there is none
	mechanism, _ := strconv.ParseUint(strings.TrimPrefix(take(chunk, "_dd.p.dm"), "-"), 10, 32)
	origin, priority := take(chunk, "_dd.origin"), int32(chunk[0].Metrics["_sampling_priority_v1"])

	var spans []*idx.InternalSpan
	for _, span := range chunk {
		delete(span.Metrics, "_sampling_priority_v1")
		spans = append(spans, encodeSpanV10(table, span))
	}
	id := bytesOf(high, chunk[0].TraceID)
	payload.Chunks = []*idx.InternalTraceChunk{
		idx.NewInternalTraceChunk(table, priority, origin, nil, spans, false, id, uint32(mechanism)),
	}
	body, err := payload.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// bytesOf returns a 128-bit ID in bytes.
func bytesOf(high, low uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, high), low)
}

func encodeSpanV10(table *idx.StringTable, span *pb.Span) *idx.InternalSpan {
	encoded := &idx.Span{
		SpanID: span.SpanID, ParentID: span.ParentID, Error: span.Error != 0,
		Start: uint64(span.Start), Duration: uint64(span.Duration),
		ServiceRef: table.Add(span.Service), NameRef: table.Add(span.Name),
		ResourceRef: table.Add(span.Resource), TypeRef: table.Add(span.Type),
	}
	for _, link := range span.SpanLinks {
		values := map[uint32]*idx.AnyValue{}
		for key, value := range link.Attributes {
			values[table.Add(key)] = valueV10(table, value)
		}
		encoded.Links = append(encoded.Links, &idx.SpanLink{
			TraceID: bytesOf(link.TraceIDHigh, link.TraceID), SpanID: link.SpanID, Attributes: values,
		})
	}
	for _, event := range span.SpanEvents {
		values := map[uint32]*idx.AnyValue{}
		for key, value := range attributes(event) {
			values[table.Add(key)] = valueV10(table, value)
		}
		encoded.Events = append(encoded.Events, &idx.SpanEvent{
			Time: event.TimeUnixNano, NameRef: table.Add(event.Name), Attributes: values,
		})
	}
	internal := idx.NewInternalSpan(table, encoded)
	for tag, value := range span.Meta {
		internal.SetStringAttribute(tag, value)
	}
	for tag, value := range span.Metrics {
		internal.SetFloat64Attribute(tag, value)
	}
	return internal
}

func valueV10(table *idx.StringTable, value any) *idx.AnyValue {
	switch v := value.(type) {
	case bool:
		return &idx.AnyValue{Value: &idx.AnyValue_BoolValue{BoolValue: v}}
	case int64:
		return &idx.AnyValue{Value: &idx.AnyValue_IntValue{IntValue: v}}
	case float64:
		return &idx.AnyValue{Value: &idx.AnyValue_DoubleValue{DoubleValue: v}}
	case []any:
		list := &idx.ArrayValue{}
		for _, element := range v {
			list.Values = append(list.Values, valueV10(table, element))
		}
		return &idx.AnyValue{Value: &idx.AnyValue_ArrayValue{ArrayValue: list}}
	default:
		return &idx.AnyValue{Value: &idx.AnyValue_StringValueRef{StringValueRef: table.Add(fmt.Sprint(v))}}
	}
}

// attributes returns an event's attributes as Go values.
func attributes(event *pb.SpanEvent) map[string]any {
	values := map[string]any{}
	for key, value := range event.Attributes {
		switch value.GetType() {
		case pb.AttributeAnyValue_BOOL_VALUE:
			values[key] = value.GetBoolValue()
		case pb.AttributeAnyValue_INT_VALUE:
			values[key] = value.GetIntValue()
		case pb.AttributeAnyValue_DOUBLE_VALUE:
			values[key] = value.GetDoubleValue()
		case pb.AttributeAnyValue_ARRAY_VALUE:
			list := []any{}
			for _, element := range value.GetArrayValue().GetValues() {
				switch element.GetType() {
				case pb.AttributeArrayValue_INT_VALUE:
					list = append(list, element.GetIntValue())
				case pb.AttributeArrayValue_BOOL_VALUE:
					list = append(list, element.GetBoolValue())
				case pb.AttributeArrayValue_DOUBLE_VALUE:
					list = append(list, element.GetDoubleValue())
				default:
					list = append(list, element.GetStringValue())
				}
			}
			values[key] = list
		default:
			values[key] = value.GetStringValue()
		}
	}
	return values
}

// TestIntake_EveryFormat checks that the stored spans don't depend on the format. The
// trace is one that dd-trace-go sent as v0.4; the test writes it in the other formats. If
// a format has a tag once for all spans, each span gets it. As v0.4, the tracer gives the
// version only to spans of its own service, and the sampling decision only to the first.
func TestIntake_EveryFormat(t *testing.T) {
	var traces pb.Traces
	if _, err := traces.UnmarshalMsg(readFile(t, richCapture)); err != nil {
		t.Fatal(err)
	}
	for format, c := range inEveryFormat(t, traces[0]) {
		t.Run(format, func(t *testing.T) {
			in, sink := newIntake()
			if w := send(in, http.MethodPost, c.path, c.body, "Content-Type", c.contentType); w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			in, want := newIntake()
			send(in, http.MethodPost, "/v0.4/traces", readFile(t, richCapture))
			first := want.spans[0]
			common := map[string]string{}
			switch format {
			case "v1.0": // has these beside the spans, and the whole trace ID as well
				common["_dd.p.dm"] = first.Meta["_dd.p.dm"]
				delete(first.Meta, "_dd.p.tid")
				for _, span := range want.spans {
					span.Metrics["_sampling_priority_v1"] = first.Metrics["_sampling_priority_v1"]
				}
				fallthrough
			case "v0.7":
				for _, tag := range []string{"env", "version", "language", "runtime-id"} {
					common[tag] = first.Meta[tag]
				}
			}
			for _, span := range want.spans {
				for tag, value := range common {
					if value == "" {
						t.Errorf("the trace has no %s to compare", tag)
					}
					span.Meta[tag] = value
				}
			}
			compare(t, readable(t, sink.spans), readable(t, want.spans))
		})
	}
}
