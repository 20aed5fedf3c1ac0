package store

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
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
