// Package segment stores some thousand spans as columns: one for each attribute, with its
// distinct values and a code for each span. A Builder grows in memory; a Codec encodes it
// as a file and reads the file's columns.
package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"thinker/shared/apm/query"
)

// Columns of a segment that queries don't know. Arrival is when the span's trace arrived,
// in a unit that the caller chooses; links and events are packed.
var (
	Arrival = query.Column{Kind: query.Integer, Name: "arrival"}
	links   = query.Column{Kind: query.Attribute, Name: "span_links"}
	events  = query.Column{Kind: query.Attribute, Name: "span_events"}
)

// integers are the columns of the kind Integer, in the order in which a record has them.
var integers = [...]query.Column{query.TraceID, query.SpanID, query.ParentID, query.Start, query.Duration, Arrival}

// Integers returns the columns of the kind Integer.
func Integers() []query.Column { return slices.Clone(integers[:]) }

// ErrDamaged reports bytes that no Builder wrote.
var ErrDamaged = errors.New("damaged")

// A Column is an attribute of a segment's spans: a number for each span or, since most
// values repeat, the distinct values and a code for each span.
type Column struct {
	Numbers []uint64 // of the kind Integer, by row

	Values []string // distinct; that of a number tag is the 8 bytes of its float64
	Rows   []uint16 // of the spans that have a value, ascending
	Codes  []uint16 // the value of each, as an index of Values
}

// At returns the value of a row.
func (c *Column) At(row int) (value string, ok bool) {
	if c == nil {
		return "", false
	}
	i := row
	if i >= len(c.Rows) || int(c.Rows[i]) != row { // else each row before has a value, too
		if i, ok = slices.BinarySearch(c.Rows, uint16(row)); !ok {
			return "", false
		}
	}
	return c.Values[c.Codes[i]], true
}

// NumberAt returns the value of a row as a number, as the upper halves of trace IDs are.
func (c *Column) NumberAt(row int) uint64 {
	if value, ok := c.At(row); ok && len(value) == 8 {
		return binary.BigEndian.Uint64([]byte(value))
	}
	return 0
}

// Size returns the approximate size of the column in memory, in bytes.
func (c *Column) Size() int {
	size := 100 + 8*cap(c.Numbers) + 16*cap(c.Values) + 2*cap(c.Rows) + 2*cap(c.Codes)
	for _, value := range c.Values {
		size += len(value)
	}
	return size
}

// Float decodes a value of a number tag.
func Float(value string) float64 {
	return math.Float64frombits(binary.BigEndian.Uint64([]byte(value)))
}

// matches reports whether a value of a column passes a test.
func matches(kind query.Kind, value string, test query.Matcher) bool {
	if kind == query.NumberTag {
		return test.MatchNumber(Float(value))
	}
	return test.MatchText(value)
}

// A column is written in two parts: its values, and its cells. Both begin with their
// number. A value follows its length; the rows are written as the distance from one to
// the next, and the codes after them. A column of integers has cells alone, of 8 bytes.

func (c *Column) appendValues(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(len(c.Values)))
	for _, value := range c.Values {
		to = appendText(to, value)
	}
	return to
}

func (c *Column) appendCells(to []byte) []byte {
	if c.Numbers != nil {
		for _, number := range c.Numbers {
			to = binary.LittleEndian.AppendUint64(to, number)
		}
		return to
	}
	to = binary.AppendUvarint(to, uint64(len(c.Rows)))
	var last uint16
	for _, row := range c.Rows {
		to = binary.AppendUvarint(to, uint64(row-last))
		last = row
	}
	for _, code := range c.Codes {
		to = binary.LittleEndian.AppendUint16(to, code)
	}
	return to
}

// readColumn reads what appendValues and appendCells wrote for a segment of rows spans.
// The column refers to the bytes of values.
func readColumn(kind query.Kind, values, cells []byte, rows int) (*Column, error) {
	if kind == query.Integer {
		return readNumbers(cells, rows)
	}
	c := &Column{}
	if err := c.readValues(asText(values), kind, rows); err != nil {
		return nil, err
	}
	return c, c.readCells(cells, rows)
}

// asText returns bytes that never change as a text.
func asText(bytes []byte) string { return unsafe.String(unsafe.SliceData(bytes), len(bytes)) }

func readNumbers(cells []byte, rows int) (*Column, error) {
	if len(cells) != 8*rows {
		return nil, fmt.Errorf("%w: %d bytes for %d numbers", ErrDamaged, len(cells), rows)
	}
	c := &Column{Numbers: make([]uint64, rows)}
	for i := range c.Numbers {
		c.Numbers[i] = binary.LittleEndian.Uint64(cells[8*i:])
	}
	return c, nil
}

func (c *Column) readValues(text string, kind query.Kind, rows int) error {
	count, text, ok := cutUvarint(text)
	if !ok || count > uint64(rows) {
		return fmt.Errorf("%w: %d values for %d rows", ErrDamaged, count, rows)
	}
	c.Values = make([]string, count)
	for i := range c.Values {
		if c.Values[i], text, ok = cutValue(text, kind); !ok {
			return fmt.Errorf("%w: value %d of %d", ErrDamaged, i, count)
		}
	}
	if text != "" {
		return fmt.Errorf("%w: %d bytes after the values", ErrDamaged, len(text))
	}
	return nil
}

func (c *Column) readCells(cells []byte, rows int) error {
	count, n := binary.Uvarint(cells)
	if n <= 0 || count > uint64(rows) {
		return fmt.Errorf("%w: %d cells for %d rows", ErrDamaged, count, rows)
	}
	cells = cells[n:]
	c.Rows, c.Codes = make([]uint16, count), make([]uint16, count)
	last := uint64(0)
	for i := range c.Rows {
		step, n := binary.Uvarint(cells)
		if n <= 0 || i > 0 && step == 0 || step >= uint64(rows) || last+step >= uint64(rows) {
			return fmt.Errorf("%w: row %d of %d", ErrDamaged, i, count)
		}
		cells = cells[n:]
		last += step
		c.Rows[i] = uint16(last)
	}
	if uint64(len(cells)) != 2*count {
		return fmt.Errorf("%w: %d bytes for %d codes", ErrDamaged, len(cells), count)
	}
	for i := range c.Codes {
		c.Codes[i] = binary.LittleEndian.Uint16(cells[2*i:])
		if int(c.Codes[i]) >= len(c.Values) {
			return fmt.Errorf("%w: code %d of %d values", ErrDamaged, c.Codes[i], len(c.Values))
		}
	}
	return nil
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

func cutText(text string) (value, rest string, ok bool) {
	length, rest, ok := cutUvarint(text)
	if !ok || length > uint64(len(rest)) {
		return "", "", false
	}
	return rest[:length], rest[length:], true
}

// cutValue splits a column's value off the beginning of a text.
func cutValue(text string, kind query.Kind) (value, rest string, ok bool) {
	value, rest, ok = cutText(text)
	return value, rest, ok && (kind != query.NumberTag || len(value) == 8)
}

func cutUvarint(text string) (number uint64, rest string, ok bool) {
	for i := 0; i < len(text) && i < binary.MaxVarintLen64; i++ {
		if b := text[i]; b < 0x80 {
			return number | uint64(b)<<(7*i), text[i+1:], true
		} else {
			number |= uint64(b&0x7f) << (7 * i)
		}
	}
	return 0, text, false
}
