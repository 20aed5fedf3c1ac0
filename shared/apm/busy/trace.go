package busy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"thinker/shared/apm"
)

// A trace is one that is being made.
type trace struct {
	random   *rand.Rand
	shop     map[string]operation
	id, high uint64
	env      string
	progress float64 // of the window, from 0 to 1: how far new versions are rolled out
	spans    []apm.Span
	messages []message // to be consumed in traces of their own
}

// A message is what a queue holds.
type message struct {
	operation string // of who reads it
	at        int64  // when it can be read at the earliest
	producer  apm.Link
}

func newTrace(random *rand.Rand, shop map[string]operation, progress float64) *trace {
	t := &trace{random: random, shop: shop, id: newID(random), high: uint64(random.Uint32()) << 32, env: "production", progress: progress}
	if random.IntN(6) == 0 {
		t.env = "staging"
	}
	return t
}

// newID is not 0, and may need all 64 bits.
func newID(random *rand.Rand) uint64 { return random.Uint64() | 1 }

// request makes the spans of a request from outside.
func (t *trace) request(entry string, at int64) {
	t.run(entry, 0, "", at)
}

// consume makes those of a message that is read in a trace of its own.
func (t *trace) consume(m message) {
	t.run(m.operation, 0, "", m.at+int64(t.vary(40*time.Millisecond)))
	t.spans[0].Links = append(t.spans[0].Links, m.producer)
}

// run makes the spans of an operation and of all that it calls. It returns when
// it ended, and what went wrong.
func (t *trace) run(name string, parent uint64, caller string, at int64) (end int64, failed *failure) {
	op := t.shop[name]
	if op.kind == "web" && caller != "" {
		return t.callOut(op, parent, caller, at)
	}
	return t.work(op, parent, caller, at)
}

// callOut is an operation as its caller sees it: a request over the network.
func (t *trace) callOut(op operation, parent uint64, caller string, at int64) (end int64, failed *failure) {
	id, place := t.add(apm.Span{ParentID: parent, Service: caller, Name: "http.request", Resource: "http.request", Type: "http", Start: at}, caller)
	arrived := at + int64(t.vary(300*time.Microsecond))
	end, failed = t.work(op, id, caller, arrived)
	end += int64(t.vary(300 * time.Microsecond))
	client := &t.spans[place]
	client.Duration = time.Duration(end - at)
	client.Meta["span.kind"] = "client"
	client.Meta["http.method"] = "GET"
	client.Meta["http.url"] = "http://" + op.service + ".internal:8080" + path(op.resource)
	client.Meta["http.status_code"] = status(failed)
	client.Meta["peer.service"] = op.service
	return end, failed
}

// work is the operation itself. What it does by itself comes before, between
// and after its calls.
func (t *trace) work(op operation, parent uint64, caller string, at int64) (end int64, failed *failure) {
	id, place := t.add(apm.Span{ParentID: parent, Service: op.service, Name: op.name, Resource: op.resource, Type: op.kind, Start: at}, caller)
	takes := op.takes
	version := t.spans[place].Meta["version"]
	if slow, rolledOut := newVersions[op.service]; rolledOut && version == slow.version {
		takes *= time.Duration(slow.slower)
	}
	if t.random.IntN(50) == 0 {
		takes *= 9
	}
	own := int64(t.vary(takes))
	pause := own / int64(len(op.calls)+1)

	now := at + pause
	began := now
	for _, c := range op.calls {
		for range max(1, c.times) {
			from := now
			if c.together {
				from = began + int64(t.vary(200*time.Microsecond))
			}
			ended, wrong := t.run(c.to, id, op.service, from)
			if failed == nil && wrong != nil && t.random.IntN(3) > 0 {
				failed = wrong
			}
			if !c.together {
				began = ended
			}
			now = max(now, ended)
		}
		now += pause
	}
	end = max(now, at+own)
	if failed == nil && op.failure != nil && t.random.Float64() < op.failure.often {
		failed = op.failure
	}

	span := &t.spans[place]
	span.Duration = time.Duration(end - at)
	t.describe(span, op, failed)
	if op.reader != "" {
		t.send(op, id, end)
	}
	return end, failed
}

// send puts a message into a queue, which is read after its sender's span has
// ended: in the same trace or in one of its own.
func (t *trace) send(op operation, producer uint64, at int64) {
	link := apm.Link{TraceID: t.id, TraceIDHigh: t.high, SpanID: producer, Attributes: map[string]string{"link.kind": "produced-by"}}
	if t.random.IntN(2) == 0 {
		t.messages = append(t.messages, message{op.reader, at, link})
		return
	}
	place := len(t.spans)
	t.run(op.reader, producer, op.service, at+int64(t.vary(25*time.Millisecond)))
	t.spans[place].Links = append(t.spans[place].Links, link)
}

// add adds a span that is yet to be described, and returns its ID and place.
func (t *trace) add(span apm.Span, caller string) (id uint64, place int) {
	span.TraceID, span.TraceIDHigh, span.SpanID = t.id, t.high, newID(t.random)
	span.Meta = map[string]string{
		"env":        t.env,
		"version":    t.version(span.Service),
		"language":   languages[len(span.Service)%len(languages)],
		"runtime-id": fmt.Sprintf("%08x-0000-4000-8000-%012x", len(span.Service), len(span.Service)*4099),
	}
	span.Metrics = map[string]float64{"process_id": float64(1000 + 7*len(span.Service))}
	if caller != span.Service {
		span.Metrics["_dd.top_level"] = 1
	}
	if span.ParentID == 0 {
		span.Metrics["_sampling_priority_v1"] = 1
	}
	t.spans = append(t.spans, span)
	return span.SpanID, len(t.spans) - 1
}

// version is what answers a request: while a new one is rolled out, either.
func (t *trace) version(service string) string {
	next, rolledOut := newVersions[service]
	if rolledOut && t.random.Float64() < 5*(t.progress-0.4) {
		return next.version
	}
	return "1.18.2"
}

// vary gives times as they are met: most near what is usual, few far above it.
func (t *trace) vary(usual time.Duration) time.Duration {
	return max(1, time.Duration(float64(usual)*math.Exp(0.4*t.random.NormFloat64())))
}
