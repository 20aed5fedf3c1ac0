// Package busy makes the traces of a busy system, for tests, benchmarks and for
// looking at pages: a shop of some twenty services, with all that makes traces hard to
// read. The same arguments give the same spans, byte for byte.
package busy

import (
	"math/rand/v2"
	"time"

	"thinker/shared/apm"
)

// Window is how far back Traces reaches. In its middle new versions of some
// services are rolled out.
const Window = time.Hour

// oddEvery is how many requests there are for each one whose trace is odd.
const oddEvery = 8

// Traces are those of n requests, spread evenly over the Window before end, in the
// order in which their spans are sent. One trace in eight is odd: incomplete,
// circular, by a wrong clock, sent twice, and so on. What is sent late comes at
// the end. There are more traces than requests, as some queues are read in
// traces of their own.
func Traces(seed uint64, n int, end time.Time) []apm.Span {
	random := rand.New(rand.NewPCG(seed, 0))
	shop := operations()
	var sent, late []apm.Span
	for i := range n {
		// At the least, what a request sets off is over at the end.
		before := time.Duration(float64(Window) * float64(n-i) / float64(n))
		at := end.Add(-before)
		t := newTrace(random, shop, 1-float64(before)/float64(Window))
		t.request(entries[i%len(entries)], at.UnixNano())
		spans := t.spans
		if i%oddEvery == oddEvery-1 {
			var rest []apm.Span
			spans, rest = oddities[i/oddEvery%len(oddities)](random, spans)
			late = append(late, rest...)
		}
		sent = append(sent, spans...)
		for _, message := range t.messages {
			consumer := newTrace(random, shop, t.progress)
			consumer.consume(message)
			sent = append(sent, consumer.spans...)
		}
	}
	return append(sent, late...)
}
