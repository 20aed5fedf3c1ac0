package segment

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
)

const (
	// MaxRows limits the spans of a segment, so that a row fits 16 bits and several segments
	// fit in memory. It's high enough for values to repeat.
	MaxRows = 8192
	// maxText and maxColumns end a segment early if its spans are large, or each has tags
	// of its own.
	maxText    = 8 << 20 // bytes of distinct values
	maxColumns = 4096
)

// A Builder is a segment in memory while it grows. One goroutine at a time may change it.
// Others may read its columns at any time: nothing in them ever changes, except by Cut.
type Builder struct {
	mu      sync.RWMutex
	rows    int
	text    int // bytes of names and distinct values
	numbers [len(integers)][]uint64
	columns [query.NumberTag + 1]map[string]*growing // by kind and name; none of integers
	order   []*growing                               // the same, in the order of their first values
	record  []byte                                   // of the spans since the last Record
}

// A growing column also finds a value's code.
type growing struct {
	Column
	name    query.Column
	index   int // in the builder's order
	byValue map[string]uint16
}

// NewBuilder returns an empty segment.
func NewBuilder() *Builder {
	b := &Builder{}
	for kind := range b.columns {
		b.columns[kind] = map[string]*growing{}
	}
	return b
}

// Rows returns the number of spans.
func (b *Builder) Rows() int { return b.rows }

// Text returns the bytes of names and distinct values.
func (b *Builder) Text() int { return b.text }

// Full reports whether the segment has reached its limit of rows, bytes of text or columns.
func (b *Builder) Full(rows, text int) bool {
	return b.rows >= min(rows, MaxRows) || b.text > min(text, maxText) || len(b.order) > maxColumns
}

// Add appends a span. arrival is its trace's value of the column Arrival.
func (b *Builder) Add(s *apm.Span, arrival uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begin([...]uint64{s.TraceID, s.SpanID, s.ParentID, uint64(s.Start), uint64(s.Duration), arrival})
	put(b, query.Service, s.Service)
	put(b, query.Operation, s.Name)
	put(b, query.Resource, s.Resource)
	put(b, query.Type, s.Type)
	if s.Error {
		put(b, query.Failed, "1")
	}
	if s.TraceIDHigh != 0 {
		put(b, query.TraceIDHigh, binary.BigEndian.AppendUint64(nil, s.TraceIDHigh))
	}
	if len(s.Links) > 0 {
		put(b, links, packLinks(s.Links))
	}
	if len(s.Events) > 0 {
		put(b, events, packEvents(s.Events))
	}
	for tag, value := range s.Meta {
		put(b, query.Column{Kind: query.TextTag, Name: tag}, value)
	}
	var bits [8]byte
	for tag, value := range s.Metrics {
		binary.BigEndian.PutUint64(bits[:], math.Float64bits(value))
		put(b, query.Column{Kind: query.NumberTag, Name: tag}, bits[:])
	}
	b.end()
}

// begin opens a row.
func (b *Builder) begin(numbers [len(integers)]uint64) {
	for i, number := range numbers {
		b.numbers[i] = append(b.numbers[i], number)
		b.record = binary.LittleEndian.AppendUint64(b.record, number)
	}
}

// end closes the row.
func (b *Builder) end() {
	b.rows++
	b.record = append(b.record, 0)
}

// put adds a value to the open row. It is a function since methods have no type parameters,
// and bytes only become a text if they are new.
func put[Value string | []byte](b *Builder, name query.Column, value Value) {
	c := b.column(name)
	code, known := c.byValue[string(value)]
	if !known {
		code = b.learn(c, string(value))
	}
	b.cell(c, code, known)
}

func (b *Builder) column(name query.Column) *growing {
	c, ok := b.columns[name.Kind][name.Name]
	if !ok {
		c = &growing{name: name, index: len(b.order), byValue: map[string]uint16{}}
		b.columns[name.Kind][name.Name] = c
		b.order = append(b.order, c)
		b.text += len(name.Name)
	}
	return c
}

// learn assigns a code to a new value.
func (b *Builder) learn(c *growing, value string) uint16 {
	code := uint16(len(c.Values))
	c.Values = append(c.Values, value)
	c.byValue[value] = code
	b.text += len(value)
	return code
}

func (b *Builder) cell(c *growing, code uint16, known bool) {
	b.record = binary.AppendUvarint(b.record, uint64(c.index)+1)
	if len(c.Rows) == 0 {
		b.record = append(b.record, byte(c.name.Kind))
		b.record = appendText(b.record, c.name.Name)
	}
	b.record = binary.AppendUvarint(b.record, uint64(code))
	if !known {
		b.record = appendText(b.record, c.Values[code])
	}
	c.Rows = append(c.Rows, uint16(b.rows))
	c.Codes = append(c.Codes, code)
}

// Column returns a column of the first rows as it is now, or nil if there is none.
func (b *Builder) Column(name query.Column, rows int) *Column {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if i := slices.Index(integers[:], name); i >= 0 {
		return &Column{Numbers: b.numbers[i][:rows:rows]}
	}
	c := b.columns[name.Kind][name.Name]
	if c == nil {
		return nil
	}
	n, _ := slices.BinarySearch(c.Rows, uint16(rows))
	return &Column{Values: c.Values, Rows: c.Rows[:n], Codes: c.Codes[:n]}
}

// Columns returns the names of all columns.
func (b *Builder) Columns() []query.Column {
	b.mu.RLock()
	defer b.mu.RUnlock()
	names := Integers()
	for _, c := range b.order {
		names = append(names, c.name)
	}
	return names
}

// Cut removes the rows from a number on, and the record of them. Columns that were
// returned before stay as they are.
func (b *Builder) Cut(rows int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.numbers {
		b.numbers[i] = slices.Clone(b.numbers[i][:rows])
	}
	b.rows, b.record, b.text = rows, nil, 0
	for len(b.order) > 0 {
		last := b.order[len(b.order)-1]
		if len(last.Rows) > 0 && int(last.Rows[0]) < rows {
			break
		}
		delete(b.columns[last.name.Kind], last.name.Name)
		b.order = b.order[:len(b.order)-1]
	}
	for _, c := range b.order {
		n, _ := slices.BinarySearch(c.Rows, uint16(rows))
		c.Rows, c.Codes = slices.Clone(c.Rows[:n]), slices.Clone(c.Codes[:n])
		values := int(slices.Max(c.Codes)) + 1 // codes are assigned when they're first used
		for _, value := range c.Values[values:] {
			delete(c.byValue, value)
		}
		c.Values = slices.Clone(c.Values[:values])
		b.text += len(c.name.Name)
		for _, value := range c.Values {
			b.text += len(value)
		}
	}
}

// Record returns the spans that were added since the last call, for a log. A record only
// has the names and values that earlier records don't have.
func (b *Builder) Record() []byte {
	record := b.record
	b.record = nil
	return record
}

// Replay adds the spans of a record. If it returns an error, it leaves the builder unchanged.
func (b *Builder) Replay(record []byte) error {
	rows := b.rows
	err := b.replay(string(record))
	b.record = nil
	if err != nil {
		b.Cut(rows)
		return fmt.Errorf("%w: a record of %d bytes: %s", ErrDamaged, len(record), err)
	}
	return nil
}

func (b *Builder) replay(rest string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(rest) > 0 {
		var numbers [len(integers)]uint64
		if len(rest) < 8*len(numbers) || b.rows == MaxRows {
			return fmt.Errorf("row %d", b.rows)
		}
		for i := range numbers {
			numbers[i], rest = binary.LittleEndian.Uint64([]byte(rest[:8])), rest[8:]
		}
		b.begin(numbers)
		for {
			number, after, ok := cutUvarint(rest) // of a column, from 1; 0 ends the row
			if rest = after; !ok || number > uint64(len(b.order))+1 {
				return fmt.Errorf("column %d", number)
			}
			if number == 0 {
				break
			}
			if rest, ok = b.replayCell(int(number)-1, rest); !ok {
				return fmt.Errorf("a cell of column %d", number)
			}
		}
		b.end()
	}
	return nil
}

func (b *Builder) replayCell(index int, rest string) (string, bool) {
	if index == len(b.order) {
		const limit = 4 * maxColumns // a segment is full with fewer, but its last span may add columns
		if index >= limit || len(rest) == 0 || rest[0] == byte(query.Integer) || rest[0] > byte(query.NumberTag) {
			return "", false
		}
		name, after, ok := cutText(rest[1:])
		kind := query.Kind(rest[0])
		if _, known := b.columns[kind][name]; !ok || known {
			return "", false
		}
		b.column(query.Column{Kind: kind, Name: name})
		rest = after
	}
	c := b.order[index]
	code, rest, ok := cutUvarint(rest)
	twice := len(c.Rows) > 0 && int(c.Rows[len(c.Rows)-1]) == b.rows
	if !ok || twice || code > uint64(len(c.Values)) {
		return "", false
	}
	known := code < uint64(len(c.Values))
	if !known {
		var value string
		if value, rest, ok = cutValue(rest, c.name.Kind); !ok {
			return "", false
		}
		if _, known := c.byValue[value]; known {
			return "", false
		}
		b.learn(c, value)
	}
	b.cell(c, uint16(code), known)
	return rest, true
}
