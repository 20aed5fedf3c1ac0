package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/mocktracer"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

func TestOpenStore_RestoresTheThoughts(t *testing.T) {
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "a file? 100% ok.db")
	first := open(t, file)
	for _, change := range []string{
		`DELETE FROM thought WHERE subject = 'war'`,
		`UPDATE thought SET author = 'somebody else' WHERE subject = 'work'`,
	} {
		if _, err := first.db.ExecContext(ctx, change); err != nil {
			t.Fatal(err)
		}
	}

	second := open(t, file)
	for subject, author := range map[string]string{
		"religion": "Albert Einstein", "technology": "Richard Feynman", "war": "Agatha Christie",
		"work": "Horace", "music": "J. K. Rowling", "mankind": "Oscar Wilde",
	} {
		found, err := second.find(ctx, subject)
		if err != nil {
			t.Fatal(err)
		}
		if found.Author != author || found.Subject != subject || found.ID == 0 || found.Quote == "" {
			t.Errorf("find(%q) = %+v, want one by %s", subject, found, author)
		}
	}
}

func TestFind_UnknownSubject(t *testing.T) {
	_, err := open(t, filepath.Join(t.TempDir(), "thoughts.db")).find(t.Context(), "art")
	if unknown := unknownSubject(""); !errors.As(err, &unknown) || unknown != "art" {
		t.Errorf("find(art): %v, want it to be an unknownSubject", err)
	}
}

func TestFind_TracesOnlyQueries(t *testing.T) {
	spans := mocktracer.Start()
	defer spans.Stop()
	store := open(t, filepath.Join(t.TempDir(), "thoughts.db"))

	parent, ctx := tracer.StartSpanFromContext(t.Context(), "think")
	var wait sync.WaitGroup
	for range 4 { // more than the one open connection
		wait.Go(func() { store.find(ctx, "war") })
	}
	wait.Wait()

	finished := spans.FinishedSpans()
	if len(finished) != 4 {
		t.Errorf("%d spans, want one for each of 4 queries", len(finished))
	}
	for _, span := range finished {
		resource := fmt.Sprint(span.Tag("resource.name"))
		if span.ParentID() != parent.Context().SpanID() || !strings.HasPrefix(resource, "SELECT id, quote") {
			t.Errorf("span %s, want the SQL below think", resource)
		}
	}
}

func TestOpenStore_SharedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "thoughts.db")
	first := open(t, file)
	ctx, cancel := context.WithCancel(t.Context())
	var reading sync.WaitGroup
	reading.Go(func() {
		for ctx.Err() == nil {
			if _, err := first.find(t.Context(), "war"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 10 { // each restores the thoughts
		if _, err := open(t, file).find(t.Context(), "war"); err != nil {
			t.Error(err)
		}
	}
	cancel()
	reading.Wait()

	var verdict string
	if err := first.db.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("the database's integrity: %s, %v", verdict, err)
	}
}

func TestOpenStore_ErrorNamesTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no such directory", "thoughts.db")
	if store, err := openStore(t.Context(), file); err == nil {
		store.close()
		t.Error("opened a file in a directory that doesn't exist")
	} else if !strings.Contains(err.Error(), file) {
		t.Errorf("%v: want the file's name in it", err)
	}
}

func open(t *testing.T, file string) *sqliteStore {
	t.Helper()
	store, err := openStore(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.close() })
	return store
}
