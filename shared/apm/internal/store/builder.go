package store

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"thinker/shared/apm"
)

const (
	// maxRows is how many spans a segment holds: few enough for a place in it
	// to fit 16 bits, and for memory to hold several segments; enough for
	// values to repeat.
	maxRows = 8192
	// maxText and maxColumns end a segment early, where its spans are large or
	// every one has tags of its own.
	maxText    = 8 << 20 // bytes of distinct values
	maxColumns = 4096
)

// A builder is a segment in memory, while it still grows. Each span that it
// takes it also writes down for the log. Nothing that it has once taken
// changes, so a reader may go on with a copy of its columns' slices.
type builder struct {
	mu sync.RWMutex // the store's writer alone adds; others may look meanwhile

	rows    int
	text    int // bytes
	numbers [len(wideNames)][]uint64
	columns [metric + 1]map[string]*growing // by kind and name; none that is wide
	order   []*growing                      // the same, as they came
	record  []byte                          // what the log has not been given yet
}

// A growing column also finds a value's code.
type growing struct {
	column
	key
	place int // in the builder's order
	code  map[string]uint16
}

func newBuilder() *builder {
	b := &builder{}
	for kind := range b.columns {
		b.columns[kind] = map[string]*growing{}
	}
	return b
}

// add takes a span whose trace has that arrival: its numbers, and a cell for each
// other thing it has.
func (b *builder) add(s *apm.Span, arrival uint64) {
	b.begin([...]uint64{s.TraceID, s.SpanID, s.ParentID, uint64(s.Start), uint64(s.Duration), arrival})
	b.put(field, service, s.Service)
	b.put(field, name, s.Name)
	b.put(field, resource, s.Resource)
	b.put(field, spanType, s.Type)
	if s.Error {
		b.put(field, failed, "1")
	}
	if s.TraceIDHigh != 0 {
		b.put(field, traceIDHigh, string(binary.BigEndian.AppendUint64(nil, s.TraceIDHigh)))
	}
	if len(s.Links) > 0 {
		b.put(field, links, packLinks(s.Links))
	}
	if len(s.Events) > 0 {
		b.put(field, events, packEvents(s.Events))
	}
	for tag, value := range s.Meta {
		b.put(meta, tag, value)
	}
	var bits [8]byte
	for tag, value := range s.Metrics {
		binary.BigEndian.PutUint64(bits[:], math.Float64bits(value))
		b.putBytes(metric, tag, bits[:])
	}
	b.end()
}

// begin opens a row.
func (b *builder) begin(numbers [len(wideNames)]uint64) {
	for i, number := range numbers {
		b.numbers[i] = append(b.numbers[i], number)
		b.record = binary.LittleEndian.AppendUint64(b.record, number)
	}
}

// end closes the row.
func (b *builder) end() {
	b.rows++
	b.record = append(b.record, 0)
}

func (b *builder) put(kind kind, name, value string) {
	c := b.column(kind, name)
	code, known := c.code[value]
	if !known {
		code = b.learn(c, value)
	}
	b.cell(c, code, known)
}

// putBytes is put for a value that need not become a text if it is known.
func (b *builder) putBytes(kind kind, name string, value []byte) {
	c := b.column(kind, name)
	code, known := c.code[string(value)]
	if !known {
		code = b.learn(c, string(value))
	}
	b.cell(c, code, known)
}

// column is that with the name, a new one if need be.
func (b *builder) column(kind kind, name string) *growing {
	c, ok := b.columns[kind][name]
	if !ok {
		c = &growing{key: key{kind, name}, place: len(b.order), code: map[string]uint16{}}
		b.columns[kind][name] = c
		b.order = append(b.order, c)
		b.text += len(name)
	}
	return c
}

// learn gives a new value its code.
func (b *builder) learn(c *growing, value string) uint16 {
	code := uint16(len(c.values))
	c.values = append(c.values, value)
	c.code[value] = code
	b.text += len(value)
	return code
}

func (b *builder) cell(c *growing, code uint16, known bool) {
	b.record = binary.AppendUvarint(b.record, uint64(c.place)+1)
	if len(c.rows) == 0 {
		b.record = append(b.record, byte(c.kind))
		b.record = appendText(b.record, c.name)
	}
	b.record = binary.AppendUvarint(b.record, uint64(code))
	if !known {
		b.record = appendText(b.record, c.values[code])
	}
	c.rows = append(c.rows, uint16(b.rows))
	c.codes = append(c.codes, code)
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// look is a column as it stands, for its first rows; nil if there is none.
func (b *builder) look(k key, rows int) *column {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if k.kind == wide {
		for i, name := range wideNames {
			if name == k.name {
				return &column{numbers: b.numbers[i][:rows]}
			}
		}
	}
	c := b.columns[k.kind][k.name]
	if c == nil {
		return nil
	}
	n, _ := slices.BinarySearch(c.rows, uint16(rows))
	return &column{values: c.values, rows: c.rows[:n], codes: c.codes[:n]}
}

// keys are those of all columns.
func (b *builder) keys() []key {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var keys []key
	for _, name := range wideNames {
		keys = append(keys, key{wide, name})
	}
	for _, c := range b.order {
		keys = append(keys, c.key)
	}
	return keys
}

// cut takes back the rows from a number on. The dictionaries are copied, as
// others may be reading them.
func (b *builder) cut(rows int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.numbers {
		b.numbers[i] = b.numbers[i][:rows]
	}
	b.rows = rows
	b.record = nil
	for len(b.order) > 0 {
		last := b.order[len(b.order)-1]
		if len(last.rows) > 0 && int(last.rows[0]) < rows {
			break
		}
		delete(b.columns[last.kind], last.name)
		b.order = b.order[:len(b.order)-1]
	}
	b.text = 0
	for _, c := range b.order {
		n, _ := slices.BinarySearch(c.rows, uint16(rows))
		c.rows, c.codes = c.rows[:n], c.codes[:n]
		values := int(slices.Max(c.codes)) + 1 // a code is given when it is first used
		for _, value := range c.values[values:] {
			delete(c.code, value)
		}
		c.values = slices.Clone(c.values[:values])
		b.text += len(c.name)
		for _, value := range c.values {
			b.text += len(value)
		}
	}
}
