package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
)

// A clear that fails, as when the file has been moved, leaves the segments on
// their way to the file where they were: else nothing would ever be evicted again.
func TestAClearThatFailsLosesNoSegment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s := open(t, Config{Path: path, MaxSpans: 160})
	fill(t, s, 5, 10)
	settled(t, s)
	for id := range uint64(100) {
		add(t, s, span(id+100, 1))
	}
	if err := os.Rename(path, path+"-moved"); err != nil {
		t.Skip("an open file cannot be moved here: ", err)
	}
	if s.Clear(t.Context()) == nil {
		t.Fatal("it was cleared")
	}
	if err := os.Rename(path+"-moved", path); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(400) {
		add(t, s, span(id+10_000, 1))
	}
	if err := s.do(func() error { s.retry(); return nil }); err != nil {
		t.Fatal(err)
	}
	settled(t, s)
	if kept := s.Retention(); kept.Spans > 160 {
		t.Errorf("%+v", kept)
	}
}

// A search that began before a segment was rewritten must not take what is
// there no more for what never was.
func TestASearchNoticesThatASegmentWasRewritten(t *testing.T) {
	s := open(t, Config{MaxSpans: 160})
	quiet := span(1, 1)
	quiet.Service, quiet.Meta = "quiet", map[string]string{"tag": "x"}
	add(t, s, quiet)
	for id := range uint64(19) {
		add(t, s, span(id+2, 1))
	}
	settled(t, s)
	parts := s.snapshot()
	for id := range uint64(160) {
		add(t, s, span(id+100, 1))
	}
	settled(t, s)
	if _, found := traceOf(t, s, 1); !found {
		t.Fatal("it is not spared")
	}
	found, err := s.candidates(t.Context(), parts, query.Request{Selection: selection(t, "@tag:x"), Limit: 10})
	if len(found) == 0 && !errors.Is(err, errGone) {
		t.Errorf("found nothing, and %v", err)
	}
	if summaries, _, err := s.Search(t.Context(), request(t, "@tag:x", 10)); len(summaries) != 1 || err != nil {
		t.Errorf("%v, %v", summaries, err)
	}
}

// A service keeps its floor also where its spans are of a trace that began long
// before, with another service.
func TestAFloorOfSpansOfAnOldTrace(t *testing.T) {
	s := open(t, Config{MaxSpans: 1600})
	add(t, s, span(1, 1))
	for id := range uint64(150) {
		add(t, s, span(id+100, 1))
	}
	for id := range uint64(50) {
		one := span(1, id+2)
		one.Service = "quiet"
		add(t, s, one)
	}
	for id := range uint64(145) {
		var spans []apm.Span
		for n := range uint64(10) {
			spans = append(spans, span(id*10+n+1000, 1))
		}
		add(t, s, spans...)
	}
	settled(t, s)
	if trace, _ := traceOf(t, s, 1); len(trace.Spans) != 51 {
		t.Errorf("%d spans are left of 51", len(trace.Spans))
	}
}

// A column that is not there is damage, and nobody's end.
func TestAColumnThatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s, err := Open(Config{Path: path, MaxSpans: 160})
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint64(30) {
		add(t, s, span(id+1, 1))
	}
	settled(t, s)
	if _, err := s.file.write.Exec("UPDATE columns SET name = 'stbrt' WHERE segment = 1 AND name = 'start'"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Config{Path: path, MaxSpans: 160})
	if _, found := traceOf(t, s, 1); found {
		t.Error("it is served without its start")
	}
	if kept := s.Retention(); kept.DamagedSpans != 10 || kept.Spans != 20 {
		t.Errorf("%+v", kept)
	}
}

// Who searches while the store is closed is not left waiting: what is in memory
// is found still, and for the rest there is an error.
func TestSearchesEndWithTheStore(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "t.db")
		s, err := Open(Config{Path: path, MaxSpans: 16_000})
		if err != nil {
			t.Fatal(err)
		}
		var spans []apm.Span
		for id := range uint64(3000) {
			one := span(id+1, 1)
			one.Meta = map[string]string{"unique": fmt.Sprintf("value %032d", id)}
			spans = append(spans, one)
		}
		add(t, s, spans...)
		closed := make(chan struct{})
		var searching sync.WaitGroup
		for range 4 {
			searching.Go(func() {
				r := request(t, "@unique:nothing", 10)
				for {
					_, _, err := s.Search(context.Background(), r)
					select {
					case <-closed:
						return
					default:
						if err != nil {
							return
						}
					}
				}
			})
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		close(closed)
		searching.Wait()
	}
}

// Where segments cannot be written, as on a full disk, the store opens all the
// same, and shows what there is.
func TestAStoreOpensThatCannotWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint64(40) {
		add(t, s, span(id+1, 1))
	}
	if _, err := s.file.write.Exec("CREATE TRIGGER no BEFORE INSERT ON segments BEGIN SELECT RAISE(ABORT, 'no'); END"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Config{Path: path, MaxSpans: 160}) // whose segments are so small that the log has more than one
	if _, found := traceOf(t, s, 40); !found || s.Retention().Spans != 40 {
		t.Errorf("it has %+v", s.Retention())
	}
	if err := s.Add(t.Context(), []apm.Span{span(41, 1)}); err == nil {
		t.Error("it takes in what it cannot write")
	}
	if _, err := s.file.write.Exec("DROP TRIGGER no"); err != nil {
		t.Fatal(err)
	}
	if err := s.do(func() error { s.retry(); return nil }); err != nil {
		t.Fatal(err)
	}
	add(t, s, span(41, 1))
	if _, found := traceOf(t, s, 41); !found || s.Retention().Bytes == 0 {
		t.Errorf("it has %+v", s.Retention())
	}
}
