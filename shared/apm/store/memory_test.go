package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"thinker/shared/apm"
)

func span(trace, id uint64) apm.Span {
	return apm.Span{TraceID: trace, SpanID: id, Service: "service", Resource: fmt.Sprint("span ", id), Start: int64(id), Duration: time.Millisecond}
}

func add(t testing.TB, m *Memory, spans ...apm.Span) {
	t.Helper()
	if err := m.Add(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
}

// fill adds one trace of n spans.
func fill(t testing.TB, m *Memory, trace uint64, n int) {
	t.Helper()
	var spans []apm.Span
	for id := range n {
		spans = append(spans, span(trace, uint64(id+1)))
	}
	add(t, m, spans...)
}

func TestSpansOfATraceAreJoinedAcrossPayloads(t *testing.T) {
	m := NewMemory(100)
	add(t, m, span(1, 2), span(2, 1))
	add(t, m, span(1, 1))
	trace, ok, _ := m.Trace(t.Context(), 1)
	if !ok || len(trace.Spans) != 2 || trace.Spans[0].SpanID != 1 {
		t.Fatalf("%v %+v", ok, trace)
	}
	if trace.Spans[0].Meta == nil {
		t.Error("a stored span's Meta is nil")
	}
	if _, ok, _ := m.Trace(t.Context(), 3); ok {
		t.Error("found a trace that never came")
	}
}

func TestASpanSentAgainTakesItsPlace(t *testing.T) {
	m := NewMemory(100)
	add(t, m, span(1, 1), span(1, 2))
	again := span(1, 1)
	again.Resource = "again"
	add(t, m, again)
	trace, _, _ := m.Trace(t.Context(), 1)
	if len(trace.Spans) != 2 || trace.Spans[0].Resource != "again" {
		t.Errorf("%+v", trace.Spans)
	}
	if kept := m.Retention(); kept.Spans != 2 || kept.Traces != 1 {
		t.Errorf("%+v", kept)
	}
}

func TestTheOldestTraceGoesWhole(t *testing.T) {
	m := NewMemory(12)
	for trace := range uint64(4) {
		fill(t, m, trace+1, 3)
	}
	add(t, m, span(5, 1))
	if _, ok, _ := m.Trace(t.Context(), 1); ok {
		t.Error("the oldest trace is still there")
	}
	for trace := range uint64(3) {
		if found, _, _ := m.Trace(t.Context(), trace+2); len(found.Spans) != 3 {
			t.Errorf("trace %d has %d spans, want 3", trace+2, len(found.Spans))
		}
	}
	want := apm.Retention{Traces: 4, Spans: 10, MaxSpans: 12, EvictedTraces: 1, EvictedSpans: 3}
	if got := m.Retention(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTheTraceBeingAddedToIsSpared(t *testing.T) {
	m := NewMemory(12)
	fill(t, m, 1, 2)
	fill(t, m, 2, 3)
	fill(t, m, 3, 3)
	fill(t, m, 4, 3)
	fill(t, m, 5, 1)
	add(t, m, span(1, 10), span(1, 11))
	if _, ok, _ := m.Trace(t.Context(), 2); ok {
		t.Error("trace 2 is still there")
	}
	if trace, _, _ := m.Trace(t.Context(), 1); len(trace.Spans) != 3 || trace.Truncated != 1 {
		t.Errorf("trace 1 has %d spans, %d truncated", len(trace.Spans), trace.Truncated)
	}
	summaries, _ := m.Recent(10, 0)
	if len(summaries) != 4 || summaries[3].TraceID != 1 {
		t.Errorf("the order has changed: %+v", summaries)
	}
}

func TestAGiantTraceIsBoundedAndSaysSo(t *testing.T) {
	m := NewMemory(400)
	fill(t, m, 1, 5)
	fill(t, m, 2, 1000)
	giant, _, _ := m.Trace(t.Context(), 2)
	if len(giant.Spans) != 100 || giant.Truncated != 900 {
		t.Errorf("%d spans, %d truncated", len(giant.Spans), giant.Truncated)
	}
	if _, ok, _ := m.Trace(t.Context(), 1); !ok {
		t.Error("it pushed out another trace")
	}
	if kept := m.Retention(); kept.TruncatedSpans != 900 || kept.Spans != 105 {
		t.Errorf("%+v", kept)
	}
	changed := span(2, 1)
	changed.Resource = "changed"
	add(t, m, changed)
	if giant, _, _ := m.Trace(t.Context(), 2); giant.Spans[0].Resource != "changed" {
		t.Error("a full trace takes no updates")
	}
}

func TestTheSmallestStore(t *testing.T) {
	m := NewMemory(1)
	for trace := range uint64(5) {
		fill(t, m, trace+1, 2)
	}
	if kept := m.Retention(); kept.Spans != 1 || kept.Traces != 1 || kept.EvictedTraces != 4 || kept.TruncatedSpans != 5 {
		t.Errorf("%+v", kept)
	}
}

func TestAnEvictedTraceMayComeBack(t *testing.T) {
	m := NewMemory(4)
	for trace := range uint64(5) {
		add(t, m, span(trace+1, 1))
	}
	add(t, m, span(1, 2))
	if trace, ok, _ := m.Trace(t.Context(), 1); !ok || len(trace.Spans) != 1 {
		t.Errorf("%v %+v", ok, trace)
	}
	if summaries, _ := m.Recent(1, 0); summaries[0].TraceID != 1 {
		t.Errorf("it is not the newest: %+v", summaries)
	}
}

func TestRecentPagesWithoutGapsOrRepeats(t *testing.T) {
	m := NewMemory(1000)
	for trace := range uint64(10) {
		fill(t, m, trace+1, 2)
	}
	var seen []uint64
	var cursor uint64
	for {
		summaries, next := m.Recent(4, cursor)
		for _, s := range summaries {
			seen = append(seen, s.TraceID)
		}
		if next == 0 {
			break
		}
		cursor = next
		fill(t, m, 100+cursor, 1) // arrives while somebody pages
	}
	if fmt.Sprint(seen) != "[10 9 8 7 6 5 4 3 2 1]" {
		t.Errorf("got %v", seen)
	}
	if summaries, next := m.Recent(0, 0); len(summaries) != 0 || next != 0 {
		t.Errorf("none asked for: %v %d", summaries, next)
	}
}

func TestASummaryFollowsItsTrace(t *testing.T) {
	m := NewMemory(100)
	child := span(1, 2)
	child.ParentID = 1
	add(t, m, child)
	before, _ := m.Recent(1, 0)
	add(t, m, span(1, 1))
	after, _ := m.Recent(1, 0)
	if before[0].Resource != "span 2" || after[0].Resource != "span 1" || after[0].Spans != 2 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestConcurrentUse(t *testing.T) {
	m := NewMemory(500)
	ctx, cancel := context.WithCancel(t.Context())
	notices := m.Subscribe(ctx)
	var writers, readers sync.WaitGroup
	for writer := range uint64(4) {
		writers.Go(func() {
			for i := range uint64(500) {
				_ = m.Add(ctx, []apm.Span{span(i%97, writer*1000+i), span(i%53, i)})
			}
		})
	}
	readers.Go(func() {
		for id := range notices {
			m.Trace(t.Context(), id)
			m.Recent(5, 0)
		}
	})
	writers.Wait()
	cancel()
	readers.Wait()
	if kept := m.Retention(); kept.Spans > 500 {
		t.Errorf("%+v", kept)
	}
}

func BenchmarkAdd(b *testing.B) {
	m := NewMemory(0)
	for i := uint64(1); b.Loop(); i++ {
		add(b, m, span(i, 1), span(i, 2), span(i, 3), span(i, 4), span(i, 5), span(i, 6))
	}
}

// Few spans may be large: a store is bounded by their size as well.
func TestMemoryIsBoundedInBytes(t *testing.T) {
	m := NewMemory(0)
	large := strings.Repeat("x", 1<<20)
	for id := range uint64(1000) {
		if err := m.Add(t.Context(), []apm.Span{{TraceID: id + 1, SpanID: 1, Meta: map[string]string{"tag": large}}}); err != nil {
			t.Fatal(err)
		}
	}
	if kept := m.Retention(); kept.Traces > 256 || kept.Traces < 250 || kept.EvictedTraces != 1000-kept.Traces {
		t.Errorf("of 1,000 traces of 1 MiB it keeps %+v", kept)
	}
	for id := range uint64(100) {
		if err := m.Add(t.Context(), []apm.Span{{TraceID: 5000, SpanID: id + 1, Meta: map[string]string{"tag": large}}}); err != nil {
			t.Fatal(err)
		}
	}
	if trace, _, _ := m.Trace(t.Context(), 5000); len(trace.Spans) != 63 || trace.Truncated != 37 {
		t.Errorf("one trace has %d spans of 1 MiB and lacks %d, want 63 and 37", len(trace.Spans), trace.Truncated)
	}
}
