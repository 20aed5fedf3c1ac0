package intake

import (
	"encoding/binary"
	"encoding/json"
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

// A sent is a request that carries a trace.
type sent struct {
	path    string
	body    []byte
	headers []string // name, value, name, value
}

const (
	formatV03JSON = "v0.3 JSON"
	formatV03     = "v0.3 MessagePack"
	formatV04JSON = "v0.4 JSON"
	formatV04     = "v0.4 MessagePack"
	formatV05     = "v0.5"
	formatV07     = "v0.7"
	formatV10     = "v1.0"
)

// everyFormat is one chunk of spans in each encoding that an Agent takes in.
// They are written by the encoders of Datadog's own types, but for v0.5, which
// has none.
func everyFormat(t testing.TB, chunk []*pb.Span) map[string]sent {
	t.Helper()
	inJSON, err := json.Marshal(pb.Traces{chunk})
	if err != nil {
		t.Fatal(err)
	}
	packed := msgpack(t, pb.Traces{chunk})
	asJSON, asPack := []string{"Content-Type", "application/json"}, []string{"Content-Type", "application/msgpack"}
	return map[string]sent{
		formatV03JSON: {"/v0.3/traces", inJSON, asJSON},
		formatV03:     {"/v0.3/traces", packed, asPack},
		formatV04JSON: {"/v0.4/traces", inJSON, asJSON},
		formatV04:     {"/v0.4/traces", packed, asPack},
		formatV05:     {"/v0.5/traces", encodeV05(t, again(t, chunk)), asPack},
		formatV07:     {"/v0.7/traces", encodeV07(t, again(t, chunk)), asPack},
		formatV10:     {"/v1.0/traces", encodeV10(t, again(t, chunk)), asPack},
	}
}

// again is a copy of spans that may be changed, without those that are nil.
func again(t testing.TB, chunk []*pb.Span) []*pb.Span {
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
	tag := func(name string, value any) {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if span.Meta == nil {
			span.Meta = map[string]string{}
		}
		span.Meta[name] = string(text)
	}
	if len(span.SpanLinks) > 0 {
		var links []map[string]any
		for _, link := range span.SpanLinks {
			links = append(links, map[string]any{
				"trace_id": apm.HexID(link.TraceIDHigh, link.TraceID), "span_id": fmt.Sprintf("%016x", link.SpanID), "attributes": link.Attributes,
			})
		}
		tag("_dd.span_links", links)
	}
	if len(span.SpanEvents) > 0 {
		var events []map[string]any
		for _, event := range span.SpanEvents {
			events = append(events, map[string]any{"name": event.Name, "time_unix_nano": event.TimeUnixNano, "attributes": fromEvent(event).Attributes})
		}
		tag("events", events)
	}
	span.SpanLinks, span.SpanEvents = nil, nil
}

// take removes a tag from every span, and gives the first value that it had.
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
	high := chunk[0].Meta[tagTraceIDHigh]
	body, err := (&pb.TracerPayload{
		Env: take(chunk, "env"), AppVersion: take(chunk, "version"), LanguageName: take(chunk, "language"), RuntimeID: take(chunk, "runtime-id"),
		Chunks: []*pb.TraceChunk{{Origin: take(chunk, "_dd.origin"), Tags: map[string]string{tagTraceIDHigh: high}, Spans: chunk}},
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
	high, origin, priority := parseHex(take(chunk, tagTraceIDHigh)), take(chunk, "_dd.origin"), chunk[0].Metrics["_sampling_priority_v1"]
	mechanism, _ := strconv.ParseUint(strings.TrimPrefix(take(chunk, "_dd.p.dm"), "-"), 10, 32) // 0 is none

	var spans []*idx.InternalSpan
	for _, span := range chunk {
		delete(span.Metrics, "_sampling_priority_v1")
		spans = append(spans, encodeSpanV10(table, span))
	}
	payload.Chunks = []*idx.InternalTraceChunk{idx.NewInternalTraceChunk(table, int32(priority), origin, nil, spans, false, bytesOf(high, chunk[0].TraceID), uint32(mechanism))}
	body, err := payload.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// bytesOf is a 128-bit ID as the format has it.
func bytesOf(high, low uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, high), low)
}

func encodeSpanV10(table *idx.StringTable, span *pb.Span) *idx.InternalSpan {
	encoded := &idx.Span{
		SpanID: span.SpanID, ParentID: span.ParentID, Start: uint64(span.Start), Duration: uint64(span.Duration), Error: span.Error != 0,
		ServiceRef: table.Add(span.Service), NameRef: table.Add(span.Name), ResourceRef: table.Add(span.Resource), TypeRef: table.Add(span.Type),
	}
	for _, link := range span.SpanLinks {
		attributes := map[uint32]*idx.AnyValue{}
		for key, value := range link.Attributes {
			attributes[table.Add(key)] = stringV10(table, value)
		}
		encoded.Links = append(encoded.Links, &idx.SpanLink{TraceID: bytesOf(link.TraceIDHigh, link.TraceID), SpanID: link.SpanID, Attributes: attributes})
	}
	for _, event := range span.SpanEvents {
		attributes := map[uint32]*idx.AnyValue{}
		for key, value := range fromEvent(event).Attributes {
			attributes[table.Add(key)] = valueV10(table, value)
		}
		encoded.Events = append(encoded.Events, &idx.SpanEvent{Time: event.TimeUnixNano, NameRef: table.Add(event.Name), Attributes: attributes})
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

func stringV10(table *idx.StringTable, text string) *idx.AnyValue {
	return &idx.AnyValue{Value: &idx.AnyValue_StringValueRef{StringValueRef: table.Add(text)}}
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
		return stringV10(table, fmt.Sprint(v))
	}
}

// TestOneTraceInEveryFormat holds that it makes no difference to what is kept
// in which format a tracer sends it. The trace is one that dd-trace-go sent as
// v0.4; the other formats are written from it. Where a format says something
// once for all spans, the expectation says it of each: as v0.4 that tracer gives
// the version only to spans of its own service, and the sampling decision only
// to the first.
func TestOneTraceInEveryFormat(t *testing.T) {
	var traces pb.Traces
	if _, err := traces.UnmarshalMsg(file(t, rich)); err != nil {
		t.Fatal(err)
	}
	chunk := traces[0]
	for name, c := range everyFormat(t, chunk) {
		in, sink := newTest()
		if w := send(in, http.MethodPost, c.path, c.body, c.headers...); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		p, err := decodeSafely(decodeV03V04, msgpack(t, traces), http.Header{}, unbounded)
		if err != nil {
			t.Fatal(err)
		}
		first := p.spans[0]
		common := map[string]string{}
		switch name {
		case formatV10: // has these beside the spans, and the whole trace ID as well
			common["_dd.p.dm"] = first.Meta["_dd.p.dm"]
			delete(first.Meta, tagTraceIDHigh)
			for _, span := range p.spans {
				span.Metrics["_sampling_priority_v1"] = first.Metrics["_sampling_priority_v1"]
			}
			fallthrough
		case formatV07:
			for _, tag := range []string{"env", "version", "language", "runtime-id"} {
				common[tag] = first.Meta[tag]
			}
		}
		for _, span := range p.spans {
			for tag, value := range common {
				if value == "" {
					t.Errorf("%s: the trace has no %s to compare", name, tag)
				}
				span.Meta[tag] = value
			}
		}
		compare(t, name, readable(t, sink.spans), readable(t, p.spans))
	}
}
