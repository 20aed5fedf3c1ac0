package store

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"github.com/klauspost/compress/zstd"
	"modernc.org/sqlite"
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

// A ForeignError is that of a file which is not this store's to write to.
type ForeignError struct{ Path, Why string }

func (e ForeignError) Error() string { return fmt.Sprintf("%s %s; it is left as it is", e.Path, e.Why) }

// openFile opens the database at path and makes it if it is not there; an empty
// path is one in memory.
func openFile(path string) (*file, error) {
	f := &file{path: path}
	if err := f.connect(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	var err error
	const one = " FROM columns WHERE segment = ? AND kind = ? AND name = ?"
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
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	f.lock = flock.New(f.path + "-lock")
	if locked, err := f.lock.TryLock(); err != nil {
		return fmt.Errorf("lock it: %w", err)
	} else if !locked {
		return ForeignError{f.path, "is in use by another program"}
	}
	if err := refuseForeign(f.path); err != nil {
		f.strange = true
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

// escapePath writes a path the way a URI has it.
func escapePath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
}

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
			return ForeignError{path, "is damaged: a part of it is missing"} // for which SQLite takes zeros
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
		return ForeignError{path, "is a database of something else"}
	case version > known:
		return ForeignError{path, fmt.Sprintf("was written by a newer version of this program (its schema is %d, known here are those to %d)", version, known)}
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

// A packed segment is one as the file has it.
type packed struct {
	id           int64
	place, until int64
	rows         int
	first, last  int64
	bytes        int
	columns      []packedColumn
}

type packedColumn struct {
	key
	values, cells []byte
}

// pack makes a builder's columns ready to be written.
func (f *file) pack(b *builder, p packed) packed {
	p.rows = b.rows
	var buffer []byte
	for _, k := range b.keys() {
		c := b.look(k, b.rows)
		packed := packedColumn{key: k, values: []byte{}}
		if k.kind != wide {
			buffer = c.writeValues(buffer[:0])
			packed.values = f.encoder.EncodeAll(buffer, nil)
		}
		buffer = c.writeCells(buffer[:0])
		packed.cells = f.encoder.EncodeAll(buffer, nil)
		p.columns = append(p.columns, packed)
		p.bytes += len(packed.values) + len(packed.cells)
	}
	return p
}

// put writes a segment in place of the log of its spans.
func (f *file) put(p packed) error {
	return f.transact(func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM log WHERE segment = ?", p.place); err != nil {
			return fmt.Errorf("shorten the log: %w", err)
		}
		if p.rows == 0 {
			return nil // no span of the log could be read
		}
		return insert(tx, p)
	})
}

func insert(tx *sql.Tx, p packed) error {
	if _, err := tx.Exec("INSERT INTO segments (id, place, until, rows, first, last, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)", p.id, p.place, p.until, p.rows, p.first, p.last, p.bytes); err != nil {
		return fmt.Errorf("write a segment: %w", err)
	}
	statement, err := tx.Prepare("INSERT INTO columns VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return fmt.Errorf("write columns: %w", err)
	}
	defer statement.Close()
	for _, c := range p.columns {
		if _, err := statement.Exec(p.id, c.kind, c.name, c.values, c.cells); err != nil {
			return fmt.Errorf("write column %s: %w", c.name, err)
		}
	}
	return nil
}

func remove(tx *sql.Tx, segment int64) error {
	for _, statement := range []string{"DELETE FROM columns WHERE segment = ?", "DELETE FROM segments WHERE id = ?"} {
		if _, err := tx.Exec(statement, segment); err != nil {
			return fmt.Errorf("remove a segment: %w", err)
		}
	}
	return nil
}

// replace removes segments and the traces evicted with them, and writes what
// is left of them.
func (f *file) replace(r *replacement) error {
	return f.transact(func(tx *sql.Tx) error {
		if _, err := tx.Exec("UPDATE evicted SET traces = ?, spans = ?", r.kept.EvictedTraces, r.kept.EvictedSpans); err != nil {
			return fmt.Errorf("count what was evicted: %w", err)
		}
		for _, g := range r.old {
			if err := remove(tx, g.id); err != nil {
				return err
			}
		}
		if r.fresh != nil {
			if err := insert(tx, r.packed); err != nil {
				return err
			}
		}
		return nil
	})
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

// append writes records to the log.
func (f *file) append(records []record) error {
	if f.path == "" {
		return nil
	}
	return f.transact(func(tx *sql.Tx) error {
		for _, r := range records {
			sum := crc32.Checksum(r.spans, crc32.MakeTable(crc32.Castagnoli))
			if _, err := tx.Exec("INSERT INTO log (segment, spans) VALUES (?, ?)", r.place, binary.BigEndian.AppendUint32(r.spans, sum)); err != nil {
				return fmt.Errorf("write to the log: %w", err)
			}
		}
		return nil
	})
}

// column reads one; nil if the segment has none such.
func (f *file) column(segment int64, k key, rows int) (*column, error) {
	return f.readColumn(f.columns, segment, k, rows)
}

// peek is column without the cells, if the dictionary is large.
func (f *file) peek(segment int64, k key, rows int) (*column, error) {
	return f.readColumn(f.peeks, segment, k, rows)
}

func (f *file) readColumn(query *sql.Stmt, segment int64, k key, rows int) (*column, error) {
	var values, cells []byte
	err := query.QueryRow(segment, k.kind, k.name).Scan(&values, &cells)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read column %s of a segment: %w", k.name, err)
	}
	return f.unpackColumn(packedColumn{k, values, cells}, rows)
}

// list reads which columns a segment has.
func (f *file) list(segment int64) (*column, error) {
	c := &column{}
	err := each(f.read, "SELECT kind, name FROM columns WHERE segment = ?", func(scan scanner) error {
		var kind uint16
		var name string
		err := scan(&kind, &name)
		c.values, c.codes = append(c.values, name), append(c.codes, kind)
		return err
	}, segment)
	if err != nil {
		return nil, fmt.Errorf("read which columns a segment has: %w", err)
	}
	return c, nil
}

// all reads every column of a segment.
func (f *file) all(segment int64, rows int) (map[key]*column, error) {
	columns := map[key]*column{}
	err := each(f.read, "SELECT kind, name, dictionary, cells FROM columns WHERE segment = ?", func(scan scanner) error {
		var c packedColumn
		err := scan(&c.kind, &c.name, &c.values, &c.cells)
		if err == nil {
			columns[c.key], err = f.unpackColumn(c, rows)
		}
		return err
	}, segment)
	if err != nil {
		return nil, fmt.Errorf("read a segment: %w", err)
	}
	return columns, nil
}

// unpackColumn checks the parts by their checksums and reads them.
func (f *file) unpackColumn(p packedColumn, rows int) (*column, error) {
	var values []byte
	var err error
	if p.kind != wide {
		if values, err = f.decoder.DecodeAll(p.values, nil); err != nil {
			return nil, fmt.Errorf("%w: column %s: %w", errDamaged, p.name, err)
		}
	}
	if p.cells == nil {
		c := &column{}
		return c, c.readValues(string(values), p.kind == metric, rows)
	}
	cells, err := f.decoder.DecodeAll(p.cells, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: column %s: %w", errDamaged, p.name, err)
	}
	c, err := readColumn(p.kind, values, cells, rows)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", p.name, err)
	}
	return c, nil
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
	if f.decoder != nil {
		f.decoder.Close()
	}
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return err == nil })...)
}
