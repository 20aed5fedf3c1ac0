package tracegen

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// A payloadTemplate holds encoded traces. Encoding spans anew for each payload would take
// more time than decoding them takes the agent. So a payload copies traces, and sets
// their IDs and times, which are encoded in a fixed number of bytes.
type payloadTemplate struct {
	traces    []traceTemplate
	next      int // trace
	random    *rand.Rand
	durations []int64 // of traces, in nanoseconds
}

// A traceTemplate holds the encoded spans of a trace, without the array's header.
type traceTemplate struct {
	encoded []byte
	high    int // offset of 8 hexadecimal digits of the trace ID's upper half
	spans   [SpansPerTrace]spanOffsets
}

// spanOffsets locates what changes in a span.
type spanOffsets struct {
	begin                                      int
	traceID, spanID, parentID, start, duration int
	requestID                                  int // 32 hexadecimal digits; -1 if there is none
}

// Placeholders for what changes. As 64-bit numbers, they keep their length when encoded.
const (
	traceIDMark = 0x5ac3_96e1_5ac3_9601 + iota
	spanIDMark
	parentIDMark
	startMark
	durationMark

	highMark      = "hhhhhhhh"
	requestIDMark = "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
)

func newPayloadTemplate(config LoadConfig) (*payloadTemplate, error) {
	const fewest = 100
	n := max(fewest, config.Payload/SpansPerTrace, config.Attributes/(attributesPerSpan*SpansPerTrace)+1)
	t := &payloadTemplate{
		random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), // faster than the global source
		traces: make([]traceTemplate, n), durations: make([]int64, 1024),
	}
	for i := range t.traces {
		if err := t.traces[i].encode(i, config); err != nil {
			return nil, err
		}
	}
	// Most requests take tens of milliseconds, a few take ten times as long.
	for i := range t.durations {
		t.durations[i] = int64(float64(60*time.Millisecond) * math.Exp(0.8*t.random.NormFloat64()))
	}
	return t, nil
}

func (t *traceTemplate) encode(number int, config LoadConfig) (err error) {
	for i, span := range workshopTrace(number) {
		span.TraceID, span.SpanID, span.Start, span.Duration = traceIDMark, spanIDMark, startMark, durationMark
		if i > 0 {
			span.ParentID = parentIDMark
		}
		addAttributes(span, number*SpansPerTrace+i, config.Attributes)
		if config.Unique {
			span.Meta["request.id"] = requestIDMark
		}
		begin := len(t.encoded)
		if t.encoded, err = span.MarshalMsg(t.encoded); err != nil {
			return fmt.Errorf("encode a span: %w", err)
		}
		find := func(mark []byte) int {
			if at := bytes.Index(t.encoded[begin:], mark); at >= 0 {
				return begin + at
			}
			return -1
		}
		number := func(mark uint64) int { return find(binary.BigEndian.AppendUint64(nil, mark)) }
		t.spans[i] = spanOffsets{
			begin: begin, traceID: number(traceIDMark), spanID: number(spanIDMark), parentID: number(parentIDMark),
			start: number(startMark), duration: number(durationMark), requestID: find([]byte(requestIDMark)),
		}
		if i == 0 {
			t.high = find([]byte(highMark))
		}
	}
	return nil
}

// payload returns a payload of n spans. The last trace may be incomplete. end returns
// the time when each trace has ended.
func (t *payloadTemplate) payload(n int, end func(trace int) int64) []byte {
	traces := (n + SpansPerTrace - 1) / SpansPerTrace
	if t.next+traces > len(t.traces) {
		t.next = 0
	}
	body := msgp.AppendArrayHeader(make([]byte, 0, traces*(len(t.traces[t.next].encoded)+200)), uint32(traces))
	for i := range traces {
		template := &t.traces[t.next+i]
		spans, size := SpansPerTrace, len(template.encoded)
		if left := n - i*SpansPerTrace; left < SpansPerTrace {
			spans, size = left, template.spans[left].begin
		}
		body = msgp.AppendArrayHeader(body, uint32(spans))
		begin := len(body)
		body = append(body, template.encoded[:size]...)
		t.setTimes(body[begin:], template, spans, end(i))
	}
	t.next += traces
	return body
}

// setTimes sets new IDs and times in an encoded trace.
func (t *payloadTemplate) setTimes(encoded []byte, template *traceTemplate, spans int, end int64) {
	bits := t.random.Uint64()
	whole := t.durations[bits%uint64(len(t.durations))]
	begin := end - whole - int64(bits>>16&(1<<26-1)) // up to 67 ms before
	cache, query := 1+int64(bits>>42&7), 1+int64(bits>>45&7)
	// When each span begins and ends, in 1/1024 of the trace.
	times := [SpansPerTrace]struct{ begin, end int64 }{
		{0, 1024}, {8, 1016}, {24, 1000}, {40, 990}, {48, 48 + 8*cache}, {120, 120 + 100*query},
	}
	var raw [16]byte
	put := func(offset int, number uint64) { binary.BigEndian.PutUint64(encoded[offset:], number) }
	binary.BigEndian.PutUint32(raw[:], uint32(begin/int64(time.Second)))
	hex.Encode(encoded[template.high:], raw[:4])
	ids := [SpansPerTrace]uint64{t.id()}
	for i, span := range template.spans[:spans] {
		if i > 0 {
			ids[i] = t.id()
			put(span.parentID, ids[workshopParent(i)])
		}
		put(span.traceID, ids[0])
		put(span.spanID, ids[i])
		put(span.start, uint64(begin+whole*times[i].begin/1024))
		put(span.duration, uint64(whole*(times[i].end-times[i].begin)/1024))
		if span.requestID >= 0 {
			binary.BigEndian.PutUint64(raw[:8], t.random.Uint64())
			binary.BigEndian.PutUint64(raw[8:], t.random.Uint64())
			hex.Encode(encoded[span.requestID:], raw[:])
		}
	}
}

// id returns an ID as Go's tracer generates it: 63 bits, and not 0.
func (t *payloadTemplate) id() uint64 { return max(1, t.random.Uint64()>>1) }
