package store

import (
	"path/filepath"
	"testing"
)

// Segments are packed at once, and the second may be done first. The program
// dies right then.
func TestACrashBetweenTwoSegmentsLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s := open(t, Config{Path: path, MaxSpans: 64})
	spans := 2*s.rows + 1
	fill(t, s, 1, spans)
	crashed := filepath.Join(t.TempDir(), "t.db")
	err := s.do(func() error {
		waiting := map[int64]packed{}
		for ; s.packing > 0; s.packing-- {
			p := <-s.packs
			waiting[p.place] = p
		}
		s.seal(waiting[2])
		copyFile(t, path, crashed)
		s.seal(waiting[1])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again := open(t, Config{Path: crashed, MaxSpans: 64})
	add(t, again, span(1, uint64(spans)+1))
	if trace, _ := traceOf(t, again, 1); len(trace.Spans) != spans+1 {
		t.Errorf("%d spans are left of %d", len(trace.Spans), spans+1)
	}
	if got, want := again.Retention().Bytes, s.Retention().Bytes; got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}
