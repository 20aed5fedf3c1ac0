package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/gofrs/flock"
	"github.com/klauspost/compress/zstd"
)

// A file keeps sealed segments and the log of those that are not: an SQLite
// database, or one in memory that is gone when it is closed. SQLite brings
// transactions, one format on every system, and a place for a schema version;
// what is in the columns it need not understand.
type file struct {
	path    string // empty in memory
	read    *sql.DB
	write   *sql.DB // the same as read in memory
	lock    *flock.Flock
	strange bool // it is refused, and nothing may be left beside it

	columns *sql.Stmt // reads one
	peeks   *sql.Stmt // reads one without its cells, if it is large

	buffers sync.Pool // of *[]byte, to unpack what is only looked at

	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// applicationID marks a database as ours, in the place that SQLite has for it.
const applicationID = 0x61706d31 // "apm1"

// migrations are what makes each schema version of the one before.
func migrations() []string {
	return []string{`
CREATE TABLE segments (
	id      INTEGER PRIMARY KEY,
	place   INTEGER NOT NULL, -- in the order of arrival
	until   INTEGER NOT NULL, -- the last place that it covers
	rows    INTEGER NOT NULL,
	first   INTEGER NOT NULL, -- start of the earliest span, in nanoseconds since the Unix epoch
	last    INTEGER NOT NULL, -- start of the latest
	bytes   INTEGER NOT NULL, -- of its columns
	damaged INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE columns (
	segment    INTEGER NOT NULL,
	kind       INTEGER NOT NULL,
	name       TEXT    NOT NULL,
	dictionary BLOB    NOT NULL, -- the distinct values, compressed by zstd, which adds a checksum
	cells      BLOB    NOT NULL, -- likewise: which row has which value
	PRIMARY KEY (segment, kind, name)
);
CREATE TABLE log (
	id      INTEGER PRIMARY KEY,
	segment INTEGER NOT NULL, -- the place that its spans will have
	spans   BLOB    NOT NULL  -- and a checksum
);
CREATE TABLE evicted (traces INTEGER NOT NULL, spans INTEGER NOT NULL);
INSERT INTO evicted VALUES (0, 0);
`}
}

// openFile opens the database at path and makes it if it is not there; an empty
// path is one in memory.
func openFile(path string) (*file, error) {
	f := &file{path: path, buffers: sync.Pool{New: func() any { return new([]byte) }}}
	if path != "" {
		if err := f.claim(path); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	if err := f.connect(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	var err error
	const one = " FROM segments LEFT JOIN columns ON segment = segments.id AND kind = ? AND name = ? WHERE segments.id = ?"
	if f.columns, err = f.read.Prepare("SELECT dictionary, cells" + one); err != nil {
		return nil, errors.Join(fmt.Errorf("read it: %w", err), f.close())
	}
	if f.peeks, err = f.read.Prepare("SELECT dictionary, CASE WHEN length(dictionary) < 4096 THEN cells END" + one); err != nil {
		return nil, errors.Join(fmt.Errorf("read it: %w", err), f.close())
	}
	f.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare compression: %w", err), f.close())
	}
	f.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare decompression: %w", err), f.close())
	}
	return f, nil
}

func (f *file) connect() (err error) {
	if f.path == "" {
		if f.write, err = sql.Open("sqlite", "file::memory:"); err != nil {
			return fmt.Errorf("open a database in memory: %w", err)
		}
		f.write.SetMaxOpenConns(1) // each connection would have a database of its own
		f.read = f.write
		return f.migrate()
	}
	if err := refuseForeign(f.path); err != nil {
		f.strange = true
		return err
	}
	if err := f.create(); err != nil {
		return err
	}
	const options = "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=wal_autocheckpoint(0)"
	address := "file:" + escapePath(f.path)
	if f.write, err = sql.Open("sqlite", address+options); err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	f.write.SetMaxOpenConns(2) // one writes, the other brings to the disk what is written
	if f.read, err = sql.Open("sqlite", address+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)"); err != nil {
		return fmt.Errorf("open it: %w", err)
	}
	f.read.SetMaxOpenConns(2 * runtime.GOMAXPROCS(0))
	f.read.SetMaxIdleConns(2 * runtime.GOMAXPROCS(0))
	return f.migrate()
}

// create makes the file, if it is not there, for its owner alone: spans tell much
// of what a program does. SQLite gives the files beside it the same permissions.
func (f *file) create() error {
	made, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		f.strange = true // which leaves no lock beside it
		return fmt.Errorf("open it: %w", err)
	}
	return made.Close()
}

// restrict makes the file and the files beside it private: they may have been made
// by something else.
func (f *file) restrict() error {
	if f.path == "" {
		return nil
	}
	var errs []error
	for _, companion := range []string{"", "-wal", "-shm", "-journal", lockSuffix} {
		path := f.path + companion
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&^0o600 == 0 {
			continue // it is missing, or private already
		}
		errs = append(errs, os.Chmod(path, 0o600))
	}
	return errors.Join(errs...)
}

// escapePath writes a path the way a URI has it.
func escapePath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
}

// ErrFull is the error of spans for which the disk has no room.
var ErrFull = errors.New("the disk is full")

// orFull says so where an error is one of a full disk.
func orFull(err error) error {
	if code(err) == sqliteFull {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// migrate brings the schema up to date, in one transaction.
func (f *file) migrate() error {
	return f.transact(func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
			return fmt.Errorf("read the schema's version: %w", err)
		}
		if version == len(migrations()) {
			return nil
		}
		for i, change := range migrations()[version:] {
			if _, err := tx.Exec(change); err != nil {
				return fmt.Errorf("bring the schema to version %d: %w", version+i+1, err)
			}
		}
		_, err := tx.Exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations())))
		return err
	})
}

// transact does what do does, wholly or not at all.
func (f *file) transact(do func(*sql.Tx) error) error {
	tx, err := f.write.Begin()
	if err != nil {
		return fmt.Errorf("begin to write traces: %w", orFull(err))
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // an error means that SQLite has done it already
		return orFull(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write traces: %w", orFull(err))
	}
	return nil
}

// clear removes everything.
func (f *file) clear() error {
	return f.transact(func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM columns; DELETE FROM segments; DELETE FROM log; UPDATE evicted SET traces = 0, spans = 0"); err != nil {
			return fmt.Errorf("clear the traces: %w", err)
		}
		return nil
	})
}

// shrink gives space back that is not used. Where there is too little for doing
// so, the file keeps it, and uses it again.
func (f *file) shrink() {
	if _, err := f.write.Exec("VACUUM"); err == nil {
		_ = f.sync("TRUNCATE")
	}
}

// sync brings what has been written to the disk, so that it outlasts a power
// cut, and where it can lets the write-ahead log begin anew.
func (f *file) sync(mode string) error {
	if f.path == "" {
		return nil
	}
	var busy, pages, done int
	if err := f.write.QueryRow("PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &done); err != nil {
		return fmt.Errorf("bring traces to the disk: %w", err)
	}
	return nil
}

// gone tells whether somebody has removed the file.
func (f *file) gone() bool {
	if f.path == "" {
		return false
	}
	_, err := os.Stat(f.path)
	return errors.Is(err, os.ErrNotExist)
}

// waiting is how many bytes the write-ahead log has.
func (f *file) waiting() int64 {
	info, err := os.Stat(f.path + "-wal")
	if err != nil {
		return 0
	}
	return info.Size()
}

func (f *file) close() error {
	var errs []error
	if f.read != nil && f.read != f.write {
		errs = append(errs, f.read.Close())
	}
	if f.write != nil {
		errs = append(errs, f.write.Close()) // the last one to leave empties the write-ahead log
	}
	if f.lock != nil {
		errs = append(errs, f.lock.Unlock())
		if f.strange {
			_ = os.Remove(f.lock.Path()) // which others may have opened
		}
	}
	return errors.Join(errs...)
}
