package apm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ExecTimes returns each span's execution time by span ID: the time it was running and
// not waiting for a child. Spans that work at the same time share it equally. So the times
// add up to the time in which any span was running. It is defined at
// https://docs.datadoghq.com/tracing/trace_explorer/trace_view/.
func (t Trace) ExecTimes() map[uint64]time.Duration {
	const none = -1
	parents := make([]int, len(t.Spans)) // by index
	for _, root := range t.Tree() {
		parents[root.index] = none
		root.Walk(func(node *Node) {
			for _, child := range node.Children {
				parents[child.index] = node.index
			}
		})
	}

	type edge struct {
		at    int64
		span  int
		start bool
	}
	edges := make([]edge, 0, 2*len(t.Spans))
	for i := range t.Spans {
		s := &t.Spans[i]
		if s.Duration > 0 {
			edges = append(edges, edge{s.Start, i, true}, edge{s.End(), i, false})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })

	type state struct {
		running, working bool
		waits            int     // children running now
		since            float64 // the clock when it started to work
		worked           float64 // nanoseconds
	}
	var (
		states  = make([]state, len(t.Spans))
		working int     // spans, now
		clock   float64 // nanoseconds of a span that works all the time
		last    int64
	)
	// update starts or stops counting a span whose state has changed.
	update := func(span int) {
		s := &states[span]
		switch should := s.running && s.waits == 0; {
		case should && !s.working:
			s.working, s.since = true, clock
			working++
		case !should && s.working:
			s.working = false
			s.worked += clock - s.since
			working--
		}
	}
	for _, e := range edges {
		if working > 0 {
			// Unsigned, since two int64 may be further apart than an int64 can hold.
			clock += float64(uint64(e.at)-uint64(last)) / float64(working)
		}
		last = e.at
		states[e.span].running = e.start
		if parent := parents[e.span]; parent != none {
			if e.start {
				states[parent].waits++
			} else {
				states[parent].waits--
			}
			update(parent)
		}
		update(e.span)
	}

	times := make(map[uint64]time.Duration, len(t.Spans))
	for i := range t.Spans {
		nanoseconds := min(math.Round(states[i].worked), math.Nextafter(math.MaxInt64, 0))
		times[t.Spans[i].SpanID] = time.Duration(nanoseconds)
	}
	return times
}

// A ServiceTime is one service's part of a trace's execution time.
type ServiceTime struct {
	Service string
	Exec    time.Duration
	Percent float64 // of the trace's execution time; 0 if no span took any time
}

// ServiceTimes returns the execution time by service, in order of first appearance. The
// percentages add up to 100 if any span took time.
func (t Trace) ServiceTimes() []ServiceTime { return t.SumByService(t.ExecTimes()) }

// SumByService returns the ServiceTimes of execution times that ExecTimes has returned.
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
		times[i] = ServiceTime{Service: service,
			Exec: time.Duration(min(sums[service], math.Nextafter(math.MaxInt64, 0)))}
		if total > 0 {
			times[i].Percent = 100 * sums[service] / total
		}
	}
	return times
}

// Plus returns the sum of two durations, or the longest one. A negative d counts as 0.
func Plus(sum, d time.Duration) time.Duration {
	if d = max(0, d); sum > math.MaxInt64-d {
		return math.MaxInt64
	}
	return sum + d
}
