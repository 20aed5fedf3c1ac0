package store

import (
	"cmp"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"
)

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

// orDamaged says so where SQLite finds a page damaged.
func orDamaged(err error) error {
	if code(err) == sqliteCorrupt {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return err
}

// remove removes a segment. The columns of a damaged one may be so that SQLite
// cannot remove them, nor commit what tries to: they are left to tidy.
func remove(tx *sql.Tx, g *segment) error {
	statements := []string{"DELETE FROM segments WHERE id = ?", "DELETE FROM columns WHERE segment = ?"}
	if g.damaged {
		statements = statements[:1]
	}
	for _, statement := range statements {
		if _, err := tx.Exec(statement, g.id); err != nil {
			return fmt.Errorf("remove a segment: %w", err)
		}
	}
	return nil
}

// tidy removes columns of a damaged segment that is gone, if that can be done.
func (f *file) tidy(g *segment) {
	_, _ = f.write.Exec("DELETE FROM columns WHERE segment = ?", g.id)
}

// replace removes segments and the traces evicted with them, and writes what
// is left of them.
func (f *file) replace(r *replacement) error {
	return f.transact(func(tx *sql.Tx) error {
		if _, err := tx.Exec("UPDATE evicted SET traces = ?, spans = ?", r.kept.EvictedTraces, r.kept.EvictedSpans); err != nil {
			return fmt.Errorf("count what was evicted: %w", err)
		}
		for _, g := range r.old {
			if err := remove(tx, g); code(err) == sqliteCorrupt {
				return damage{g.id, orDamaged(err)}
			} else if err != nil {
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
	values, cells, err := f.columnParts(segment, k)
	if err != nil {
		return nil, err
	}
	if values == nil && cells == nil {
		return nil, missing(k)
	}
	return f.unpackColumn(packedColumn{k, values, cells}, rows)
}

// columnParts reads a column as it is stored: nil if the segment has none such.
func (f *file) columnParts(segment int64, k key) (values, cells []byte, err error) {
	f.connected.RLock()
	defer f.connected.RUnlock()
	if f.read == nil {
		return nil, nil, errGone
	}
	err = f.columns.QueryRow(k.kind, k.name, segment).Scan(&values, &cells)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil, errGone
	case err != nil:
		return nil, nil, fmt.Errorf("read column %s of a segment: %w", k.name, orDamaged(err))
	}
	return values, cells, nil
}

// missing is the error of a column that is not there, and must be.
func missing(k key) error {
	if k.kind == wide || k == (key{field, service}) {
		return fmt.Errorf("%w: column %s is missing", errDamaged, k.name)
	}
	return nil
}

// seek is column for somebody who looks for values that pass a test. Of a large
// column without one, which may have a value for every span, it leaves out all.
func (f *file) seek(segment int64, k key, rows int, test func(string) bool) (*column, error) {
	c, found, err := f.peek(segment, k, rows, test)
	if err == nil && found {
		return f.column(segment, k, rows)
	}
	return c, err
}

// peek reads a column if it is small, and tells of a large one whether a value
// passes the test. It keeps nothing of a large one, so that to go through a
// million values leaves no garbage.
func (f *file) peek(segment int64, k key, rows int, test func(string) bool) (c *column, found bool, err error) {
	f.connected.RLock()
	defer f.connected.RUnlock()
	if f.read == nil {
		return nil, false, errGone
	}
	answer, err := f.peeks.Query(k.kind, k.name, segment)
	if err != nil {
		return nil, false, fmt.Errorf("read column %s of a segment: %w", k.name, orDamaged(err))
	}
	defer answer.Close()
	if !answer.Next() {
		return nil, false, cmp.Or(orDamaged(answer.Err()), errGone)
	}
	var values, cells sql.RawBytes // which are SQLite's, until the answer is closed
	if err := answer.Scan(&values, &cells); err != nil {
		return nil, false, fmt.Errorf("read column %s of a segment: %w", k.name, orDamaged(err))
	}
	if values == nil && cells == nil {
		return nil, false, missing(k)
	}
	if cells != nil {
		c, err = f.unpackColumn(packedColumn{k, values, cells}, rows)
		return c, false, err
	}
	buffer := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buffer)
	if *buffer, err = f.decoder.DecodeAll(values, (*buffer)[:0]); err != nil {
		return nil, false, fmt.Errorf("%w: column %s: %w", errDamaged, k.name, err)
	}
	text := unsafe.String(unsafe.SliceData(*buffer), len(*buffer)) // a test keeps no text
	_, text, _ = cutUvarint(text)
	for len(text) > 0 {
		value, rest, ok := cutText(text)
		if !ok || k.kind == metric && len(value) != 8 {
			return nil, false, fmt.Errorf("%w: the values of column %s", errDamaged, k.name)
		}
		if test(value) {
			return nil, true, nil
		}
		text = rest
	}
	return &column{}, false, nil
}

// list reads which columns a segment has.
func (f *file) list(segment int64) (*column, error) {
	f.connected.RLock()
	defer f.connected.RUnlock()
	if f.read == nil {
		return nil, errGone
	}
	c := &column{}
	err := each(f.read, "SELECT kind, name FROM columns WHERE segment = ?", func(scan scanner) error {
		var kind uint16
		var name string
		err := scan(&kind, &name)
		c.values, c.codes = append(c.values, name), append(c.codes, kind)
		return err
	}, segment)
	if err != nil {
		return nil, fmt.Errorf("read which columns a segment has: %w", orDamaged(err))
	}
	return c, nil
}

// each calls do for every column of a segment, one after the other.
func (f *file) each(segment int64, rows int, do func(key, *column) error) error {
	f.connected.RLock()
	defer f.connected.RUnlock()
	if f.read == nil {
		return errGone
	}
	needed := map[key]bool{{field, service}: true}
	for _, name := range wideNames {
		needed[key{wide, name}] = true
	}
	found := false
	err := each(f.read, "SELECT kind, name, dictionary, cells FROM columns WHERE segment = ?", func(scan scanner) error {
		var values, cells sql.RawBytes // which are SQLite's, until the next row
		var k key
		if err := scan(&k.kind, &k.name, &values, &cells); err != nil {
			return err
		}
		c, err := f.unpackColumn(packedColumn{k, values, cells}, rows)
		if err != nil {
			return err
		}
		found = true
		delete(needed, k)
		return do(k, c)
	}, segment)
	if err != nil {
		return fmt.Errorf("read a segment: %w", orDamaged(err))
	}
	for k := range needed {
		if found {
			return missing(k)
		}
	}
	return nil
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

// A scanner reads a row's columns.
type scanner = func(to ...any) error

// each calls do for every row of a query's answer.
func each(db *sql.DB, query string, do func(scanner) error, arguments ...any) error {
	rows, err := db.Query(query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
