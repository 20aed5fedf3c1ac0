package store

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
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
	db, err := sql.Open("sqlite", k.config.Path)
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
	db, err := sql.Open("sqlite", k.config.Path)
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
	query, err := search.Parse("@tag:value*")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []search.Request{{Limit: 100}, {Limit: 100, Selection: search.Selection{Query: query}}} {
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
			if log := k.log.String(); strings.Count(log, "damaged and has been set aside") != 1 {
				t.Errorf("the log says %s", log)
			}
		})
	}
}
