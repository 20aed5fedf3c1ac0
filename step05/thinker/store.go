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

// A store keeps the thoughts in a SQLite database.
type store struct {
	db *sql.DB
}

// openStore opens the database in a file and restores the thoughts it starts
// with. Only queries within a trace become spans: neither this, nor connecting.
func openStore(ctx context.Context, file string) (*store, error) {
	sqltrace.Register("sqlite", &sqlite.Driver{})
	db, err := sqltrace.Open("sqlite", "file:"+url.PathEscape(file)+"?_pragma=busy_timeout(5000)",
		sqltrace.WithChildSpansOnly(),
		sqltrace.WithIgnoreQueryTypes(sqltrace.QueryTypeConnect),
	)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		db.Close()
		return nil, fmt.Errorf("restore the thoughts in %s: %w (where it is no database, delete it)", file, err)
	}
	return &store{db: db}, nil
}

func (s *store) close() error { return s.db.Close() }

// find returns the thought on a subject, or The Machine's where there is none.
func (s *store) find(ctx context.Context, subject string) (*thought, error) {
	var t thought
	err := s.db.QueryRowContext(ctx, `SELECT id, quote, author, subject FROM thought WHERE subject = ?`, subject).
		Scan(&t.ID, &t.Quote, &t.Author, &t.Subject)
	if errors.Is(err, sql.ErrNoRows) {
		return &thought{Quote: "Hmmm, that's something I'll need to think about.", Author: "The Machine", Subject: subject}, nil
	} else if err != nil {
		return nil, fmt.Errorf("find the thought on %q: %w", subject, err)
	}
	return &t, nil
}
