package store

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"modernc.org/sqlite"
)

// A ForeignError is that of a file which is not this store's to write to.
type ForeignError struct{ Path, Why string }

func (e ForeignError) Error() string { return fmt.Sprintf("%s %s. It was not changed", e.Path, e.Why) }

// refuseForeign looks into an existing file without changing anything in it or
// beside it.
func refuseForeign(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 && info.Mode().IsRegular():
		return nil
	case err != nil:
		return fmt.Errorf("open it: %w", err)
	case !info.Mode().IsRegular():
		return ForeignError{path, "is not a file"}
	}
	var head [100]byte // SQLite's header
	if err := readHead(path, head[:]); err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	if !bytes.HasPrefix(head[:], []byte("SQLite format 3\x00")) { // SQLite overwrites a file of a few bytes, whatever they are
		return ForeignError{path, "is not a database of traces"}
	}
	address := "file:" + escapePath(path) + "?mode=ro&_pragma=busy_timeout(5000)"
	if wal, err := os.Stat(path + "-wal"); errors.Is(err, os.ErrNotExist) || err == nil && wal.Size() == 0 {
		address += "&immutable=1" // else SQLite makes files beside it
		if pages, size := int64(binary.BigEndian.Uint32(head[28:])), int64(binary.BigEndian.Uint16(head[16:])); size > 1 && pages*size > info.Size() {
			return ForeignError{path, "is damaged: part of it is missing"} // for which SQLite takes zeros
		}
	}
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	defer db.Close()
	var id, version, tables int
	if err := db.QueryRow("SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").Scan(&id, &version, &tables); err != nil {
		switch code(err) {
		case sqliteNotADB:
			return ForeignError{path, "is not a database of traces"}
		case sqliteCorrupt:
			return ForeignError{path, "is damaged"}
		}
		return fmt.Errorf("read it: %w", err)
	}
	switch known := len(migrations()); {
	case id == 0 && version == 0 && tables == 0:
		return nil // made, and never written to
	case id != applicationID:
		return ForeignError{path, "is the database of another program"}
	case version < 0:
		return ForeignError{path, fmt.Sprintf("has the unknown schema version %d", version)}
	case version > known:
		return ForeignError{path, fmt.Sprintf("was written by a newer version of apm (its schema version is %d, and this apm reads up to %d)", version, known)}
	}
	return nil
}

// readHead reads how a file begins, as far as it goes.
func readHead(path string, to []byte) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.ReadFull(file, to); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return nil
}

// Codes of SQLite's errors.
const (
	sqliteCorrupt = 11
	sqliteFull    = 13
	sqliteNotADB  = 26

	sqliteShmSize = 10 | 19<<8 // which is written ahead, so that a full disk is no crash
)

// code is that of an error of SQLite's, 0 of any other.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	if e.Code() == sqliteShmSize {
		return sqliteFull
	}
	return e.Code() & 0xff
}
