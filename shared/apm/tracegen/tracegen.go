// Package tracegen generates traces, for tests, benchmarks and trying the pages: those
// of a busy shop, a very large one, hostile ones, and payloads that need much memory.
// It also loads a running agent with traces, and checks that the agent received them.
package tracegen

import (
	"math/rand/v2"
	"time"

	"thinker/shared/apm"
)

// window is how far back Traces reaches. In its middle, some services roll out new
// versions.
const window = time.Hour

// oddEvery is the number of requests for each one with an odd trace.
const oddEvery = 8

// Traces returns the traces of n requests to a shop with some twenty services, spread
// evenly over the hour before end, in the order in which tracers send the spans. The
// same arguments return the same spans.
//
// One trace in eight is odd: incomplete, circular, from a wrong clock, sent twice, and
// so on. Late spans come last. There are more traces than requests, because consumers
// of some messages start traces of their own.
func Traces(seed uint64, n int, end time.Time) []apm.Span {
	random := rand.New(rand.NewPCG(seed, 0))
	system, oddities := readJSON[shop](shopJSON), oddities()
	var sent, late []apm.Span
	for i := range n {
		// A request starts early enough to finish before end.
		before := time.Duration(float64(window) * float64(n-i) / float64(n))
		t := newTrace(random, system, 1-float64(before)/float64(window))
		t.run(system.Entries[i%len(system.Entries)], 0, "", end.Add(-before).UnixNano())
		spans := t.spans
		if i%oddEvery == oddEvery-1 {
			var rest []apm.Span
			spans, rest = oddities[i/oddEvery%len(oddities)](random, spans)
			late = append(late, rest...)
		}
		sent = append(sent, spans...)
		for _, m := range t.messages {
			consumer := newTrace(random, system, t.progress)
			consumer.consume(m)
			sent = append(sent, consumer.spans...)
		}
	}
	return append(sent, late...)
}
