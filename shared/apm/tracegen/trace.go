package tracegen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"thinker/shared/apm"
)

// A trace is one under construction.
type trace struct {
	random   *rand.Rand
	shop     shop
	id, high uint64
	env      string
	progress float64 // position in the window, from 0 to 1: how far new versions are rolled out
	spans    []apm.Span
	messages []message // whose consumers start traces of their own
}

type message struct {
	reader   string // operation that consumes it
	sent     int64
	producer apm.Link
}

func newTrace(random *rand.Rand, shop shop, progress float64) *trace {
	t := &trace{random: random, shop: shop, id: newID(random), env: "production", progress: progress}
	t.high = uint64(random.Uint32()) << 32
	if random.IntN(6) == 0 {
		t.env = "staging"
	}
	return t
}

// newID returns an ID other than 0 that may need all 64 bits.
func newID(random *rand.Rand) uint64 { return random.Uint64() | 1 }

// consume adds the spans of a message's consumer.
func (t *trace) consume(m message) {
	t.run(m.reader, 0, "", m.sent+int64(t.vary(40*time.Millisecond)))
	t.spans[0].Links = append(t.spans[0].Links, m.producer)
}

// run adds the spans of an operation and of all its calls. It returns the time when it
// ended, and how it failed.
func (t *trace) run(name string, parent uint64, caller string, start int64) (end int64, failed *failure) {
	op := t.shop.Operations[name]
	if op.Type == "web" && caller != "" {
		return t.callOverHTTP(op, parent, caller, start)
	}
	return t.work(op, parent, caller, start)
}

// callOverHTTP adds the caller's client span around an operation.
func (t *trace) callOverHTTP(op operation, parent uint64, caller string, start int64) (end int64, failed *failure) {
	id, index := t.add(apm.Span{
		ParentID: parent, Service: caller, Name: "http.request", Resource: "http.request", Type: "http", Start: start,
	}, caller)
	received := start + int64(t.vary(300*time.Microsecond))
	end, failed = t.work(op, id, caller, received)
	end += int64(t.vary(300 * time.Microsecond))
	client := &t.spans[index]
	client.Duration = time.Duration(end - start)
	client.Meta["span.kind"] = "client"
	client.Meta["http.method"] = "GET"
	path := strings.TrimPrefix(op.Tags["http.url"], "https://shop.example")
	client.Meta["http.url"] = "http://" + op.Service + ".internal:8080" + path
	client.Meta["http.status_code"] = statusCode(failed)
	client.Meta["peer.service"] = op.Service
	return end, failed
}

// work adds the operation's own span and its calls. The operation also works before,
// between and after them.
func (t *trace) work(op operation, parent uint64, caller string, start int64) (end int64, failed *failure) {
	id, index := t.add(apm.Span{
		ParentID: parent, Service: op.Service, Name: op.Name, Resource: op.Resource, Type: op.Type, Start: start,
	}, caller)
	takes := op.Takes
	if next, ok := t.shop.Rollouts[op.Service]; ok && t.spans[index].Meta["version"] == next.Version {
		takes *= time.Duration(next.Slower)
	}
	if t.random.IntN(50) == 0 {
		takes *= 9
	}
	own := int64(t.vary(takes))
	pause := own / int64(len(op.Calls)+1)

	now := start + pause
	began := now // when the previous sequential call ended
	for _, c := range op.Calls {
		for range max(1, c.Times) {
			callStart := now
			if c.Together {
				callStart = began + int64(t.vary(200*time.Microsecond))
			}
			callEnd, callFailed := t.run(c.To, id, op.Service, callStart)
			if failed == nil && callFailed != nil && t.random.IntN(3) > 0 {
				failed = callFailed
			}
			if !c.Together {
				began = callEnd
			}
			now = max(now, callEnd)
		}
		now += pause
	}
	end = max(now, start+own)
	if failed == nil && op.Failure != nil && t.random.Float64() < op.Failure.Rate {
		failed = op.Failure
	}

	span := &t.spans[index]
	span.Duration = time.Duration(end - start)
	describe(t.random, span, op, failed)
	if op.Reader != "" {
		t.sendMessage(op, id, end)
	}
	return end, failed
}

// sendMessage sends a message to a queue. Its consumer starts after the producer's span
// has ended, in the same trace or in one of its own.
func (t *trace) sendMessage(op operation, producer uint64, sent int64) {
	link := apm.Link{
		TraceID: t.id, TraceIDHigh: t.high, SpanID: producer,
		Attributes: map[string]string{"link.kind": "produced-by"},
	}
	if t.random.IntN(2) == 0 {
		t.messages = append(t.messages, message{op.Reader, sent, link})
		return
	}
	index := len(t.spans)
	t.run(op.Reader, producer, op.Service, sent+int64(t.vary(25*time.Millisecond)))
	t.spans[index].Links = append(t.spans[index].Links, link)
}

// add adds a span, and returns its ID and its index in t.spans.
func (t *trace) add(span apm.Span, caller string) (id uint64, index int) {
	span.TraceID, span.TraceIDHigh, span.SpanID = t.id, t.high, newID(t.random)
	length := len(span.Service) // stands for what differs between services
	span.Meta = map[string]string{
		"env":        t.env,
		"version":    t.version(span.Service),
		"language":   t.shop.Languages[length%len(t.shop.Languages)],
		"runtime-id": fmt.Sprintf("%08x-0000-4000-8000-%012x", length, length*4099),
	}
	span.Metrics = map[string]float64{"process_id": float64(1000 + 7*length)}
	if caller != span.Service {
		span.Metrics["_dd.top_level"] = 1
	}
	if span.ParentID == 0 {
		span.Metrics["_sampling_priority_v1"] = 1
	}
	t.spans = append(t.spans, span)
	return span.SpanID, len(t.spans) - 1
}

// version returns the version that handles a request: during a rollout, the previous or
// the new one.
func (t *trace) version(service string) string {
	if next, ok := t.shop.Rollouts[service]; ok && t.random.Float64() < 5*(t.progress-0.4) {
		return next.Version
	}
	return "1.18.2"
}

// vary returns a duration near the usual one, and rarely one far above it.
func (t *trace) vary(usual time.Duration) time.Duration {
	return max(1, time.Duration(float64(usual)*math.Exp(0.4*t.random.NormFloat64())))
}
