package load

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// A deck is traces that are encoded once. To encode spans anew for each payload
// would cost more than to decode them, so only what must differ is written over
// in place: IDs and times, which are encoded in a fixed number of bytes.
type deck struct {
	encoded   []byte
	traces    []tracePlace
	next      int // trace
	draw      *rand.Rand
	durations []int64  // of traces, in nanoseconds
	raw       [16]byte // what becomes hexadecimal
}

// A tracePlace is where a trace is in the deck.
type tracePlace struct {
	begin, end int
	spans      [SpansPerTrace]spanPlace
	high       int // 8 hexadecimal digits, of the trace ID's upper half
}

// A spanPlace is where a span is in the deck, and what changes in it.
type spanPlace struct {
	begin                                      int
	traceID, spanID, parentID, start, duration int
	requestID                                  int // 32 hexadecimal digits; 0 where there is none
}

// leastTraces is how many different traces there are at least.
const leastTraces = 100

func newDeck(config Config) *deck {
	n := max(leastTraces, config.Payload/SpansPerTrace, config.Attributes/(attributesPerSpan*SpansPerTrace)+1)
	draw := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) // fast, and other numbers each time
	d := &deck{draw: draw, traces: make([]tracePlace, n), durations: make([]int64, 1024)}
	for i := range d.traces {
		d.encodeTrace(&d.traces[i], i, config)
	}
	// Most requests take tens of milliseconds, a few take ten times as long.
	for i := range d.durations {
		d.durations[i] = int64(float64(60*time.Millisecond) * math.Exp(0.8*d.draw.NormFloat64()))
	}
	return d
}

func (d *deck) encodeTrace(place *tracePlace, number int, config Config) {
	place.begin = len(d.encoded)
	d.encoded = msgp.AppendArrayHeader(d.encoded, SpansPerTrace)
	for i, s := range story(number) {
		s.meta = append(s.meta, attributes(number*SpansPerTrace+i, config.Attributes)...)
		place.spans[i].begin = len(d.encoded)
		d.encodeSpan(&place.spans[i], &place.high, s, config.Unique)
	}
	place.end = len(d.encoded)
}

func (d *deck) encodeSpan(place *spanPlace, high *int, s span, unique bool) {
	b := msgp.AppendMapHeader(d.encoded, 12)
	for _, text := range []tag{{"service", s.service}, {"name", s.name}, {"resource", s.resource}, {"type", s.kind}} {
		b = appendTag(b, text)
	}
	for _, field := range []struct {
		name  string
		code  byte
		place *int
	}{
		{"trace_id", uint64Code, &place.traceID}, {"span_id", uint64Code, &place.spanID}, {"parent_id", uint64Code, &place.parentID},
		{"start", int64Code, &place.start}, {"duration", int64Code, &place.duration},
	} {
		b = append(msgp.AppendString(b, field.name), field.code)
		*field.place = len(b)
		b = binary.BigEndian.AppendUint64(b, 0)
	}
	b = msgp.AppendInt(msgp.AppendString(b, "error"), s.failed)

	n := uint32(len(s.meta))
	if unique {
		n++
	}
	b = msgp.AppendMapHeader(msgp.AppendString(b, "meta"), n)
	for _, t := range s.meta {
		b = appendTag(b, t)
		if t.name == highTag {
			*high = len(b) - len(t.value)
		}
	}
	if unique {
		b = appendTag(b, tag{"request.id", "00000000000000000000000000000000"})
		place.requestID = len(b) - 32
	}
	b = msgp.AppendMapHeader(msgp.AppendString(b, "metrics"), uint32(len(s.metrics)))
	for _, m := range s.metrics {
		b = msgp.AppendFloat64(msgp.AppendString(b, m.name), m.value)
	}
	d.encoded = b
}

// MessagePack's codes for numbers of eight bytes.
const (
	uint64Code = 0xcf
	int64Code  = 0xd3
)

func appendTag(b []byte, t tag) []byte {
	return msgp.AppendString(msgp.AppendString(b, t.name), t.value)
}

// deal makes a payload of n spans, of which the last trace may be cut short. at
// is the moment by which each trace has ended. The payload stands until the next
// one is dealt.
func (d *deck) deal(n int, at func(trace int) int64) payload {
	traces := (n + SpansPerTrace - 1) / SpansPerTrace
	if d.next+traces > len(d.traces) {
		d.next = 0
	}
	dealt := d.traces[d.next : d.next+traces]
	d.next += traces
	for i := range dealt {
		d.renew(&dealt[i], at(i))
		d.encoded[dealt[i].begin] = fixArray | SpansPerTrace
	}
	end := dealt[traces-1].end
	if left := n % SpansPerTrace; left > 0 {
		last := dealt[traces-1]
		d.encoded[last.begin] = fixArray | byte(left)
		end = last.spans[left].begin
	}
	return payload{
		header: binary.BigEndian.AppendUint32([]byte{array32Code}, uint32(traces)),
		traces: d.encoded[dealt[0].begin:end],
	}
}

// MessagePack's codes for arrays: short ones hold their length.
const (
	fixArray    = 0x90
	array32Code = 0xdd
)

// renew makes another trace of the same services: with other IDs, and times that
// end by the moment given.
func (d *deck) renew(place *tracePlace, at int64) {
	dice := d.draw.Uint64()
	whole := d.durations[dice%uint64(len(d.durations))]
	begin := at - whole - int64(dice>>16&(1<<26-1)) // up to 67 ms before
	cache, query := 1+int64(dice>>42&7), 1+int64(dice>>45&7)
	// When each span begins and ends, in 1/1024 of the trace.
	times := [SpansPerTrace]struct{ begin, end int64 }{
		{0, 1024}, {8, 1016}, {24, 1000}, {40, 990}, {48, 48 + 8*cache}, {120, 120 + 100*query},
	}

	binary.BigEndian.PutUint32(d.raw[:], uint32(begin/int64(time.Second)))
	hex.Encode(d.encoded[place.high:], d.raw[:4])
	traceID := d.id()
	ids := [SpansPerTrace]uint64{traceID}
	for i := range place.spans {
		span := &place.spans[i]
		if i > 0 {
			ids[i] = d.id()
			d.put(span.parentID, ids[parents[i]])
		}
		d.put(span.traceID, traceID)
		d.put(span.spanID, ids[i])
		d.put(span.start, uint64(begin+whole*times[i].begin/1024))
		d.put(span.duration, uint64(whole*(times[i].end-times[i].begin)/1024))
		if span.requestID > 0 {
			binary.BigEndian.PutUint64(d.raw[:8], d.draw.Uint64())
			binary.BigEndian.PutUint64(d.raw[8:], d.draw.Uint64())
			hex.Encode(d.encoded[span.requestID:], d.raw[:])
		}
	}
}

// id draws an ID as Go's tracer does: of 63 bits, and not 0.
func (d *deck) id() uint64 { return max(1, d.draw.Uint64()>>1) }

func (d *deck) put(place int, number uint64) {
	binary.BigEndian.PutUint64(d.encoded[place:], number)
}

// A payload is encoded: an array of traces.
type payload struct{ header, traces []byte }

func (p payload) length() int { return len(p.header) + len(p.traces) }

func (p payload) reader() io.Reader {
	return io.MultiReader(bytes.NewReader(p.header), bytes.NewReader(p.traces))
}
