package apm_test

import (
	"fmt"
	"strings"
	"testing"

	"thinker/shared/apm"
)

// drawn returns a tree as text: 1(2(3) 4), an orphan with an exclamation mark.
func drawn(nodes []*apm.Node) string {
	var parts []string
	for _, n := range nodes {
		text := fmt.Sprint(n.Span.SpanID)
		if n.Orphan {
			text += "!"
		}
		if len(n.Children) > 0 {
			text += "(" + drawn(n.Children) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func TestTrace_Tree(t *testing.T) {
	for name, c := range map[string]struct {
		spans []apm.Span
		want  string
	}{
		"empty": {nil, ""},
		"nested": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 1, 8), at(3, 2, 2, 7), at(4, 1, 8, 9)},
			"1(2(3) 4)"},
		"children sent before":       {[]apm.Span{at(3, 2, 2, 7), at(2, 1, 1, 8), at(1, 0, 0, 9)}, "1(2(3))"},
		"child starts before parent": {[]apm.Span{at(2, 1, 0, 5), at(1, 0, 3, 9)}, "1(2)"},
		"orphan among roots":         {[]apm.Span{at(1, 0, 0, 9), at(5, 99, 4, 6), at(6, 5, 5, 6)}, "1 5!(6)"},
		"its own parent":             {[]apm.Span{at(1, 1, 0, 9), at(2, 1, 1, 2)}, "1!(2)"},
		"circle of two":              {[]apm.Span{at(1, 2, 0, 9), at(2, 1, 1, 8)}, "1!(2)"},
		"circle of three":            {[]apm.Span{at(1, 3, 0, 9), at(2, 1, 1, 8), at(3, 2, 2, 7)}, "1!(2(3))"},
		"circle with a tail":         {[]apm.Span{at(4, 2, 0, 9), at(1, 2, 1, 9), at(2, 1, 2, 8)}, "2!(4 1)"},
		"two circles and a root": {[]apm.Span{at(1, 0, 0, 9), at(2, 3, 1, 9), at(3, 2, 2, 9), at(4, 5, 3, 9),
			at(5, 4, 4, 9)}, "1 2!(3) 4!(5)"},
	} {
		if got := drawn(apm.NewTrace(1, c.spans).Tree()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// chain returns a trace in which each span is the child of the one before.
func chain(n int) apm.Trace {
	spans := make([]apm.Span, n)
	for i := range spans {
		spans[i] = at(uint64(i+1), uint64(i), int64(i), int64(2*n-i))
	}
	return apm.NewTrace(1, spans)
}

func TestTrace_TreeOfADeepChain(t *testing.T) {
	const n = 40_000
	trace := chain(n)
	met := 0
	for _, root := range trace.Tree() {
		root.Walk(func(*apm.Node) { met++ })
	}
	if met != n {
		t.Errorf("met %d spans, want %d", met, n)
	}
	// Each span runs for one nanosecond before and one after its child, the
	// last one for two.
	for id, got := range trace.ExecTimes() {
		if got != 2 {
			t.Fatalf("span %d has %d ns, want 2", id, got)
		}
	}
}

func TestTrace_TreeOfALongCircle(t *testing.T) {
	trace := chain(40_000)
	trace.Spans[0].ParentID = 40_000
	met := 0
	for _, root := range trace.Tree() {
		root.Walk(func(*apm.Node) { met++ })
	}
	if met != len(trace.Spans) {
		t.Errorf("met %d spans, want %d", met, len(trace.Spans))
	}
}

func BenchmarkSummaryOfDeepChain(b *testing.B) {
	trace := chain(40_000)
	for b.Loop() {
		trace.Summary()
	}
}
