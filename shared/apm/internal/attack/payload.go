package attack

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/tinylib/msgp/msgp"
)

// payloadCases returns attacks that send payloads.
func payloadCases() []Case {
	const ok, tooLarge = http.StatusOK, http.StatusRequestEntityTooLarge
	const long = 480_000
	return []Case{
		// What must come in: the traces of a large batch job.
		sent("40,000 spans/v0.4", 1, v04(40_000, 1, 15), ok),
		sent("40,000 spans/v0.4 JSON", 1, v04JSON(40_000, 10), ok),
		sent("40,000 spans/v0.5", 1, v05(40_000, 1, 15), ok),
		sent("40,000 spans/v0.7", 1, v07(40_000, 15), ok),
		sent("40,000 spans/v1.0", 1, v10(40_000, 15), ok),
		sent("40,000 traces/v0.4", 1, v04(40_000, 40_000, 15), ok),
		sent("40,000 traces/v0.5", 1, v05(40_000, 40_000, 15), ok),

		sent("some tags that share a long string/v0.5", 1, sharedV05(300, "tag%d", strings.Repeat("x", long)), ok),
		sent("some tags that share a long string/v1.0", 1, sharedV10(300, "tag%d", strings.Repeat("x", long)), ok),
		sent("some tags that share a long invalid string/v1.0", 1, sharedV10(300, "tag%d", strings.Repeat("x\xff", long/2)), ok),
		sent("tags that share a long string/v0.5", 1, sharedV05(4000, "tag%d", strings.Repeat("x", long)), tooLarge),
		sent("tags that share a long string/v1.0", 1, sharedV10(4000, "tag%d", strings.Repeat("x", long)), tooLarge),
		sent("untruncated tags that share a long string/v0.5", 1, sharedV05(4000, "_dd.tag%d.json", strings.Repeat("x", long)), tooLarge),
		sent("untruncated tags that share a long string/v1.0", 1, sharedV10(4000, "_dd.tag%d.json", strings.Repeat("x", long)), tooLarge),
		sent("lists that share a long string/v1.0", 1, listV10(1000, 500, strings.Repeat("x", 20_000)), tooLarge),
		sent("event attributes that share a long string/v1.0", 1, eventsV10(4000, strings.Repeat("x", long)), tooLarge),

		sent("many tiny spans/v0.4", 1, v04(499_000, 1, 0), tooLarge),
		sent("many tiny spans/v0.4 JSON", 1, v04JSON(200_000, 0), tooLarge),
		sent("many tiny spans/v0.5", 1, v05(499_000, 1, 0), tooLarge),
		sent("many tiny spans/v1.0", 1, v10(499_000, 0), tooLarge),
		sent("many nil spans/v0.4", 1, payload{path: "/v0.4/traces", body: func() []byte {
			return append(msgp.AppendArrayHeader([]byte{0x91}, 20_000_000), bytes.Repeat([]byte{0xc0}, 20_000_000)...)
		}}, tooLarge),
		sent("many nil spans/v0.4 JSON", 1, payload{path: "/v0.4/traces", json: true, body: func() []byte {
			return []byte("[[null" + strings.Repeat(",null", 4_000_000) + "]]")
		}}, ok),
		sent("many empty chunks/v0.4 JSON", 1, payload{path: "/v0.4/traces", json: true, body: func() []byte {
			return []byte("[[]" + strings.Repeat(",[]", 8_000_000) + "]")
		}}, tooLarge),
		sent("a span with many tags/v0.4", 1, v04(1, 1, 400_000), tooLarge),
		sent("a span with many tags/v0.5", 1, v05(1, 1, 400_000), tooLarge),
		sent("a span with many tags/v1.0", 1, v10(1, 400_000), tooLarge),
		sent("tags of many names/v0.5", 1, manyNamesV05(15_000, 15), ok),
		sent("many events in a tag/v0.4", 1, taggedV04("events", "["+strings.Repeat("{},", 7_000_000)+"{}]"), tooLarge),
		sent("many links in a tag/v0.4", 1, taggedV04("_dd.span_links", "["+strings.Repeat("{},", 7_000_000)+"{}]"), tooLarge),
		sent("an event's many attributes in a tag/v0.4", 1, taggedV04("events", `[{"attributes":{"a":[`+strings.Repeat("0,", 10_000_000)+`0]}}]`), tooLarge),
		sent("a tag of 8 MB/v0.4", 1, taggedV04("_dd.appsec.json", strings.Repeat("x", 8_000_000)), ok),
		sent("a tag of 24 MB/v0.4", 1, taggedV04("_dd.appsec.json", strings.Repeat("x", 24_000_000)), tooLarge),

		// As much as is let through.
		sent("just allowed/spans/v0.4", 1, v04(145_000, 1, 0), ok),
		sent("just allowed/traces/v0.4", 1, v04(110_000, 110_000, 0), ok),
		sent("just allowed/spans/v1.0", 1, v10(145_000, 0), ok),
		sent("just allowed/spans/v0.4 JSON", 1, v04JSON(145_000, 0), ok),
		sent("just allowed/tags/v0.5", 1, v05(22_000, 1, 100), ok),
		sent("just allowed/tags/v1.0", 1, v10(11_000, 100), ok),
		sent("just allowed/links/v0.4", 1, linksV04(160_000), ok),

		sent("at once/some tags that share a long string/v0.5", 20, sharedV05(300, "tag%d", strings.Repeat("x", long)), ok),
		sent("at once/40,000 spans/v0.4", 3, v04(40_000, 1, 15), ok),
		sent("at once/40,000 spans/v1.0", 3, v10(40_000, 15), ok),
		sent("at once/spans of many tags/v0.5", 30, v05(3, 1, 4000), ok),
		sent("at once/a tag of 8 MB/v0.4", 20, taggedV04("_dd.appsec.json", strings.Repeat("x", 8_000_000)), ok),
		sent("at once/a tag of 24 MB/v0.4", 10, taggedV04("_dd.appsec.json", strings.Repeat("x", 24_000_000)), tooLarge),
		sent("at once/tags/v1.0", 2, v10(11_000, 100), ok),
		sent("at once/many tiny spans/v0.4", 5, v04(100_000, 1, 0), ok),
		sent("at once/some events in a tag/v0.4", 30, taggedV04("events", "["+strings.Repeat("{},", 20_000)+"{}]"), ok),
	}
}

// A Sample is a small payload that an intake takes in.
type Sample struct {
	Path, ContentType string
	Body              []byte
}

// Samples returns one or more of each format.
func Samples() []Sample {
	var samples []Sample
	for _, p := range []payload{
		v04(6, 2, 3), v04JSON(3, 2), v05(6, 2, 3), v07(3, 3), v10(3, 3), listV10(2, 3, "text"), eventsV10(2, "text"),
		taggedV04("events", `[{"name":"retry","time_unix_nano":1,"attributes":{"a":[1,"b"]}}]`),
		taggedV04("_dd.span_links", `[{"trace_id":"1f","span_id":"2","attributes":{"a":"b"}}]`),
	} {
		samples = append(samples, Sample{p.path, p.contentType(), p.body()})
	}
	return samples
}

// v04 returns spans in so many traces, each with so many tags.
func v04(spans, traces, tags int) payload {
	return payload{path: "/v0.4/traces", body: func() []byte {
		b := msgp.AppendArrayHeader(nil, uint32(traces))
		for trace := range traces {
			n := spans / traces
			b = msgp.AppendArrayHeader(b, uint32(n))
			for i := range n {
				b = spanV04(b, uint64(trace+1), uint64(i+1), tags)
			}
		}
		return b
	}}
}

func spanV04(b []byte, trace, id uint64, tags int) []byte {
	if tags == 0 {
		b = msgp.AppendMapHeader(b, 2)
	} else {
		b = msgp.AppendMapHeader(b, 10)
		b = msgp.AppendString(msgp.AppendString(b, "service"), "shop")
		b = msgp.AppendString(msgp.AppendString(b, "name"), "http.request")
		b = msgp.AppendString(msgp.AppendString(b, "resource"), "GET /checkout")
		b = msgp.AppendString(msgp.AppendString(b, "type"), "web")
		b = msgp.AppendInt64(msgp.AppendString(b, "start"), 1_700_000_000_000_000_000)
		b = msgp.AppendInt64(msgp.AppendString(b, "duration"), 1_000_000)
		b = msgp.AppendMapHeader(msgp.AppendString(b, "meta"), uint32(tags))
		for i := range tags {
			b = msgp.AppendString(msgp.AppendString(b, fmt.Sprintf("tag.name%d", i)), fmt.Sprintf("value %d", (int(id)+i)%1000))
		}
		b = msgp.AppendMapHeader(msgp.AppendString(b, "metrics"), 4)
		for i := range 4 {
			b = msgp.AppendFloat64(msgp.AppendString(b, fmt.Sprintf("metric.name%d", i)), float64(int(id)%1000))
		}
	}
	b = msgp.AppendUint64(msgp.AppendString(b, "trace_id"), trace)
	return msgp.AppendUint64(msgp.AppendString(b, "span_id"), id)
}

// linksV04 returns a span with links.
func linksV04(links int) payload {
	return payload{path: "/v0.4/traces", body: func() []byte {
		b := msgp.AppendMapHeader([]byte{0x91, 0x91}, 3)
		b = msgp.AppendUint64(msgp.AppendString(b, "trace_id"), 1)
		b = msgp.AppendUint64(msgp.AppendString(b, "span_id"), 1)
		b = msgp.AppendArrayHeader(msgp.AppendString(b, "span_links"), uint32(links))
		for i := range links {
			b = msgp.AppendMapHeader(b, 3)
			b = msgp.AppendUint64(msgp.AppendString(b, "trace_id"), 1)
			b = msgp.AppendUint64(msgp.AppendString(b, "span_id"), uint64(i+1))
			b = msgp.AppendMapHeader(msgp.AppendString(b, "attributes"), 1)
			b = msgp.AppendString(msgp.AppendString(b, "a"), "b")
		}
		return b
	}}
}

func v04JSON(spans, tags int) payload {
	return payload{path: "/v0.4/traces", json: true, body: func() []byte {
		var b bytes.Buffer
		b.WriteString("[[")
		for i := range spans {
			if i > 0 {
				b.WriteByte(',')
			}
			if tags == 0 {
				fmt.Fprintf(&b, `{"trace_id":1,"span_id":%d}`, i+1)
				continue
			}
			fmt.Fprintf(&b, `{"trace_id":1,"span_id":%d,"service":"shop","name":"http.request","resource":"GET /checkout","start":1700000000000000000,"duration":1000000,"metrics":{"a":1,"b":%[1]d},"meta":{"env":"prod"`, i+1)
			for tag := range tags {
				fmt.Fprintf(&b, `,"tag.name%d":"value %d"`, tag, (i+tag)%1000)
			}
			b.WriteString("}}")
		}
		b.WriteString("]]")
		return b.Bytes()
	}}
}

// taggedV04 returns a span with one tag.
func taggedV04(tag, value string) payload {
	return payload{path: "/v0.4/traces", body: func() []byte {
		b := msgp.AppendMapHeader([]byte{0x91, 0x91}, 3)
		b = msgp.AppendUint64(msgp.AppendString(b, "trace_id"), 1)
		b = msgp.AppendUint64(msgp.AppendString(b, "span_id"), 1)
		b = msgp.AppendMapHeader(msgp.AppendString(b, "meta"), 1)
		return msgp.AppendString(msgp.AppendString(b, tag), value)
	}}
}

func v07(spans, tags int) payload {
	return payload{path: "/v0.7/traces", body: func() []byte {
		b := msgp.AppendMapHeader(nil, 1)
		b = msgp.AppendArrayHeader(msgp.AppendString(b, "chunks"), 1)
		b = msgp.AppendMapHeader(b, 1)
		b = msgp.AppendArrayHeader(msgp.AppendString(b, "spans"), uint32(spans))
		for i := range spans {
			b = spanV04(b, 1, uint64(i+1), tags)
		}
		return b
	}}
}

// v05 returns what v04 does.
func v05(spans, traces, tags int) payload {
	return payload{path: "/v0.5/traces", body: func() []byte {
		texts := []string{"", "shop", "http.request", "GET /checkout", "web"}
		metrics := len(texts)
		for i := range 4 {
			texts = append(texts, fmt.Sprintf("metric.name%d", i))
		}
		names := len(texts)
		for i := range tags {
			texts = append(texts, fmt.Sprintf("tag.name%d", i))
		}
		values := len(texts)
		for i := range 1000 {
			texts = append(texts, fmt.Sprintf("value %d", i))
		}
		b := tableV05(texts)
		b = msgp.AppendArrayHeader(b, uint32(traces))
		for trace := range traces {
			n := spans / traces
			b = msgp.AppendArrayHeader(b, uint32(n))
			for i := range n {
				b = spanV05(b, uint64(trace+1), uint64(i+1))
				b = msgp.AppendMapHeader(b, uint32(tags))
				for tag := range tags {
					b = msgp.AppendInt(msgp.AppendInt(b, names+tag), values+(i+tag)%1000)
				}
				if tags == 0 {
					b = msgp.AppendMapHeader(b, 0)
				} else {
					b = msgp.AppendMapHeader(b, 4)
					for metric := range 4 {
						b = msgp.AppendFloat64(msgp.AppendInt(b, metrics+metric), float64(i%1000))
					}
				}
				b = msgp.AppendInt(b, 4)
			}
		}
		return b
	}}
}

func tableV05(texts []string) []byte {
	b := msgp.AppendArrayHeader([]byte{0x92}, uint32(len(texts)))
	for _, text := range texts {
		b = msgp.AppendString(b, text)
	}
	return b
}

// spanV05 appends a span up to its tags.
func spanV05(b []byte, trace, id uint64) []byte {
	b = msgp.AppendArrayHeader(b, 12)
	b = msgp.AppendInt(msgp.AppendInt(msgp.AppendInt(b, 1), 2), 3)
	b = msgp.AppendUint64(msgp.AppendUint64(msgp.AppendUint64(b, trace), id), 0)
	return msgp.AppendInt(msgp.AppendInt64(msgp.AppendInt64(b, 1_700_000_000_000_000_000), 1_000_000), 0)
}

// sharedV05 returns a span with tags that all have the same value.
func sharedV05(tags int, name, value string) payload {
	return payload{path: "/v0.5/traces", body: func() []byte {
		texts := []string{"", "shop", "http.request", value}
		for i := range tags {
			texts = append(texts, fmt.Sprintf(name, i))
		}
		b := tableV05(texts)
		b = spanV05(append(b, 0x91, 0x91), 1, 1)
		b = msgp.AppendMapHeader(b, uint32(tags))
		for i := range tags {
			b = msgp.AppendInt(msgp.AppendInt(b, 4+i), 3)
		}
		return append(b, 0x80, 0)
	}}
}

// manyNamesV05 returns spans whose tags have names that never come again.
func manyNamesV05(spans, tags int) payload {
	return payload{path: "/v0.5/traces", body: func() []byte {
		texts := []string{"", "shop", "http.request", "GET /checkout"}
		for i := range spans * tags {
			texts = append(texts, fmt.Sprintf("%d", i))
		}
		b := append(tableV05(texts), 0x91)
		b = msgp.AppendArrayHeader(b, uint32(spans))
		for i := range spans {
			b = msgp.AppendMapHeader(spanV05(b, 1, uint64(i+1)), uint32(tags))
			for tag := range tags {
				b = msgp.AppendInt(msgp.AppendInt(b, 4+i*tags+tag), 1)
			}
			b = append(b, 0x80, 0)
		}
		return b
	}}
}

// The keys of v1.0's maps, as its protobuf numbers them.
const (
	v10Chunks, v10TraceID, v10Spans                                = 11, 6, 4
	v10Service, v10Name, v10Resource, v10SpanID, v10Start, v10Took = 1, 2, 3, 4, 6, 7
	v10Attributes, v10Type, v10Events                              = 9, 10, 12
	v10Text, v10Double, v10List                                    = 1, 3, 6 // types of values
)

// A writerV10 spells each string out once, and refers to it from then on.
type writerV10 struct {
	b     []byte
	known map[string]int
}

func (w *writerV10) text(text string) {
	if place, ok := w.known[text]; ok {
		w.b = msgp.AppendUint32(w.b, uint32(place))
		return
	}
	w.known[text] = len(w.known) + 1
	w.b = msgp.AppendString(w.b, text)
}

func (w *writerV10) key(key int) { w.b = msgp.AppendUint32(w.b, uint32(key)) }

// chunkV10 returns a payload of one chunk whose spans each have an ID and what
// write appends, which is so many fields.
func chunkV10(spans, fields int, write func(w *writerV10, span int)) payload {
	return payload{path: "/v1.0/traces", body: func() []byte {
		w := &writerV10{known: map[string]int{}}
		w.b = msgp.AppendMapHeader(w.b, 1)
		w.key(v10Chunks)
		w.b = msgp.AppendMapHeader(msgp.AppendArrayHeader(w.b, 1), 2)
		w.key(v10TraceID)
		w.b = msgp.AppendBytes(w.b, []byte("0123456789abcdef"))
		w.key(v10Spans)
		w.b = msgp.AppendArrayHeader(w.b, uint32(spans))
		for i := range spans {
			w.b = msgp.AppendMapHeader(w.b, uint32(1+fields))
			w.key(v10SpanID)
			w.b = msgp.AppendUint64(w.b, uint64(i+1))
			write(w, i)
		}
		return w.b
	}}
}

func v10(spans, tags int) payload {
	if tags == 0 {
		return chunkV10(spans, 0, func(*writerV10, int) {})
	}
	return chunkV10(spans, 7, func(w *writerV10, span int) {
		w.key(v10Service)
		w.text("shop")
		w.key(v10Name)
		w.text("http.request")
		w.key(v10Resource)
		w.text("GET /checkout")
		w.key(v10Type)
		w.text("web")
		w.key(v10Start)
		w.b = msgp.AppendUint64(w.b, 1_700_000_000_000_000_000)
		w.key(v10Took)
		w.b = msgp.AppendUint64(w.b, 1_000_000)
		w.key(v10Attributes)
		w.b = msgp.AppendArrayHeader(w.b, uint32(3*(tags+4)))
		for i := range tags {
			w.text(fmt.Sprintf("tag.name%d", i))
			w.key(v10Text)
			w.text(fmt.Sprintf("value %d", (span+i)%1000))
		}
		for i := range 4 {
			w.text(fmt.Sprintf("metric.name%d", i))
			w.key(v10Double)
			w.b = msgp.AppendFloat64(w.b, float64(span%1000))
		}
	})
}

func sharedV10(tags int, name, value string) payload {
	return chunkV10(1, 1, func(w *writerV10, _ int) {
		w.key(v10Attributes)
		w.b = msgp.AppendArrayHeader(w.b, uint32(3*tags))
		for i := range tags {
			w.text(fmt.Sprintf(name, i))
			w.key(v10Text)
			w.text(value)
		}
	})
}

// listV10 returns a span with tags that are lists of the same string.
func listV10(tags, length int, value string) payload {
	return chunkV10(1, 1, func(w *writerV10, _ int) {
		w.key(v10Attributes)
		w.b = msgp.AppendArrayHeader(w.b, uint32(3*tags))
		for i := range tags {
			w.text(fmt.Sprintf("tag%d", i))
			w.key(v10List)
			w.b = msgp.AppendArrayHeader(w.b, uint32(2*length))
			for range length {
				w.key(v10Text)
				w.text(value)
			}
		}
	})
}

// eventsV10 returns a span with events that have an attribute of the same value.
func eventsV10(events int, value string) payload {
	const time, name, attributes = 1, 2, 3
	return chunkV10(1, 1, func(w *writerV10, _ int) {
		w.key(v10Events)
		w.b = msgp.AppendArrayHeader(w.b, uint32(events))
		for i := range events {
			w.b = msgp.AppendMapHeader(w.b, 3)
			w.key(time)
			w.b = msgp.AppendUint64(w.b, uint64(1_700_000_000_000_000_000+i))
			w.key(name)
			w.text("retry")
			w.key(attributes)
			w.b = msgp.AppendArrayHeader(w.b, 3)
			w.text("reason")
			w.key(v10Text)
			w.text(value)
		}
	})
}
