package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"thinker/shared/apm"
)

// Without its write-ahead log a file has what was surely brought to the disk:
// more may survive a power cut, but no less.
func TestWhatIsWrittenReachesTheDiskWhileMoreIsWritten(t *testing.T) {
	dir := t.TempDir()
	config := Config{Path: filepath.Join(dir, "t.db")}
	s := open(t, config)
	ended := make(chan struct{})
	var writing sync.WaitGroup
	defer writing.Wait()
	defer close(ended)
	var want []string
	for id := range uint64(20) {
		add(t, s, tagged(id+1))
	}
	want = spansOf(t, s)
	writing.Go(func() {
		for id := uint64(1000); ; id++ { // which spansOf does not look for
			select {
			case <-ended:
				return
			default:
				_ = s.Add(t.Context(), []apm.Span{span(id, 1)})
			}
		}
	})
	eventually(t, "all that was there is in the file itself", func() bool {
		return slices.Equal(survivors(t, config), want)
	})
}

// survivors are the spans in a copy of the file alone; none where it was copied
// while it was being written.
func survivors(t *testing.T, config Config) (found []string) {
	t.Helper()
	content, err := os.ReadFile(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	config.Path = filepath.Join(t.TempDir(), "copy.db")
	write(t, config.Path, string(content))
	s, err := Open(config)
	if err != nil {
		return nil
	}
	for id := range uint64(200) {
		if trace, ok, err := s.Trace(t.Context(), id); err == nil && ok {
			for _, span := range trace.Spans {
				found = append(found, fmt.Sprint(span.TraceID, "/", span.SpanID))
			}
		}
	}
	_ = s.Close() // however torn it is
	slices.Sort(found)
	return found
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.Tick(50 * time.Millisecond); !holds(); {
		select {
		case <-tick:
		case <-deadline:
			t.Fatalf("not within its time: %s", what)
		}
	}
}
