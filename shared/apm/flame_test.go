package apm_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm"
)

// rowsOf draws a flame graph's rows, one after the other: 1 | 2 3 | 4.
func rowsOf(f apm.Flame) string {
	rows := make([][]string, f.Rows)
	for _, box := range f.Boxes {
		rows[box.Row] = append(rows[box.Row], fmt.Sprint(box.Node.Span.SpanID))
	}
	texts := make([]string, f.Rows)
	for i, row := range rows {
		texts[i] = strings.Join(row, " ")
		if i == f.Orphans {
			texts[i] += "orphans"
		}
	}
	return strings.Join(texts, " | ")
}

func TestNewFlame_Rows(t *testing.T) {
	for name, c := range map[string]struct {
		spans []apm.Span
		want  string
	}{
		"empty":            {nil, ""},
		"nested":           {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 1, 8), at(3, 2, 2, 7)}, "1 | 2 | 3"},
		"siblings in turn": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 1, 4), at(3, 1, 4, 8)}, "1 | 2 3"},
		"siblings at once": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 1, 5), at(3, 1, 4, 8)}, "1 | 2 | 3"},
		"the first free lane": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 1, 5), at(3, 1, 4, 8), at(4, 1, 5, 6)},
			"1 | 2 4 | 3"},
		"a lane has all below it": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 1, 5), at(3, 2, 1, 2), at(4, 1, 4, 8)},
			"1 | 2 | 3 | 4"},
		"a child outlives its parent": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 1, 3), at(3, 2, 2, 6), at(4, 1, 4, 5)},
			"1 | 2 | 3 | 4"},
		"no time at one moment": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 3, 3), at(3, 1, 3, 3)}, "1 | 2 | 3"},
		"two roots":             {[]apm.Span{at(1, 0, 0, 9), at(2, 0, 5, 12), at(3, 0, 9, 10)}, "1 3 | 2"},
		"orphans are apart": {[]apm.Span{at(1, 0, 0, 9), at(2, 1, 0, 9), at(3, 99, 1, 2)},
			"1 | 2 | orphans | 3"},
		"nothing but orphans": {[]apm.Span{at(2, 99, 0, 9), at(3, 2, 1, 2)}, "orphans | 2 | 3"},
		"at the end of time": {[]apm.Span{at(1, 0, math.MaxInt64, math.MaxInt64),
			at(2, 0, math.MaxInt64-1, math.MaxInt64)}, "2 1"},
	} {
		if got := rowsOf(apm.NewFlame(apm.NewTrace(1, c.spans).Tree())); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// checkFlame checks that every span is in the flame graph once, below its parent, and
// overlaps no other.
func checkFlame(t *testing.T, trace apm.Trace) {
	t.Helper()
	f := apm.NewFlame(trace.Tree())
	placed := map[uint64]bool{}
	rows := make([][]*apm.Span, f.Rows)
	for i, box := range f.Boxes {
		s := box.Node.Span
		placed[s.SpanID] = true
		if box.Parent >= i {
			t.Fatalf("span %d comes before its parent", s.SpanID)
		}
		if box.Parent >= 0 {
			parent := f.Boxes[box.Parent]
			if parent.Row >= box.Row || !slices.Contains(parent.Node.Children, box.Node) {
				t.Fatalf("span %d in row %d is below %d in row %d", s.SpanID, box.Row, parent.Node.Span.SpanID,
					parent.Row)
			}
		}
		rows[box.Row] = append(rows[box.Row], s)
	}
	if len(placed) != len(trace.Spans) || len(f.Boxes) != len(trace.Spans) {
		t.Fatalf("%d boxes of %d spans, want %d", len(f.Boxes), len(placed), len(trace.Spans))
	}
	for row, spans := range rows {
		slices.SortStableFunc(spans, func(a, b *apm.Span) int { return cmp.Compare(a.Start, b.Start) })
		for i := 1; i < len(spans); i++ {
			if max(spans[i-1].End(), spans[i-1].Start+1) > spans[i].Start {
				t.Fatalf("row %d: spans %d and %d overlap", row, spans[i-1].SpanID, spans[i].SpanID)
			}
		}
		if len(spans) == 0 && row != f.Orphans {
			t.Fatalf("row %d is empty", row)
		}
	}
}

func TestNewFlame_NoOverlap(t *testing.T) {
	for seed := range uint64(2000) {
		checkFlame(t, randomTrace(rand.New(rand.NewPCG(seed, 3))))
	}
}

// fan returns a trace in which n spans run at once below one.
func fan(n int) apm.Trace {
	spans := []apm.Span{at(1, 0, 0, int64(2*n))}
	for i := range n {
		spans = append(spans, at(uint64(i+2), 1, int64(i), int64(i+n)))
	}
	return apm.NewTrace(1, spans)
}

func TestNewFlame_LargeTraces(t *testing.T) {
	for _, trace := range []apm.Trace{chain(40_000), fan(2_000)} {
		f := apm.NewFlame(trace.Tree())
		if len(f.Boxes) != len(trace.Spans) || f.Rows != len(trace.Spans) {
			t.Errorf("%d boxes in %d rows of %d spans", len(f.Boxes), f.Rows, len(trace.Spans))
		}
	}
}

func BenchmarkFlame(b *testing.B) {
	for name, trace := range map[string]apm.Trace{"chain": chain(40_000), "fan": fan(40_000)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				apm.NewFlame(trace.Tree())
			}
		})
	}
}
