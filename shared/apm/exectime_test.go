package apm_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
)

func TestTrace_ExecTimes(t *testing.T) {
	for name, c := range map[string]struct {
		spans []apm.Span
		want  map[uint64]time.Duration
	}{
		"one": {[]apm.Span{at(1, 0, 0, 10)}, map[uint64]time.Duration{1: 10}},
		"nested": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 2, 8), at(3, 2, 3, 5)},
			map[uint64]time.Duration{1: 4, 2: 4, 3: 2}},
		"siblings in turn": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 0, 4), at(3, 1, 4, 10)},
			map[uint64]time.Duration{1: 0, 2: 4, 3: 6}},
		"siblings at once": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 2, 8), at(3, 1, 4, 10)},
			map[uint64]time.Duration{1: 2, 2: 4, 3: 4}},
		"child outlives parent": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 5, 20)},
			map[uint64]time.Duration{1: 5, 2: 15}},
		"grandchild outlives child": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 0, 4), at(3, 2, 2, 8)},
			map[uint64]time.Duration{1: 4, 2: 2, 3: 4}},
		"child after parent": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 15, 20)},
			map[uint64]time.Duration{1: 10, 2: 5}},
		"no duration": {[]apm.Span{at(1, 0, 0, 0), at(2, 1, 0, 0)},
			map[uint64]time.Duration{1: 0, 2: 0}},
		"child without duration": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 5, 5)},
			map[uint64]time.Duration{1: 10, 2: 0}},
		"negative duration": {[]apm.Span{at(1, 0, 0, 10), at(2, 1, 5, 3)},
			map[uint64]time.Duration{1: 10, 2: 0}},
		"circle": {[]apm.Span{at(1, 2, 0, 10), at(2, 1, 2, 8)},
			map[uint64]time.Duration{1: 4, 2: 6}},
		"orphan beside a root": {[]apm.Span{at(1, 0, 0, 10), at(2, 99, 5, 15)},
			map[uint64]time.Duration{1: 7, 2: 8}},
		"as long as a Duration": {[]apm.Span{at(1, 0, 0, math.MaxInt64)},
			map[uint64]time.Duration{1: time.Duration(math.Nextafter(math.MaxInt64, 0))}},
		"further apart than an int64 holds": {[]apm.Span{at(1, 0, math.MinInt64, math.MinInt64+4),
			at(2, 0, math.MaxInt64-4, math.MaxInt64)}, map[uint64]time.Duration{1: 4}},
	} {
		got := apm.NewTrace(1, c.spans).ExecTimes()
		for id, want := range c.want {
			// Halves are rounded, each for itself.
			if d := got[id] - want; d < 0 || d > 1 {
				t.Errorf("%s: span %d has %d ns, want %d", name, id, got[id], want)
			}
		}
	}
}

// TestTrace_ExecTimesAddUp checks over random traces what defines execution time:
// no time is negative or longer than its span, and together they are the time
// in which any span ran.
func TestTrace_ExecTimesAddUp(t *testing.T) {
	for seed := range uint64(2000) {
		trace := randomTrace(rand.New(rand.NewPCG(seed, 1)))
		times := trace.ExecTimes()
		var sum time.Duration
		for i := range trace.Spans {
			s := &trace.Spans[i]
			exec := times[s.SpanID]
			if exec < 0 || exec > max(0, s.Duration)+1 {
				t.Fatalf("seed %d: span %d of %d ns has %d ns", seed, s.SpanID, s.Duration, exec)
			}
			sum += exec
		}
		// Each span's time is rounded to a whole nanosecond.
		if off := sum - union(trace.Spans); max(off, -off) > time.Duration(len(trace.Spans)) {
			t.Fatalf("seed %d: times add up to %d ns, spans ran for %d", seed, sum, union(trace.Spans))
		}

		var percent float64
		for _, service := range trace.ServiceTimes() {
			percent += service.Percent
		}
		if sum > 0 && math.Abs(percent-100) > 1e-6 {
			t.Fatalf("seed %d: percentages add up to %g", seed, percent)
		}
	}
}

// TestTrace_ExecTimesMatchTheirDefinition looks at every nanosecond by itself: those
// spans share it that run and have no child that runs.
func TestTrace_ExecTimesMatchTheirDefinition(t *testing.T) {
	for seed := range uint64(300) {
		trace := randomTrace(rand.New(rand.NewPCG(seed, 2)))
		var nodes []*apm.Node
		for _, root := range trace.Tree() {
			root.Walk(func(node *apm.Node) { nodes = append(nodes, node) })
		}
		want := map[uint64]float64{}
		for at := int64(-10); at < 2000; at++ {
			runs := func(node *apm.Node) bool { return node.Span.Start <= at && at < node.Span.End() }
			var working []uint64
			for _, node := range nodes {
				if runs(node) && !slices.ContainsFunc(node.Children, runs) {
					working = append(working, node.Span.SpanID)
				}
			}
			for _, id := range working {
				want[id] += 1 / float64(len(working))
			}
		}
		for id, got := range trace.ExecTimes() {
			if math.Abs(float64(got)-want[id]) > 0.501 { // as it is rounded
				t.Fatalf("seed %d: span %d has %d ns, want %g", seed, id, got, want[id])
			}
		}

		byService := map[string]float64{}
		for i := range trace.Spans {
			byService[trace.Spans[i].Service] += want[trace.Spans[i].SpanID]
		}
		for _, service := range trace.ServiceTimes() {
			if service.Percent < 0 ||
				math.Abs(float64(service.Exec)-byService[service.Service]) > 0.501*float64(len(trace.Spans)) {
				t.Fatalf("seed %d: %s has %+v, want %g ns", seed, service.Service, service, byService[service.Service])
			}
		}
	}
}

// randomTrace returns a trace of any shape: parents anywhere, missing or in circles.
func randomTrace(r *rand.Rand) apm.Trace {
	spans := make([]apm.Span, 1+r.IntN(30))
	for i := range spans {
		start := r.Int64N(1000)
		spans[i] = at(uint64(i+1), uint64(r.IntN(len(spans)+3)), start, start+r.Int64N(500)-5)
		spans[i].Service = string('a' + rune(r.IntN(4)))
	}
	return apm.NewTrace(1, spans)
}

// union returns the time in which any of the spans ran.
func union(spans []apm.Span) time.Duration {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b apm.Span) int { return cmp.Compare(a.Start, b.Start) })
	var total time.Duration
	reached := int64(math.MinInt64)
	for _, s := range spans {
		if s.Duration > 0 && s.End() > reached {
			total += time.Duration(s.End() - max(s.Start, reached))
			reached = s.End()
		}
	}
	return total
}
