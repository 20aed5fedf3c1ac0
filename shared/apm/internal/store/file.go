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
	write   *sql.DB     // the same as read in memory
	made    os.FileInfo // of the file that is open
	lock    *flock.Flock
	strange bool // it is refused, and nothing may be left beside it

	// connected is held for reading while a query runs outside the writer, which
	// alone makes changes, and for writing while there are no connections.
	connected sync.RWMutex

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

// connect opens the database, with the schema that this program knows.
func (f *file) connect() (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, f.disconnect())
		}
	}()
	if err := f.open(); err != nil {
		return err
	}
	if err := f.migrate(); err != nil {
		return err
	}
	const one = " FROM segments LEFT JOIN columns ON segment = segments.id AND kind = ? AND name = ? WHERE segments.id = ?"
	if f.columns, err = f.read.Prepare("SELECT dictionary, cells" + one); err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	if f.peeks, err = f.read.Prepare("SELECT dictionary, CASE WHEN length(dictionary) < 4096 THEN cells END" + one); err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	return nil
}

func (f *file) open() (err error) {
	if f.path == "" {
		if f.write, err = sql.Open("sqlite", "file::memory:"); err != nil {
			return fmt.Errorf("open a database in memory: %w", err)
		}
		f.write.SetMaxOpenConns(1) // each connection would have a database of its own
		f.read = f.write
		return nil
	}
	if err := refuseForeign(f.path); err != nil {
		f.strange = true
		return err
	}
	if err := f.create(); err != nil {
		return err
	}
	f.noteUse()
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
	f.made, err = os.Stat(f.path)
	return err
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
				return fmt.Errorf("migrate the schema to version %d: %w", version+i+1, err)
			}
		}
		_, err := tx.Exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations())))
		return err
	})
}

// transact does what do does, wholly or not at all.
func (f *file) transact(do func(*sql.Tx) error) error {
	if f.write == nil { // connecting failed when it was cleared
		f.connected.Lock()
		err := f.connect()
		f.connected.Unlock()
		if err != nil {
			return err
		}
	}
	tx, err := f.write.Begin()
	if err != nil {
		return fmt.Errorf("start writing traces: %w", orFull(err))
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

// clear removes everything. It empties the file and begins anew, as deleting rows
// takes room, of which a full disk has none.
func (f *file) clear() error {
	f.connected.Lock() // waits for queries that are under way
	defer f.connected.Unlock()
	if f.path != "" {
		if now, err := os.Stat(f.path); err != nil || !os.SameFile(now, f.made) {
			return fmt.Errorf("the trace file %s was removed or replaced, so its traces can't be deleted. Restart apm", f.path)
		}
	}
	if err := f.disconnect(); err != nil {
		return errors.Join(err, f.connect())
	}
	if f.path != "" {
		if err := f.empty(); err != nil {
			return errors.Join(err, f.connect())
		}
	}
	_ = f.connect() // everything is cleared; the next transaction tries again and returns the error
	return nil
}

// empty truncates the file. SQLite ignores and removes a write-ahead log beside an
// empty file, so this is done wholly or not at all.
func (f *file) empty() error {
	file, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("empty the trace file: %w", err)
	}
	if err := errors.Join(file.Truncate(0), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("empty the trace file: %w", err)
	}
	for _, companion := range []string{"-wal", "-shm"} {
		_ = os.Remove(f.path + companion) // it may not be there, and what is left is ignored
	}
	return nil
}

// shrink gives unused space back, if that is more than a sixteenth of a file that
// is larger than it may be: the bound has been lowered.
func (f *file) shrink(maxBytes int) error {
	if f.path == "" {
		return nil
	}
	var pages, free, size int
	if err := f.write.QueryRow("SELECT page_count, freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size").Scan(&pages, &free, &size); err != nil {
		return fmt.Errorf("measure the trace file: %w", err)
	}
	if pages*size <= maxBytes || free <= pages/16 {
		return nil
	}
	if _, err := f.write.Exec("VACUUM"); err != nil {
		return fmt.Errorf("shrink the trace file: %w", orFull(err))
	}
	return f.sync("TRUNCATE")
}

// sync brings what has been written to the disk, so that it outlasts a power
// cut, and where it can lets the write-ahead log begin anew.
func (f *file) sync(mode string) error {
	if f.path == "" {
		return nil
	}
	f.connected.RLock()
	defer f.connected.RUnlock()
	if f.write == nil {
		return nil
	}
	var busy, pages, done int
	if err := f.write.QueryRow("PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &done); err != nil {
		return fmt.Errorf("sync traces to disk: %w", err)
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
	f.connected.Lock()
	err := f.disconnect()
	f.connected.Unlock()
	if f.lock != nil {
		err = errors.Join(err, f.lock.Unlock())
		if f.strange {
			_ = os.Remove(f.lock.Path()) // which others may have opened
		}
	}
	return err
}

// disconnect closes the database.
func (f *file) disconnect() error {
	var errs []error
	for _, statement := range []*sql.Stmt{f.columns, f.peeks} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	if f.read != nil && f.read != f.write {
		errs = append(errs, f.read.Close())
	}
	if f.write != nil {
		errs = append(errs, f.write.Close()) // the last one to leave empties the write-ahead log
	}
	f.columns, f.peeks, f.read, f.write = nil, nil, nil, nil
	return errors.Join(errs...)
}
