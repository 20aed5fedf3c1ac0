package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/store"
)

func open(t testing.TB, config store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func traceOf(t testing.TB, s *store.Store, id uint64) (apm.Trace, bool) {
	t.Helper()
	trace, ok, err := s.Trace(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return trace, ok
}

func recent(t testing.TB, s *store.Store, n int, before uint64) ([]apm.Summary, uint64) {
	t.Helper()
	summaries, next, err := s.Recent(n, before)
	if err != nil {
		t.Fatal(err)
	}
	return summaries, next
}

func span(trace, id uint64) apm.Span {
	return apm.Span{TraceID: trace, SpanID: id, Service: "service", Resource: fmt.Sprint("span ", id), Start: int64(id),
		Duration: time.Millisecond}
}

func add(t testing.TB, m *store.Store, spans ...apm.Span) {
	t.Helper()
	if err := m.Add(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
}

// fill adds one trace of n spans.
func fill(t testing.TB, m *store.Store, trace uint64, n int) {
	t.Helper()
	var spans []apm.Span
	for id := range n {
		spans = append(spans, span(trace, uint64(id+1)))
	}
	add(t, m, spans...)
}

func TestStore_Trace_SeveralPayloads(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 100})
	add(t, m, span(1, 2), span(2, 1))
	add(t, m, span(1, 1))
	trace, ok := traceOf(t, m, 1)
	if !ok || len(trace.Spans) != 2 || trace.Spans[0].SpanID != 1 {
		t.Fatalf("%v %+v", ok, trace)
	}
	if trace.Spans[0].Meta == nil {
		t.Error("a stored span's Meta is nil")
	}
	if _, ok := traceOf(t, m, 3); ok {
		t.Error("found a trace that wasn't added")
	}
}

func TestStore_Trace_ResentSpan(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 100})
	add(t, m, span(1, 1), span(1, 2))
	again := span(1, 1)
	again.Resource = "again"
	add(t, m, again)
	trace, _ := traceOf(t, m, 1)
	if len(trace.Spans) != 2 || trace.Spans[0].Resource != "again" {
		t.Errorf("%+v", trace.Spans)
	}
	if kept := m.Retention(); kept.Spans != 3 || kept.Traces != 1 {
		t.Errorf("%+v", kept)
	}
}

func TestStore_EvictsOldestTrace(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 12})
	for trace := range uint64(4) {
		fill(t, m, trace+1, 3)
	}
	add(t, m, span(5, 1))
	settle(t, m)
	if _, ok := traceOf(t, m, 1); ok {
		t.Error("the oldest trace isn't evicted")
	}
	for trace := range uint64(3) {
		if found, _ := traceOf(t, m, trace+2); len(found.Spans) != 3 {
			t.Errorf("trace %d has %d spans, want 3", trace+2, len(found.Spans))
		}
	}
	want := stats.Retention{Traces: 4, Spans: 10, MaxSpans: 12, MaxBytes: store.MemoryMaxBytes, Oldest: 1, Newest: 3,
		EvictedTraces: 1, EvictedSpans: 3, EvictedBy: "service"}
	got := m.Retention()
	if got.Bytes = 0; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestStore_EvictedTraceArrivesAgain(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 4})
	for trace := range uint64(5) {
		add(t, m, span(trace+1, 1))
	}
	settle(t, m)
	add(t, m, span(1, 2))
	if trace, ok := traceOf(t, m, 1); !ok || len(trace.Spans) != 1 {
		t.Errorf("%v %+v", ok, trace)
	}
	if summaries, _ := recent(t, m, 1, 0); summaries[0].TraceID != 1 {
		t.Errorf("it isn't the newest: %+v", summaries)
	}
}

func TestStore_Recent_Pages(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 1000})
	for trace := range uint64(10) {
		fill(t, m, trace+1, 2)
	}
	var seen []uint64
	var cursor uint64
	for {
		summaries, next := recent(t, m, 4, cursor)
		for _, s := range summaries {
			seen = append(seen, s.TraceID)
		}
		if next == 0 {
			break
		}
		cursor = next
		fill(t, m, 100+cursor, 1) // arrives between two pages
	}
	if fmt.Sprint(seen) != "[10 9 8 7 6 5 4 3 2 1]" {
		t.Errorf("got %v", seen)
	}
	if summaries, next := recent(t, m, 0, 0); len(summaries) != 0 || next != 0 {
		t.Errorf("limit 0: %v %d", summaries, next)
	}
}

func TestStore_Recent_UpdatedSummary(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 100})
	child := span(1, 2)
	child.ParentID = 1
	add(t, m, child)
	before, _ := recent(t, m, 1, 0)
	add(t, m, span(1, 1))
	after, _ := recent(t, m, 1, 0)
	if before[0].Resource != "span 2" || after[0].Resource != "span 1" || after[0].Spans != 2 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestStore_Concurrent(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 500})
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
		for ids := range notices {
			traceOf(t, m, ids[0])
			recent(t, m, 5, 0)
		}
	})
	writers.Wait()
	cancel()
	readers.Wait()
	settle(t, m)
	if kept := m.Retention(); kept.Spans > 500 {
		t.Errorf("%+v", kept)
	}
}

func BenchmarkAdd(b *testing.B) {
	m := open(b, store.Config{})
	for i := uint64(1); b.Loop(); i++ {
		add(b, m, span(i, 1), span(i, 2), span(i, 3), span(i, 4), span(i, 5), span(i, 6))
	}
}

// A few large spans must not exceed the limit either.
func TestStore_MaxBytes(t *testing.T) {
	s := open(t, store.Config{MaxSpans: 1600, MaxBytes: 1 << 20})
	random := rand.New(rand.NewPCG(1, 2))
	for id := range uint64(1000) {
		text := make([]byte, 10_000)
		for i := range text {
			text[i] = byte(' ' + random.IntN(90))
		}
		add(t, s, apm.Span{TraceID: id + 1, SpanID: 1, Meta: map[string]string{"tag": string(text)}})
		if id < 200 { // which fill it
			continue
		}
		settle(t, s)
		if kept := s.Retention(); kept.Bytes > 1<<20 || kept.Bytes < 1<<19 ||
			kept.EvictedTraces != int(id)+1-kept.Traces {
			t.Fatalf("after %d: %+v", id+1, kept)
		}
	}
}

// settle waits until nothing is being written.
func settle(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
}

// copyDir copies the files of a directory. change may change a file's content.
func copyDir(t testing.TB, from, to string, change func(name string, content []byte) []byte) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), change(e.Name(), content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestStore_EvictsLastSegment(t *testing.T) {
	s := open(t, store.Config{MaxSpans: 160, MaxBytes: 4000})
	for id, length := range []int{500, 10_000} {
		text := make([]byte, length)
		for i := range text {
			text[i] = byte(' ' + rand.IntN(90))
		}
		add(t, s, apm.Span{TraceID: 1, SpanID: uint64(id + 1), Meta: map[string]string{"tag": string(text)}})
		settle(t, s)
	}
	if kept := s.Retention(); kept.Traces != 0 || kept.Spans != 0 || kept.Bytes != 0 || kept.EvictedSpans != 2 {
		t.Errorf("%+v", kept)
	}
	add(t, s, span(1, 3))
	if trace, _ := traceOf(t, s, 1); len(trace.Spans) != 1 {
		t.Errorf("%+v", trace)
	}
}

func TestStore_Trace_TooLarge(t *testing.T) {
	const maxShown = 100_000
	s := open(t, store.Config{})
	var spans []apm.Span
	for id := range uint64(maxShown + 10) {
		spans = append(spans, span(1, id+1))
	}
	add(t, s, spans...)
	if trace, _ := traceOf(t, s, 1); len(trace.Spans) != maxShown || trace.Truncated != 10 {
		t.Errorf("%d spans, %d left out", len(trace.Spans), trace.Truncated)
	}
	if kept := s.Retention(); kept.Spans != maxShown+10 {
		t.Errorf("%+v", kept)
	}
}

// eventually waits until a condition is true.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for tick := time.Tick(10 * time.Millisecond); !holds(); <-tick {
		if t.Context().Err() != nil {
			t.Fatalf("%s: it didn't happen", what)
		}
	}
}
