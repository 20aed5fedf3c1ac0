package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
)

// A keeper is a store's file, and what was put in it: segments of ten spans,
// three of them packed and five spans in the log. Trace n has two spans, n and
// n+100, one after the other: those of 5 and of 10 are in two segments each.
type keeper struct {
	config Config
	log    bytes.Buffer
}

func keep(t testing.TB) *keeper {
	t.Helper()
	k := &keeper{}
	k.config = Config{Path: filepath.Join(t.TempDir(), "t.db"), MaxSpans: 160, Logger: slog.New(slog.NewTextHandler(&k.log, nil))}
	k.reopened(t, func(s *Store) {
		var spans []apm.Span
		for i := range 35 {
			trace := uint64((i + 1) / 2)
			span := span(trace, trace+100*uint64((i+1)%2))
			span.Meta = map[string]string{"tag": fmt.Sprint("value ", i)}
			spans = append(spans, span)
		}
		add(t, s, spans...)
		settled(t, s)
	})
	return k
}

// reopened opens the store, uses it and closes it.
func (k *keeper) reopened(t testing.TB, use func(*Store)) {
	t.Helper()
	s, err := Open(k.config)
	if err != nil {
		t.Fatal(err)
	}
	use(s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// meddle changes the file behind the store's back.
func (k *keeper) meddle(t testing.TB, statement string, arguments ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+escapePath(k.config.Path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statement, arguments...); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// flip changes a bit in the middle of a blob.
func (k *keeper) flip(t testing.TB, blob, from string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+escapePath(k.config.Path))
	if err != nil {
		t.Fatal(err)
	}
	var content []byte
	if err := db.QueryRow("SELECT " + blob + " FROM " + from).Scan(&content); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	content[len(content)/2] ^= 4
	table, where, _ := strings.Cut(from, " ")
	k.meddle(t, "UPDATE "+table+" SET "+blob+" = ? "+where, content)
}

// spansOf lists a store's spans, by every way there is to find them.
func spansOf(t testing.TB, s *Store) []string {
	t.Helper()
	var found, searched []string
	for id := range uint64(200) {
		trace, _ := traceOf(t, s, id)
		for _, span := range trace.Spans {
			found = append(found, fmt.Sprint(span.TraceID, "/", span.SpanID))
		}
	}
	q, err := query.Parse("@tag:value*")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []query.Request{{Limit: 1000}, {Limit: 1000, Selection: query.Selection{Query: q}}} {
		searched = nil
		summaries, _, err := s.Search(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, summary := range summaries {
			trace, _ := traceOf(t, s, summary.TraceID)
			for _, span := range trace.Spans {
				searched = append(searched, fmt.Sprint(span.TraceID, "/", span.SpanID))
			}
		}
		slices.Sort(searched)
		if slices.Sort(found); !slices.Equal(found, searched) {
			t.Errorf("by trace there are %v, by search %v", found, searched)
		}
	}
	if kept := s.Retention(); kept.Spans != len(found) || kept.Traces != len(tracesIn(found)) {
		t.Errorf("%d spans are found, and kept are %+v", len(found), kept)
	}
	return found
}

func tracesIn(spans []string) map[string]bool {
	traces := map[string]bool{}
	for _, span := range spans {
		trace, _, _ := strings.Cut(span, "/")
		traces[trace] = true
	}
	return traces
}

// without leaves some spans out.
func without(spans []string, gone ...string) []string {
	return slices.DeleteFunc(slices.Clone(spans), func(span string) bool { return slices.Contains(gone, span) })
}

func TestADamagedSegmentIsSetAside(t *testing.T) {
	for name, c := range map[string]struct{ blob, from string }{
		"the trace IDs":       {"cells", "columns WHERE segment = 2 AND name = 'trace_id'"},
		"the services":        {"cells", "columns WHERE segment = 2 AND name = 'service'"},
		"the services' names": {"dictionary", "columns WHERE segment = 2 AND name = 'service'"},
		"a tag":               {"cells", "columns WHERE segment = 2 AND name = 'tag'"},
		"a tag's values":      {"dictionary", "columns WHERE segment = 2 AND name = 'tag'"},
		"the starts":          {"cells", "columns WHERE segment = 2 AND name = 'start'"},
	} {
		t.Run(name, func(t *testing.T) {
			k := keep(t)
			var before []string
			k.reopened(t, func(s *Store) { before = spansOf(t, s) })
			if len(before) != 35 {
				t.Fatalf("there are %v", before)
			}
			want := without(before, "5/105", "6/6", "6/106", "7/7", "7/107", "8/8", "8/108", "9/9", "9/109", "10/10")
			k.flip(t, c.blob, c.from)
			for _, time := range []string{"at first", "once more"} {
				k.reopened(t, func(s *Store) {
					spansOf(t, s) // when it may be noticed
					if got := spansOf(t, s); !slices.Equal(got, want) {
						t.Errorf("%s: got %v, want %v", time, got, want)
					}
					if kept := s.Retention(); kept.DamagedSpans != 10 {
						t.Errorf("%s: %+v", time, kept)
					}
				})
			}
			if log := k.log.String(); strings.Count(log, "damaged and was quarantined") != 1 {
				t.Errorf("the log says %s", log)
			}
		})
	}
}

// Records of one segment build on each other: after a damaged one the rest
// cannot be read, but what came before it and what went to other segments can.
func TestADamagedRecordOfTheLog(t *testing.T) {
	k := &keeper{}
	k.config = Config{Path: filepath.Join(t.TempDir(), "t.db"), MaxSpans: 160, Logger: slog.New(slog.NewTextHandler(&k.log, nil))}
	k.reopened(t, func(s *Store) {
		for id := range uint64(6) {
			add(t, s, tagged(id+1))
		}
	})
	k.flip(t, "spans", "log WHERE id = 4")
	for _, time := range []string{"at first", "once more"} {
		k.reopened(t, func(s *Store) {
			if got := spansOf(t, s); !slices.Equal(got, []string{"1/1", "2/2", "3/3"}) {
				t.Errorf("%s: got %v", time, got)
			}
		})
	}
	if log := k.log.String(); strings.Count(log, "part of the log is damaged") != 1 {
		t.Errorf("the log says %s", log)
	}
	k.reopened(t, func(s *Store) {
		add(t, s, tagged(7))
		k.log.Reset()
	})
	k.flip(t, "spans", "log")
	for range 2 {
		k.reopened(t, func(s *Store) {
			if got := spansOf(t, s); !slices.Equal(got, []string{"1/1", "2/2", "3/3"}) {
				t.Errorf("without its only record: got %v", got)
			}
			if kept := s.Retention(); kept.DamagedSpans != 0 || kept.Bytes == 0 {
				t.Errorf("%+v", kept)
			}
		})
	}
	if log := k.log.String(); strings.Count(log, "level=ERROR") != 1 {
		t.Errorf("the log says %s", log)
	}
}

// tagged is a span that spansOf finds, of a trace of its own.
func tagged(id uint64) apm.Span {
	span := span(id, id)
	span.Meta = map[string]string{"tag": fmt.Sprint("value ", id)}
	return span
}

func TestAForeignFileIsRefusedAndLeftAsItIs(t *testing.T) {
	database := func(statements string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			(&keeper{config: Config{Path: path}}).meddle(t, statements)
		}
	}
	ours := func(statements string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			k := &keeper{config: Config{Path: path}}
			k.reopened(t, func(s *Store) { add(t, s, tagged(1)) })
			k.meddle(t, statements)
		}
	}
	for why, make := range map[string]func(*testing.T, string){
		"is not a database of traces":            func(t *testing.T, path string) { write(t, path, strings.Repeat("Dear diary, ", 1000)) },
		"is not a database of traces\n":          func(t *testing.T, path string) { write(t, path, "x") },
		"is the database of another program":     database("CREATE TABLE diary (day TEXT); PRAGMA user_version = 1"),
		"is the database of another program\n":   database("PRAGMA journal_mode = wal; CREATE TABLE diary (day TEXT)"),
		"is the database of another program\n\n": database("PRAGMA application_id = 7"),
		"was written by a newer version of apm (its schema version is 2, and this apm reads up to 1)": ours("PRAGMA user_version = 2"),
		"is damaged: part of it is missing": func(t *testing.T, path string) {
			ours("")(t, path)
			if info, err := os.Stat(path); err != nil {
				t.Fatal(err)
			} else if err := os.Truncate(path, info.Size()-1); err != nil {
				t.Fatal(err)
			}
		},
		"is damaged": func(t *testing.T, path string) {
			ours("")(t, path)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(content[100:], strings.Repeat("x", 900)) // the schema's first page
			write(t, path, string(content))
		},
		"is damaged: part of it is missing\n": func(t *testing.T, path string) {
			ours("")(t, path)
			if err := os.Truncate(path, 1000); err != nil {
				t.Fatal(err)
			}
		},
	} {
		why := strings.TrimSpace(why)
		t.Run(why, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t?%#.db")
			make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(path + "-lock")
			s, err := Open(Config{Path: path})
			if err == nil {
				_ = s.Close()
			}
			var foreign ForeignError
			if !errors.As(err, &foreign) || foreign.Path != path || foreign.Why != why {
				t.Errorf("got %v, want …%s", err, why)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
				t.Errorf("it is not as it was: %v", err)
			}
			if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(files) != 1 {
				t.Errorf("beside it is now %v, %v", files, err)
			}
		})
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// An empty file, and a database that nothing was written to, have the schema's
// version 0.
func TestAnOlderSchemaIsBroughtUpToDate(t *testing.T) {
	k := &keeper{config: Config{Path: filepath.Join(t.TempDir(), "t.db")}}
	write(t, k.config.Path, "")
	for range 2 {
		k.reopened(t, func(s *Store) {
			add(t, s, tagged(1))
			if got := spansOf(t, s); !slices.Equal(got, []string{"1/1"}) {
				t.Errorf("got %v", got)
			}
			if err := s.Clear(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	var version, id int
	db, err := sql.Open("sqlite", "file:"+escapePath(k.config.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT user_version, application_id FROM pragma_user_version, pragma_application_id").Scan(&version, &id); err != nil || version != len(migrations()) || id != applicationID {
		t.Errorf("version %d of %x: %v", version, id, err)
	}
}

func TestAFileInUseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	first := open(t, Config{Path: path})
	add(t, first, tagged(1))
	_, err := Open(Config{Path: path})
	if want := (ForeignError{path, "is in use by another program"}); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	add(t, first, tagged(2))
	if got := spansOf(t, first); !slices.Equal(got, []string{"1/1", "2/2"}) {
		t.Errorf("got %v", got)
	}
}

func TestAFileThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "precious")
	path := filepath.Join(file, "t.db")
	s, err := Open(Config{Path: path})
	if err == nil {
		_ = s.Close()
	}
	if !errors.Is(err, ErrUnopened) || !strings.Contains(err.Error(), path) {
		t.Errorf("%s: %v", path, err)
	}
	s, err = Open(Config{Path: filepath.Dir(file)})
	if err == nil {
		_ = s.Close()
	}
	if want := (ForeignError{filepath.Dir(file), "is not a file"}); !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}
