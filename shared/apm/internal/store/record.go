package store

import (
	"encoding/binary"
	"fmt"
)

// takeRecord is what the log must be given to bring the spans back that were
// added since the last call: for each the five numbers, its cells and a 0. A
// cell is the place of its column, counted from 1, and a code. A column's kind
// and name come with its first cell, a value with the first that has it.
func (b *builder) takeRecord() []byte {
	record := b.record
	b.record = nil
	return record
}

// A record is spans for the log, and the place of the segment they are for.
type record struct {
	place int64
	spans []byte
}

// replay adds the spans of a record.
func (b *builder) replay(record []byte) error {
	rest := string(record)
	defer b.takeRecord() // what is written down once more
	for len(rest) > 0 && b.rows < maxRows {
		var numbers [len(wideNames)]uint64
		for i := range numbers {
			if len(rest) < 8 {
				return fmt.Errorf("%w: a record of %d bytes", errDamaged, len(record))
			}
			numbers[i], rest = binary.LittleEndian.Uint64([]byte(rest[:8])), rest[8:]
		}
		b.begin(numbers)
		for {
			place, after, ok := cutUvarint(rest)
			if rest = after; !ok || place > uint64(len(b.order))+1 {
				return fmt.Errorf("%w: column %d in a record", errDamaged, place)
			}
			if place == 0 {
				break
			}
			if rest, ok = b.replayCell(int(place)-1, rest); !ok {
				return fmt.Errorf("%w: a cell of column %d in a record", errDamaged, place)
			}
		}
		b.end()
	}
	return nil
}

func (b *builder) replayCell(place int, rest string) (string, bool) {
	if place == len(b.order) {
		const most = 4 * maxColumns // a segment is full with fewer, but for those of its last span
		if place >= most {
			return "", false
		}
		if len(rest) == 0 || kind(rest[0]) == wide || kind(rest[0]) > metric {
			return "", false
		}
		kind := kind(rest[0])
		name, after, ok := cutText(rest[1:])
		if !ok {
			return "", false
		}
		if b.column(kind, name); len(b.order) != place+1 { // it is there already
			return "", false
		}
		rest = after
	}
	c := b.order[place]
	code, rest, ok := cutUvarint(rest)
	twice := len(c.rows) > 0 && int(c.rows[len(c.rows)-1]) == b.rows
	if !ok || twice || code > uint64(len(c.values)) {
		return "", false
	}
	known := code < uint64(len(c.values))
	if !known {
		var value string
		if value, rest, ok = cutText(rest); !ok || c.kind == metric && len(value) != 8 {
			return "", false
		}
		b.learn(c, value)
	}
	b.cell(c, uint16(code), known)
	return rest, true
}

func cutText(text string) (value, rest string, ok bool) {
	length, rest, ok := cutUvarint(text)
	if !ok || length > uint64(len(rest)) {
		return "", "", false
	}
	return rest[:length], rest[length:], true
}
