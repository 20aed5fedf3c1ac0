package apm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ExecTimes gives each span's execution time by span ID: the time it was
// active and not waiting for a child. Where several spans were so at once, the
// instant is divided by their number, so that the times add up to the time in
// which the trace had any span running, and shares of it to 100 %. Defined at
// https://docs.datadoghq.com/tracing/trace_explorer/trace_view/.
func (t Trace) ExecTimes() map[uint64]time.Duration {
	parents := make(map[uint64]uint64, len(t.Spans))
	for _, root := range t.Tree() {
		root.Walk(func(node *Node) {
			for _, child := range node.Children {
				parents[child.Span.SpanID] = node.Span.SpanID
			}
		})
	}

	type edge struct {
		at    int64
		span  uint64
		start bool
	}
	edges := make([]edge, 0, 2*len(t.Spans))
	for i := range t.Spans {
		s := &t.Spans[i]
		if s.Duration > 0 {
			edges = append(edges, edge{s.Start, s.SpanID, true}, edge{s.End(), s.SpanID, false})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })

	var (
		running = map[uint64]bool{}
		waits   = map[uint64]int{}     // children running now, by span
		since   = map[uint64]float64{} // the clock when a working span took up work
		worked  = map[uint64]float64{} // nanoseconds, by span
		clock   float64                // nanoseconds that a span working all along would have been given
		last    int64
	)
	// settle starts or stops the count of a span whose state has changed.
	settle := func(span uint64) {
		began, working := since[span]
		switch should := running[span] && waits[span] == 0; {
		case should && !working:
			since[span] = clock
		case !should && working:
			worked[span] += clock - began
			delete(since, span)
		}
	}
	for _, e := range edges {
		if len(since) > 0 {
			// Unsigned: the distance of two int64 may be more than an int64 holds.
			clock += float64(uint64(e.at)-uint64(last)) / float64(len(since))
		}
		last = e.at
		running[e.span] = e.start
		if parent, ok := parents[e.span]; ok {
			if e.start {
				waits[parent]++
			} else {
				waits[parent]--
			}
			settle(parent)
		}
		settle(e.span)
	}

	times := make(map[uint64]time.Duration, len(t.Spans))
	for i := range t.Spans {
		nanoseconds := min(math.Round(worked[t.Spans[i].SpanID]), math.Nextafter(math.MaxInt64, 0))
		times[t.Spans[i].SpanID] = time.Duration(nanoseconds)
	}
	return times
}

// A ServiceTime is one service's part of a trace's execution time.
type ServiceTime struct {
	Service string
	Exec    time.Duration
	Percent float64 // of the trace's execution time; 0 where no span took any time
}

// ServiceTimes sums up execution time by service, in order of the services'
// first appearance. The percentages add up to 100 wherever any span took time.
func (t Trace) ServiceTimes() []ServiceTime { return t.SumByService(t.ExecTimes()) }

// SumByService is ServiceTimes for who has the trace's ExecTimes already.
func (t Trace) SumByService(exec map[uint64]time.Duration) []ServiceTime {
	sums := map[string]float64{}
	var total float64
	for i := range t.Spans {
		nanoseconds := float64(exec[t.Spans[i].SpanID])
		sums[t.Spans[i].Service] += nanoseconds
		total += nanoseconds
	}
	services := t.Services()
	times := make([]ServiceTime, len(services))
	for i, service := range services {
		times[i] = ServiceTime{Service: service, Exec: time.Duration(min(sums[service], math.Nextafter(math.MaxInt64, 0)))}
		if total > 0 {
			times[i].Percent = 100 * sums[service] / total
		}
	}
	return times
}
