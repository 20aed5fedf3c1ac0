//go:build unix

package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Somebody may tidy up more than they meant to: the store says so.
func TestAFileThatIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	s := open(t, Config{Path: path})
	add(t, s, span(1, 1))
	if s.Retention().FileGone {
		t.Error("it is there")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for tick := time.Tick(10 * time.Millisecond); !s.Retention().FileGone; <-tick {
		if t.Context().Err() != nil {
			t.Fatal("it does not notice")
		}
	}
	if _, ok := traceOf(t, s, 1); !ok {
		t.Error("the trace is gone before the store is")
	}
}
