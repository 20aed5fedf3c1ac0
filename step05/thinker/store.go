package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"

	sqltrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/database/sql"
	"modernc.org/sqlite"
)

//go:embed schema.sql
var schema string

// A sqliteStore stores the thoughts in a SQLite database.
type sqliteStore struct {
	db *sql.DB
}

// openStore opens the database and restores the six thoughts. With its options, the
// driver traces only queries within a trace, and no connections.
func openStore(ctx context.Context, file string) (*sqliteStore, error) {
	sqltrace.Register("sqlite", &sqlite.Driver{})
	db, err := sqltrace.Open("sqlite", "file:"+url.PathEscape(file)+"?_pragma=busy_timeout(5000)",
		sqltrace.WithChildSpansOnly(),
		sqltrace.WithIgnoreQueryTypes(sqltrace.QueryTypeConnect),
	)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", file, err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		db.Close()
		return nil, fmt.Errorf("restore the thoughts in %s: %w; choose another file with --database, or delete this one if it isn't a database", file, err)
	}
	return &sqliteStore{db}, nil
}

func (s *sqliteStore) close() error { return s.db.Close() }

// find returns the thought on a subject, or unknownSubject.
func (s *sqliteStore) find(ctx context.Context, subject string) (*thought, error) {
	var t thought
	err := s.db.QueryRowContext(ctx, `SELECT id, quote, author, subject FROM thought WHERE subject = ?`, subject).
		Scan(&t.ID, &t.Quote, &t.Author, &t.Subject)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, unknownSubject(subject)
	}
	if err != nil {
		return nil, fmt.Errorf("find the thought on %q: %w", subject, err)
	}
	return &t, nil
}
