package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/query"
)

// A fixture is a store's directory with 35 spans: segments of ten spans, three of them in
// files, and five spans in the log. Trace n has two spans, one after the other: those of
// trace 11 are in two segments.
type fixture struct {
	config store.Config
	log    bytes.Buffer
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	k := &fixture{}
	k.config = store.Config{Path: filepath.Join(t.TempDir(), "traces"), MaxSpans: 160,
		Logger: slog.New(slog.NewTextHandler(&k.log, nil))}
	k.opened(t, func(s *store.Store) {
		for i := range 35 { // one at a time, so traces may be in two segments
			trace := uint64((i + 3) / 2)
			span := span(trace, uint64(i+1))
			span.Meta = map[string]string{"tag": fmt.Sprint("value ", i)}
			add(t, s, span)
		}
		settle(t, s)
	})
	return k
}

// opened opens the store, uses it and closes it.
func (k *fixture) opened(t testing.TB, use func(*store.Store)) {
	t.Helper()
	s, err := store.Open(k.config)
	if err != nil {
		t.Fatal(err)
	}
	use(s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// files returns the paths of the store's files that end in a suffix.
func (k *fixture) files(t testing.TB, suffix string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(k.config.Path, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// change changes a file's content.
func change(t testing.TB, path string, how func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, how(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// spansOf returns the IDs of a store's spans, and checks that each way to find them finds
// the same.
func spansOf(t testing.TB, s *store.Store) (spans []string) {
	t.Helper()
	q, err := query.Parse("@tag:value*")
	if err != nil {
		t.Fatal(err)
	}
	var bySearch [2][]string
	for i, selection := range []query.Selection{{}, {Query: q}} {
		summaries, _, err := s.Search(t.Context(), query.Request{Limit: 1000, Selection: selection})
		if err != nil {
			t.Fatal(err)
		}
		for _, summary := range summaries {
			trace, _ := traceOf(t, s, summary.TraceID)
			for _, span := range trace.Spans {
				bySearch[i] = append(bySearch[i], fmt.Sprintf("%02d", span.SpanID))
			}
		}
		slices.Sort(bySearch[i])
	}
	if !slices.Equal(bySearch[0], bySearch[1]) {
		t.Errorf("the list has %v, a query finds %v", bySearch[0], bySearch[1])
	}
	if kept := s.Retention(); kept.Spans != len(bySearch[0]) {
		t.Errorf("%d spans are found, and %+v are stored", len(bySearch[0]), kept)
	}
	return bySearch[0]
}

func spanIDs(from, to int) (ids []string) {
	for id := from; id <= to; id++ {
		ids = append(ids, fmt.Sprintf("%02d", id))
	}
	return ids
}

func TestStore_DamagedSegment(t *testing.T) {
	flip := func(at func(size int) int) func([]byte) []byte {
		return func(content []byte) []byte { content[at(len(content))] ^= 4; return content }
	}
	for name, damage := range map[string]func([]byte) []byte{
		"values":    flip(func(size int) int { return size / 3 }),
		"directory": flip(func(size int) int { return size - 60 }),
		"footer":    flip(func(size int) int { return size - 1 }),
		"length":    flip(func(size int) int { return size - 15 }),
		"truncated": func(content []byte) []byte { return content[:len(content)/2] },
		"empty":     func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			k := newFixture(t)
			damaged := k.files(t, ".segment")[1] // spans 11 to 20
			change(t, damaged, damage)
			want := append(spanIDs(1, 10), spanIDs(21, 35)...)
			for range 2 { // what is wrong with a column is found when it is read
				k.opened(t, func(s *store.Store) {
					if got := spansOf(t, s); !slices.Equal(got, want) {
						t.Errorf("found %v, want %v", got, want)
					}
					if kept := s.Retention(); kept.DamagedSpans != 10 {
						t.Errorf("%+v", kept)
					}
					if trace, ok := traceOf(t, s, 11); !ok || len(trace.Spans) != 1 { // it began in the damaged segment
						t.Errorf("trace 11 has %d spans, want 1", len(trace.Spans))
					}
				})
			}
			if left := k.files(t, ".damaged"); len(left) != 1 ||
				!strings.Contains(k.log.String(), "stored traces are damaged; their file was set aside") {
				t.Errorf("set aside %v; the log has\n%s", left, &k.log)
			}
			// Its time comes, too.
			k.opened(t, func(s *store.Store) {
				for id := range uint64(160) {
					add(t, s, span(1000+id, 1))
				}
				settle(t, s)
			})
			if left := k.files(t, ".damaged"); len(left) != 0 {
				t.Errorf("%v was not evicted", left)
			}
		})
	}
}

func TestStore_DamagedLog(t *testing.T) {
	whole := newFixture(t)
	log := filepath.Base(whole.files(t, ".log")[0]) // spans 31 to 35
	// with returns a copy whose log has that content.
	with := func(content []byte) *fixture {
		k := &fixture{config: whole.config}
		k.config.Path = filepath.Join(t.TempDir(), "traces")
		k.config.Logger = slog.New(slog.NewTextHandler(&k.log, nil))
		copyDir(t, whole.config.Path, k.config.Path, func(name string, was []byte) []byte {
			if name == log {
				return content
			}
			return was
		})
		return k
	}
	content, err := os.ReadFile(filepath.Join(whole.config.Path, log))
	if err != nil {
		t.Fatal(err)
	}
	for size := range content { // as a program leaves it that is killed
		k := with(content[:size])
		k.opened(t, func(s *store.Store) {
			got := spansOf(t, s)
			if len(got) < 30 || len(got) > 35 || !slices.Equal(got, spanIDs(1, len(got))) {
				t.Fatalf("cut after %d of %d bytes, found %v", size, len(content), got)
			}
			add(t, s, span(99, 99))
		})
		k.opened(t, func(s *store.Store) {
			if trace, ok := traceOf(t, s, 99); !ok || len(trace.Spans) != 1 {
				t.Fatalf("cut after %d bytes, a new span is lost", size)
			}
		})
		if strings.Contains(k.log.String(), "damaged") {
			t.Fatalf("cut after %d bytes, the log has\n%s", size, &k.log)
		}
	}
	content[len(content)-2] ^= 1
	k := with(content)
	k.opened(t, func(s *store.Store) {
		if got := spansOf(t, s); !slices.Equal(got, spanIDs(1, 34)) {
			t.Errorf("found %v", got)
		}
	})
	if !strings.Contains(k.log.String(), "the end of a log is damaged") {
		t.Errorf("the log has\n%s", &k.log)
	}
}

func TestStore_MissingSegment(t *testing.T) {
	k := newFixture(t)
	k.opened(t, func(s *store.Store) {
		if err := os.Remove(k.files(t, ".segment")[2]); err != nil {
			t.Fatal(err)
		}
		if got, want := spansOf(t, s), append(spanIDs(1, 20), spanIDs(31, 35)...); !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
	})
}

func TestOpen_Foreign(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		why  string
	}{
		"a file": {func(path string) error { return os.WriteFile(path, []byte("text"), 0o600) },
			"is not a directory of traces"},
		"another directory": {func(path string) error { return os.MkdirAll(filepath.Join(path, "src"), 0o700) },
			"is a directory with other files"},
		"another version": {func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700),
				os.WriteFile(filepath.Join(path, "format"), []byte("apm traces 2\n"), 0o600))
		}, `was written by another version of apm (its format is "apm traces 2")`},
		"another format": {func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "format"), []byte("x"), 0o600))
		}, "is not a directory of traces"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "traces")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			_, err := store.Open(store.Config{Path: path})
			if foreign := (store.ForeignError{}); !errors.As(err, &foreign) ||
				err.Error() != path+" "+c.why+". It was not changed" {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("in use", func(t *testing.T) {
		config := store.Config{Path: filepath.Join(t.TempDir(), "traces")}
		open(t, config)
		if _, err := store.Open(config); err == nil ||
			!strings.HasSuffix(err.Error(), " is in use by another program. It was not changed") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no directory", func(t *testing.T) {
		if _, err := store.Open(store.Config{Path: "/dev/null/traces"}); !errors.Is(err, store.ErrUnopened) {
			t.Errorf("%v", err)
		}
	})
}

// TestOpen_Database opens a path where an earlier version had its database, or beside it.
func TestOpen_Database(t *testing.T) {
	head := make([]byte, 100)
	copy(head, "SQLite format 3\x00")
	copy(head[68:], "apm1")
	for _, suffix := range []string{"", ".db"} {
		var log bytes.Buffer
		path := filepath.Join(t.TempDir(), "traces")
		for _, companion := range []string{"", "-wal"} {
			if err := os.WriteFile(path+suffix+companion, head, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, store.Config{Path: path, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		add(t, s, span(1, 1))
		for _, companion := range []string{"", "-wal"} {
			if got, err := os.ReadFile(path + suffix + companion + ".old"); err != nil || !bytes.Equal(got, head) {
				t.Errorf("%s: %v", companion, err)
			}
		}
		if !strings.Contains(log.String(), "they were set aside") {
			t.Errorf("%s", &log)
		}
	}
}

func TestStore_DirectoryRemoved(t *testing.T) {
	config := store.Config{Path: filepath.Join(t.TempDir(), "traces")}
	s := open(t, config)
	add(t, s, apm.Span{TraceID: 1, SpanID: 1})
	if s.Retention().FileGone {
		t.Error("the directory exists")
	}
	if err := os.RemoveAll(config.Path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the store notices", func() bool { return s.Retention().FileGone })
	if err := s.Clear(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "was removed, so its traces can't be deleted") {
		t.Errorf("%v", err)
	}
}
