package intake

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"

	"thinker/shared/apm"
)

// decodeV10 decodes a map with numbers for keys, in which every string is
// spelled out once and referred to from then on.
func decodeV10(body []byte, _ http.Header, reserve reservation) (payload, error) {
	sent := idx.InternalTracerPayload{Strings: idx.NewStringTable()}
	if err := unpack(body, shape{5, weightTyped}, reserve, func() error { _, err := sent.UnmarshalMsg(body); return err }); err != nil {
		return payload{}, err
	}
	table := &texts{table: sent.Strings}
	p := payload{library: valid(sent.TracerVersion())}
	spans := 0
	for _, chunk := range sent.Chunks {
		spans += len(chunk.Spans)
	}
	p.grow(spans)
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
			chunk.Spans[i] = nil // it is needed no more
			p.add(table.span(span, chunk, common))
			if err := cmp.Or(table.err, within("bytes of text in all lists:", table.built, maxText)); err != nil {
				return payload{}, err
			}
		}
		p.endChunk()
	}
	p.built = table.built
	return p, nil
}

// texts are the strings of a payload, made valid. Each is looked at once, as
// very many spans may refer to it.
type texts struct {
	table *idx.StringTable
	valid []string // by reference; empty where it hasn't been looked at
	built int64    // bytes of texts that were put together of others
	err   error    // one of them was too long
}

// at returns the string that a reference stands for.
func (t *texts) at(ref uint32) string {
	if t.valid == nil {
		t.valid = make([]string, t.table.Len())
	}
	if t.valid[ref] == "" {
		t.valid[ref] = valid(t.table.Get(ref))
	}
	return t.valid[ref]
}

// of returns a value as text.
func (t *texts) of(value *idx.AnyValue) string {
	switch v := value.GetValue().(type) {
	case *idx.AnyValue_StringValueRef:
		return t.at(v.StringValueRef)
	case *idx.AnyValue_ArrayValue, *idx.AnyValue_KeyValueList:
		size := t.size(value)
		if err := within("bytes of text in one list:", size, maxList); err != nil {
			t.err = err
			return ""
		}
		t.built += size
	case nil:
		return ""
	}
	return valid(value.AsString(t.table))
}

// size returns about how long a value is as text.
func (t *texts) size(value *idx.AnyValue) (size int64) {
	const number = 8
	switch v := value.GetValue().(type) {
	case *idx.AnyValue_StringValueRef:
		return int64(len(t.table.Get(v.StringValueRef)))
	case *idx.AnyValue_BytesValue:
		return int64(len(v.BytesValue))
	case *idx.AnyValue_ArrayValue:
		for _, element := range v.ArrayValue.GetValues() {
			size += 1 + t.size(element)
		}
		return size
	case *idx.AnyValue_KeyValueList:
		for _, pair := range v.KeyValueList.GetKeyValues() {
			size += 2 + int64(len(t.table.Get(pair.GetKey()))) + t.size(pair.GetValue())
		}
		return size
	default:
		return number
	}
}

// span converts a span. What older formats keep among the tags comes back to
// where they have it.
func (t *texts) span(span *idx.InternalSpan, chunk *idx.InternalTraceChunk, common map[string]string) apm.Span {
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
	own := map[string]string{"env": valid(span.Env()), "version": valid(span.Version()), "component": valid(span.Component())}
	if span.Kind() != idx.SpanKind_SPAN_KIND_UNSPECIFIED {
		own["span.kind"] = span.SpanKind()
	}
	for key, value := range span.Attributes() {
		if value == nil {
			continue
		}
		tag := t.at(key)
		switch v := value.Value.(type) {
		case *idx.AnyValue_DoubleValue:
			converted.Metrics[tag] = v.DoubleValue
		case *idx.AnyValue_IntValue:
			converted.Metrics[tag] = float64(v.IntValue)
		case *idx.AnyValue_BytesValue: // structured data of other products
		default:
			converted.Meta[tag] = t.of(value)
		}
	}
	for _, beside := range []map[string]string{own, common} {
		for tag, value := range beside {
			if value != "" && converted.Meta[tag] == "" {
				converted.Meta[tag] = value
			}
		}
	}
	for _, link := range span.Links() {
		id := idx.InternalTraceChunk{TraceID: link.TraceID()}
		l := apm.Link{TraceID: id.LegacyTraceID(), TraceIDHigh: id.TraceIDHigh(), SpanID: link.SpanID(), Attributes: map[string]string{}}
		for key, value := range link.Attributes() {
			if value != nil {
				l.Attributes[t.at(key)] = t.of(value)
			}
		}
		converted.Links = append(converted.Links, l)
	}
	for _, event := range span.Events() {
		e := apm.Event{Time: clampTime(event.Time()), Name: valid(event.Name()), Attributes: map[string]any{}}
		for key, value := range event.Attributes() {
			e.Attributes[t.at(key)] = t.any(value)
		}
		converted.Events = append(converted.Events, e)
	}
	return converted
}

// any does for this format what fromAttribute does for others.
func (t *texts) any(value *idx.AnyValue) any {
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
			values = append(values, t.any(element))
		}
		return values
	default:
		return t.of(value)
	}
}

// valid replaces what is not UTF-8; this format's decoder lets it through.
func valid(text string) string { return strings.ToValidUTF8(text, string('\uFFFD')) }
