package tracegen

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/tinylib/msgp/msgp"
)

// A HeavyPayload needs much memory or time to decode and store.
type HeavyPayload struct {
	Name, Path string
	JSON       bool // instead of MessagePack
	Body       func() []byte
	Senders    int // that send it at the same time
	Status     int // expected; with several senders, also 429
}

// ContentType returns the value of the header.
func (p HeavyPayload) ContentType() string {
	if p.JSON {
		return "application/json"
	}
	return "application/msgpack"
}

// SmallPayloads returns payloads of each format that an intake accepts.
func SmallPayloads() []HeavyPayload {
	return []HeavyPayload{
		v04(6, 2, 3), v04JSON(3, 2), v05(6, 2, 3), v07(3, 3), v10(3, 3), listV10(2, 3, "text"), eventsV10(2, "text"),
		tagV04("events", `[{"name":"retry","time_unix_nano":1,"attributes":{"a":[1,"b"]}}]`),
		tagV04("_dd.span_links", `[{"trace_id":"1f","span_id":"2","attributes":{"a":"b"}}]`),
	}
}

// HeavyPayloads returns payloads that are just accepted, and payloads that must be
// refused with status 413.
func HeavyPayloads() []HeavyPayload {
	var all []HeavyPayload
	add := func(status, senders int, name string, p HeavyPayload) {
		p.Name, p.Senders, p.Status = name, senders, status
		all = append(all, p)
	}
	accepted := func(name string, p HeavyPayload) { add(http.StatusOK, 1, name, p) }
	refused := func(name string, p HeavyPayload) { add(http.StatusRequestEntityTooLarge, 1, name, p) }
	long, invalid := strings.Repeat("x", 480_000), strings.Repeat("x\xff", 240_000)
	many := func(element string, n int) string { return strings.Repeat(element+",", n) + element }
	inTag := func(n int) string { return "[" + many("{}", n) + "]" }

	// The traces of a large batch job.
	accepted("40,000 spans/v0.4", v04(40_000, 1, 15))
	accepted("40,000 spans/v0.4 JSON", v04JSON(40_000, 10))
	accepted("40,000 spans/v0.5", v05(40_000, 1, 15))
	accepted("40,000 spans/v0.7", v07(40_000, 15))
	accepted("40,000 spans/v1.0", v10(40_000, 15))
	accepted("40,000 traces/v0.4", v04(40_000, 40_000, 15))
	accepted("40,000 traces/v0.5", v05(40_000, 40_000, 15))

	// A few bytes can refer to a long string again and again.
	accepted("some tags share a long string/v0.5", sharedV05(300, "tag%d", long))
	accepted("some tags share a long string/v1.0", sharedV10(300, "tag%d", long))
	accepted("some tags share a long invalid string/v1.0", sharedV10(300, "tag%d", invalid))
	refused("tags share a long string/v0.5", sharedV05(4000, "tag%d", long))
	refused("tags share a long string/v1.0", sharedV10(4000, "tag%d", long))
	refused("untruncated tags share a long string/v0.5", sharedV05(4000, "_dd.tag%d.json", long))
	refused("untruncated tags share a long string/v1.0", sharedV10(4000, "_dd.tag%d.json", long))
	refused("lists share a long string/v1.0", listV10(1000, 500, long[:20_000]))
	refused("event attributes share a long string/v1.0", eventsV10(4000, long))

	refused("tiny spans/v0.4", v04(499_000, 1, 0))
	refused("tiny spans/v0.4 JSON", v04JSON(200_000, 0))
	refused("tiny spans/v0.5", v05(499_000, 1, 0))
	refused("tiny spans/v1.0", v10(499_000, 0))
	refused("nil spans/v0.4", encoded("/v0.4/traces", inline, func(e *encoder) {
		e.write(array(1), array(20_000_000))
		e.b = append(e.b, bytes.Repeat([]byte{msgpackNil}, 20_000_000)...)
	}))
	accepted("nil spans/v0.4 JSON", jsonV04(func() string { return "[[" + many("null", 4_000_000) + "]]" }))
	refused("empty chunks/v0.4 JSON", jsonV04(func() string { return "[" + many("[]", 8_000_000) + "]" }))
	refused("a span with many tags/v0.4", v04(1, 1, 400_000))
	refused("a span with many tags/v0.5", v05(1, 1, 400_000))
	refused("a span with many tags/v1.0", v10(1, 400_000))
	accepted("tags with different names/v0.5", manyNamesV05(15_000, 15))
	refused("events in a tag/v0.4", tagV04("events", inTag(7_000_000)))
	refused("links in a tag/v0.4", tagV04("_dd.span_links", inTag(7_000_000)))
	refused("attributes of an event in a tag/v0.4", tagV04("events", `[{"attributes":{"a":[`+many("0", 10_000_000)+`]}}]`))
	accepted("a tag of 8 MB/v0.4", tagV04("_dd.appsec.json", strings.Repeat("x", 8_000_000)))
	refused("a tag of 24 MB/v0.4", tagV04("_dd.appsec.json", strings.Repeat("x", 24_000_000)))

	accepted("just accepted/spans/v0.4", v04(145_000, 1, 0))
	accepted("just accepted/traces/v0.4", v04(110_000, 110_000, 0))
	accepted("just accepted/spans/v1.0", v10(145_000, 0))
	accepted("just accepted/spans/v0.4 JSON", v04JSON(145_000, 0))
	accepted("just accepted/tags/v0.5", v05(22_000, 1, 100))
	accepted("just accepted/tags/v1.0", v10(11_000, 100))
	accepted("just accepted/links/v0.4", linksV04(160_000))

	const ok = http.StatusOK
	add(ok, 20, "at once/some tags share a long string/v0.5", sharedV05(300, "tag%d", long))
	add(ok, 3, "at once/40,000 spans/v0.4", v04(40_000, 1, 15))
	add(ok, 3, "at once/40,000 spans/v1.0", v10(40_000, 15))
	add(ok, 30, "at once/spans with many tags/v0.5", v05(3, 1, 4000))
	add(ok, 20, "at once/a tag of 8 MB/v0.4", tagV04("_dd.appsec.json", strings.Repeat("x", 8_000_000)))
	add(http.StatusRequestEntityTooLarge, 10, "at once/a tag of 24 MB/v0.4",
		tagV04("_dd.appsec.json", strings.Repeat("x", 24_000_000)))
	add(ok, 2, "at once/tags/v1.0", v10(11_000, 100))
	add(ok, 5, "at once/tiny spans/v0.4", v04(100_000, 1, 0))
	add(ok, 30, "at once/some events in a tag/v0.4", tagV04("events", inTag(20_000)))
	return all
}

const (
	msgpackNil  = 0xc0
	heavyStart  = uint64(1_700_000_000_000_000_000)
	heavyLength = uint64(1_000_000)
)

// jsonV04 returns a payload with the text that body returns.
func jsonV04(body func() string) HeavyPayload {
	return HeavyPayload{Path: "/v0.4/traces", JSON: true, Body: func() []byte { return []byte(body()) }}
}

func v04JSON(spans, tags int) HeavyPayload {
	return jsonV04(func() string {
		var text strings.Builder
		_, _ = msgp.UnmarshalAsJSON(&text, v04(spans, 1, tags).Body()) // valid, and a Builder never fails
		return text.String()
	})
}

// v04 returns spans in so many traces, each span with so many tags.
func v04(spans, traces, tags int) HeavyPayload {
	return encoded("/v0.4/traces", inline, func(e *encoder) {
		e.write(array(traces))
		for trace := range traces {
			e.write(array(spans / traces))
			for i := range spans / traces {
				e.spanV04(trace+1, i+1, tags)
			}
		}
	})
}

func v07(spans, tags int) HeavyPayload {
	return encoded("/v0.7/traces", inline, func(e *encoder) {
		e.write(object(1), "chunks", array(1), object(1), "spans", array(spans))
		for i := range spans {
			e.spanV04(1, i+1, tags)
		}
	})
}

func (e *encoder) spanV04(trace, id, tags int) {
	if tags == 0 {
		e.write(object(2), "trace_id", trace, "span_id", id)
		return
	}
	e.write(object(10), "trace_id", trace, "span_id", id, "service", "shop", "name", "http.request",
		"resource", "GET /checkout", "type", "web", "start", heavyStart, "duration", heavyLength)
	e.write("meta", object(tags))
	for i := range tags {
		e.write(fmt.Sprintf("tag.name%d", i), fmt.Sprintf("value %d", (id+i)%1000))
	}
	e.write("metrics", object(4))
	for i := range 4 {
		e.write(fmt.Sprintf("metric.name%d", i), float64(id%1000))
	}
}

func linksV04(links int) HeavyPayload {
	return encoded("/v0.4/traces", inline, func(e *encoder) {
		e.write(array(1), array(1), object(3), "trace_id", 1, "span_id", 1, "span_links", array(links))
		for i := range links {
			e.write(object(3), "trace_id", 1, "span_id", i+1, "attributes", object(1), "a", "b")
		}
	})
}

// tagV04 returns a span with one tag.
func tagV04(tag, value string) HeavyPayload {
	return encoded("/v0.4/traces", inline, func(e *encoder) {
		e.write(array(1), array(1), object(3), "trace_id", 1, "span_id", 1, "meta", object(1), tag, value)
	})
}

func v05(spans, traces, tags int) HeavyPayload {
	return encoded("/v0.5/traces", table, func(e *encoder) {
		e.write(array(traces))
		for trace := range traces {
			e.write(array(spans / traces))
			for i := range spans / traces {
				e.startV05(trace+1, i+1, tags)
				for tag := range tags {
					e.write(fmt.Sprintf("tag.name%d", tag), fmt.Sprintf("value %d", (i+tag)%1000))
				}
				metrics := min(4, tags)
				e.write(object(metrics))
				for metric := range metrics {
					e.write(fmt.Sprintf("metric.name%d", metric), float64(i%1000))
				}
				e.write("web")
			}
		}
	})
}

// startV05 writes a span's fields up to the header of its tags.
func (e *encoder) startV05(trace, id, tags int) {
	e.write(array(12), "shop", "http.request", "GET /checkout", trace, id, 0, heavyStart, heavyLength, 0, object(tags))
}

// sharedV05 returns a span with tags that all have the same value.
func sharedV05(tags int, name, value string) HeavyPayload {
	return encoded("/v0.5/traces", table, func(e *encoder) {
		e.write(array(1), array(1))
		e.startV05(1, 1, tags)
		for i := range tags {
			e.write(fmt.Sprintf(name, i), value)
		}
		e.write(object(0), "")
	})
}

// manyNamesV05 returns spans with tags whose names never repeat.
func manyNamesV05(spans, tags int) HeavyPayload {
	return encoded("/v0.5/traces", table, func(e *encoder) {
		e.write(array(1), array(spans))
		for i := range spans {
			e.startV05(1, i+1, tags)
			for tag := range tags {
				e.write(fmt.Sprint(i*tags+tag), "shop")
			}
			e.write(object(0), "")
		}
	})
}

// v10 returns a payload with one chunk.
func v10(spans, tags int) HeavyPayload {
	if tags == 0 {
		return chunkV10(spans, 0, func(*encoder, int) {})
	}
	const service, name, resource, start, duration, kind = 1, 2, 3, 6, 7, 10
	return chunkV10(spans, 7, func(e *encoder, span int) {
		e.write(service, "shop", name, "http.request", resource, "GET /checkout", kind, "web",
			start, heavyStart, duration, heavyLength, attributesV10, array(3*(tags+4)))
		for i := range tags {
			e.write(fmt.Sprintf("tag.name%d", i), textV10, fmt.Sprintf("value %d", (span+i)%1000))
		}
		for i := range 4 {
			e.write(fmt.Sprintf("metric.name%d", i), doubleV10, float64(span%1000))
		}
	})
}

// The key of a span's attributes in v1.0, and the types of their values, as its protobuf
// numbers them.
const attributesV10, textV10, doubleV10, listTypeV10 = 9, 1, 3, 6

// chunkV10 returns a payload with one chunk of spans. Each has an ID and so many more
// fields, which write writes.
func chunkV10(spans, fields int, write func(e *encoder, span int)) HeavyPayload {
	const chunks, spansField, spanID, traceID = 11, 4, 4, 6
	return encoded("/v1.0/traces", firstUse, func(e *encoder) {
		e.write(object(1), chunks, array(1), object(2), traceID, []byte("0123456789abcdef"), spansField, array(spans))
		for i := range spans {
			e.write(object(1+fields), spanID, i+1)
			write(e, i)
		}
	})
}

// spanV10 returns a span with attributes, whose values write writes.
func spanV10(tags int, name string, write func(e *encoder)) HeavyPayload {
	return chunkV10(1, 1, func(e *encoder, _ int) {
		e.write(attributesV10, array(3*tags))
		for i := range tags {
			e.write(fmt.Sprintf(name, i))
			write(e)
		}
	})
}

func sharedV10(tags int, name, value string) HeavyPayload {
	return spanV10(tags, name, func(e *encoder) { e.write(textV10, value) })
}

// listV10 returns a span with tags that are lists of the same string.
func listV10(tags, length int, value string) HeavyPayload {
	return spanV10(tags, "tag%d", func(e *encoder) {
		e.write(listTypeV10, array(2*length))
		for range length {
			e.write(textV10, value)
		}
	})
}

// eventsV10 returns a span with events that have an attribute with the same value.
func eventsV10(events int, value string) HeavyPayload {
	const eventsField, time, name, attributes = 12, 1, 2, 3
	return chunkV10(1, 1, func(e *encoder, _ int) {
		e.write(eventsField, array(events))
		for i := range events {
			e.write(object(3), time, heavyStart+uint64(i), name, "retry", attributes, array(3), "reason", textV10, value)
		}
	})
}

// How a format encodes strings: each in its place; in a table at the front; or in its
// place when first used, and from then on as a number.
const (
	inline = iota
	table
	firstUse
)

type (
	array  int // its header
	object int
)

// An encoder writes MessagePack.
type encoder struct {
	b       []byte
	strings int
	known   map[string]int
	texts   []string
}

func encoded(path string, strings int, write func(e *encoder)) HeavyPayload {
	return HeavyPayload{Path: path, Body: func() []byte {
		e := &encoder{strings: strings, known: map[string]int{}}
		if strings != table {
			write(e)
			return e.b
		}
		e.text("") // comes first
		e.b = nil
		write(e)
		front := msgp.AppendArrayHeader(msgp.AppendArrayHeader(nil, 2), uint32(len(e.texts)))
		for _, text := range e.texts {
			front = msgp.AppendString(front, text)
		}
		return append(front, e.b...)
	}}
}

func (e *encoder) write(values ...any) {
	for _, value := range values {
		switch v := value.(type) {
		case array:
			e.b = msgp.AppendArrayHeader(e.b, uint32(v))
		case object:
			e.b = msgp.AppendMapHeader(e.b, uint32(v))
		case string:
			e.text(v)
		case int:
			e.b = msgp.AppendUint64(e.b, uint64(v))
		case uint64:
			e.b = msgp.AppendUint64(e.b, v)
		case float64:
			e.b = msgp.AppendFloat64(e.b, v)
		case []byte:
			e.b = msgp.AppendBytes(e.b, v)
		}
	}
}

func (e *encoder) text(text string) {
	number, known := e.known[text]
	switch {
	case known:
		e.write(number)
	case e.strings == table:
		e.known[text] = len(e.texts)
		e.texts = append(e.texts, text)
		e.write(e.known[text])
	default:
		if e.strings == firstUse {
			e.known[text] = len(e.known) + 1
		}
		e.b = msgp.AppendString(e.b, text)
	}
}
