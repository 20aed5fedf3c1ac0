package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// A key names a column.
type key struct {
	kind kind
	name string
}

// A kind tells what a column's values are.
type kind uint8

const (
	wide   kind = iota // a number of 64 bits for every span
	field              // an attribute that a span has of its own: its service, say
	meta               // a tag that is a text
	metric             // a tag that is a number; a value is the 8 bytes of its float64

	// No columns of the file, but kept beside them:
	listing  // the names of all, with their kinds as codes
	answered // the rows that match a query, as a set; the query is its name
)

// The columns that every segment has, or may have, besides the tags.
const (
	traceID, spanID, parentID, start, duration, arrived = "trace_id", "span_id", "parent_id", "start", "duration", "arrival" // wide; arrival is its trace's

	service, name, resource, spanType  = "service", "name", "resource", "type"                 // field
	failed, traceIDHigh, links, events = "error", "trace_id_high", "span_links", "span_events" // field, of the spans that have it
)

// wideNames are the wide columns, in the order in which a builder has them.
var wideNames = [...]string{traceID, spanID, parentID, start, duration, arrived}

// Places in wideNames.
const tracePlace, startPlace, arrivalPlace = 0, 3, 5

// A column is one attribute of a segment's spans: either a number for every
// span or, as most values repeat, the distinct values and which span has which.
type column struct {
	numbers []uint64 // of a wide column, by row

	values []string // distinct
	rows   []uint16 // the spans that have a value, ascending
	codes  []uint16 // the value of each, as a place in values
}

// at is the value of a row.
func (c *column) at(row int) (value string, ok bool) {
	if c == nil {
		return "", false
	}
	i := row
	if i >= len(c.rows) || int(c.rows[i]) != row { // else every row before has a value, too
		if i, ok = slices.BinarySearch(c.rows, uint16(row)); !ok {
			return "", false
		}
	}
	return c.values[c.codes[i]], true
}

// size is about how many bytes of memory the column takes.
func (c *column) size() int {
	size := 100 + 8*cap(c.numbers) + 16*cap(c.values) + 2*cap(c.rows) + 2*cap(c.codes)
	for _, value := range c.values {
		size += len(value)
	}
	return size
}

// float is the value of a metric, which a column keeps as its 8 bytes.
func float(value string) float64 {
	return math.Float64frombits(binary.BigEndian.Uint64([]byte(value)))
}

// A column is written as two parts, each compressed by itself: its values, and
// its cells. Both begin with their number. A value follows its length; the rows
// are written as the distance from one to the next, and the codes after them.
// A wide column has cells alone, of eight bytes.

func (c *column) writeValues(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(len(c.values)))
	for _, value := range c.values {
		to = binary.AppendUvarint(to, uint64(len(value)))
		to = append(to, value...)
	}
	return to
}

func (c *column) writeCells(to []byte) []byte {
	if c.numbers != nil {
		for _, number := range c.numbers {
			to = binary.LittleEndian.AppendUint64(to, number)
		}
		return to
	}
	to = binary.AppendUvarint(to, uint64(len(c.rows)))
	var last uint16
	for _, row := range c.rows {
		to = binary.AppendUvarint(to, uint64(row-last))
		last = row
	}
	for _, code := range c.codes {
		to = binary.LittleEndian.AppendUint16(to, code)
	}
	return to
}

// errDamaged is the error of what was read and cannot have been written so.
var errDamaged = errors.New("damaged")

// readColumn reads what writeValues and writeCells have written for a segment
// of that many rows. The column keeps values.
func readColumn(kind kind, values, cells []byte, rows int) (*column, error) {
	c := &column{}
	if kind == wide {
		return c, c.readNumbers(cells, rows)
	}
	text := unsafe.String(unsafe.SliceData(values), len(values)) // nobody changes values any more
	if err := c.readValues(text, kind == metric, rows); err != nil {
		return nil, err
	}
	return c, c.readCells(cells, rows)
}

func (c *column) readNumbers(cells []byte, rows int) error {
	if len(cells)%8 != 0 || len(cells)/8 != rows {
		return fmt.Errorf("%w: %d bytes for %d numbers", errDamaged, len(cells), rows)
	}
	c.numbers = make([]uint64, rows)
	for i := range c.numbers {
		c.numbers[i] = binary.LittleEndian.Uint64(cells[8*i:])
	}
	return nil
}

func (c *column) readValues(text string, numbers bool, rows int) error {
	count, text, ok := cutUvarint(text)
	if !ok || count > uint64(rows) {
		return fmt.Errorf("%w: %d values for %d rows", errDamaged, count, rows)
	}
	c.values = make([]string, count)
	for i := range c.values {
		var length uint64
		length, text, ok = cutUvarint(text)
		if !ok || length > uint64(len(text)) || numbers && length != 8 {
			return fmt.Errorf("%w: a value of %d bytes", errDamaged, length)
		}
		c.values[i], text = text[:length], text[length:]
	}
	return nil
}

func (c *column) readCells(cells []byte, rows int) error {
	count, n := binary.Uvarint(cells)
	if n <= 0 || count > uint64(rows) {
		return fmt.Errorf("%w: values for %d of %d rows", errDamaged, count, rows)
	}
	cells = cells[n:]
	c.rows, c.codes = make([]uint16, count), make([]uint16, count)
	next := uint64(0)
	for i := range c.rows {
		distance, n := binary.Uvarint(cells)
		if next += distance; n <= 0 || distance >= uint64(rows) || next >= uint64(rows) || i > 0 && distance == 0 {
			return fmt.Errorf("%w: row %d of %d", errDamaged, next, rows)
		}
		c.rows[i], cells = uint16(next), cells[n:]
	}
	if uint64(len(cells)) != 2*count {
		return fmt.Errorf("%w: %d bytes for %d codes", errDamaged, len(cells), count)
	}
	for i := range c.codes {
		c.codes[i] = binary.LittleEndian.Uint16(cells[2*i:])
		if int(c.codes[i]) >= len(c.values) {
			return fmt.Errorf("%w: value %d of %d", errDamaged, c.codes[i], len(c.values))
		}
	}
	return nil
}

// cutUvarint takes a number off the beginning of a text.
func cutUvarint(text string) (number uint64, rest string, ok bool) {
	for i := range min(len(text), binary.MaxVarintLen64) {
		number |= uint64(text[i]&0x7f) << (7 * i)
		if text[i] < 0x80 {
			return number, text[i+1:], true
		}
	}
	return 0, text, false
}

// numberAt is the value of a row, as 8 bytes; 0 where it has none.
func (c *column) numberAt(row int) uint64 {
	value, ok := c.at(row)
	if !ok || len(value) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64([]byte(value))
}
