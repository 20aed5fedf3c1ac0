package segment

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"thinker/shared/apm/query"
)

// A segment's file consists of the compressed values and cells of its columns, a directory
// with their offsets, and a footer. zstd adds a checksum to each part.
const (
	magic      = "apmseg1\n"
	footerSize = 4 + 4 + len(magic) // the directory's length and checksum
)

// A Codec compresses and decompresses columns. It is safe for concurrent use.
type Codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	buffers sync.Pool // of *[]byte, for values that HasMatch tests
}

// NewCodec returns a codec. Its options never fail.
func NewCodec() *Codec {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(true))
	if err != nil {
		panic(err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		panic(err)
	}
	return &Codec{encoder: encoder, decoder: decoder, buffers: sync.Pool{New: func() any { return new([]byte) }}}
}

// A Directory lists the columns of a segment's file.
type Directory struct {
	Rows        int
	First, Last int64 // start of the earliest and of the latest span, in ns since the Unix epoch
	entries     []entry
}

// An entry is a column in a file: its values at an offset, then its cells.
type entry struct {
	name          query.Column
	offset        int64
	values, cells int // bytes
}

func (e entry) compare(name query.Column) int {
	return cmp.Or(cmp.Compare(e.name.Kind, name.Kind), cmp.Compare(e.name.Name, name.Name))
}

// Columns returns the names of all columns.
func (d *Directory) Columns() []query.Column {
	names := make([]query.Column, len(d.entries))
	for i, e := range d.entries {
		names[i] = e.name
	}
	return names
}

// Size returns the approximate size of the directory in memory, in bytes.
func (d *Directory) Size() int {
	size := 100
	for _, e := range d.entries {
		size += 60 + len(e.name.Name)
	}
	return size
}

// Encode returns the builder's spans as a file.
func (c *Codec) Encode(b *Builder) []byte {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, start := range b.Column(query.Start, b.rows).Numbers {
		first, last = min(first, int64(start)), max(last, int64(start))
	}
	names := b.Columns()
	slices.SortFunc(names, func(x, y query.Column) int { return entry{name: x}.compare(y) })
	var file, buffer []byte
	directory := binary.AppendUvarint(nil, uint64(b.rows))
	directory = binary.AppendVarint(binary.AppendVarint(directory, first), last)
	for _, name := range names {
		column := b.Column(name, b.rows)
		begin := len(file)
		if name.Kind != query.Integer {
			buffer = column.appendValues(buffer[:0])
			file = c.encoder.EncodeAll(buffer, file)
		}
		middle := len(file)
		buffer = column.appendCells(buffer[:0])
		file = c.encoder.EncodeAll(buffer, file)
		directory = appendText(append(directory, byte(name.Kind)), name.Name)
		directory = binary.AppendUvarint(directory, uint64(middle-begin))
		directory = binary.AppendUvarint(directory, uint64(len(file)-middle))
	}
	file = append(file, directory...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(directory)))
	file = binary.LittleEndian.AppendUint32(file, crc32.ChecksumIEEE(directory))
	return append(file, magic...)
}

// ReadDirectory reads the directory of a file of that size.
func (c *Codec) ReadDirectory(file io.ReaderAt, size int64) (*Directory, error) {
	footer, err := readAt(file, size-int64(footerSize), footerSize)
	if err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(footer))
	if string(footer[8:]) != magic || length > size-int64(footerSize) {
		return nil, fmt.Errorf("%w: a segment's footer", ErrDamaged)
	}
	begin := size - int64(footerSize) - length
	bytes, err := readAt(file, begin, int(length))
	if err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(bytes) != binary.LittleEndian.Uint32(footer[4:]) {
		return nil, fmt.Errorf("%w: a segment's directory", ErrDamaged)
	}
	return parseDirectory(bytes, begin)
}

// parseDirectory parses the directory of columns that end at an offset.
func parseDirectory(bytes []byte, end int64) (*Directory, error) {
	rows, n := binary.Uvarint(bytes)
	first, m := binary.Varint(bytes[max(0, n):])
	d := &Directory{Rows: int(rows), First: first}
	if n <= 0 || m <= 0 || rows == 0 || rows > MaxRows {
		return nil, fmt.Errorf("%w: a segment of %d rows", ErrDamaged, rows)
	}
	bytes = bytes[n+m:]
	if d.Last, n = binary.Varint(bytes); n <= 0 {
		return nil, fmt.Errorf("%w: a segment's times", ErrDamaged)
	}
	rest, offset := asText(bytes[n:]), int64(0)
	for rest != "" {
		e := entry{offset: offset}
		kind := query.Kind(rest[0])
		name, after, ok := cutText(rest[1:])
		values, after, ok2 := cutUvarint(after)
		cells, after, ok3 := cutUvarint(after)
		e.name, e.values, e.cells = query.Column{Kind: kind, Name: name}, int(values), int(cells)
		fits := values <= uint64(end-offset) && cells <= uint64(end-offset)-values
		ascending := len(d.entries) == 0 || d.entries[len(d.entries)-1].compare(e.name) < 0
		if !ok || !ok2 || !ok3 || !fits || !ascending || kind > query.NumberTag {
			return nil, fmt.Errorf("%w: entry %d of a segment's directory", ErrDamaged, len(d.entries))
		}
		d.entries = append(d.entries, e)
		offset, rest = offset+int64(e.values+e.cells), after
	}
	for _, needed := range append(Integers(), query.Service) {
		if _, ok := d.find(needed); !ok {
			return nil, fmt.Errorf("%w: column %s is missing", ErrDamaged, needed.Name)
		}
	}
	return d, nil
}

func (d *Directory) find(name query.Column) (e entry, ok bool) {
	i, ok := slices.BinarySearchFunc(d.entries, name, entry.compare)
	if ok {
		e = d.entries[i]
	}
	return e, ok
}

// readAt reads exactly length bytes.
func readAt(file io.ReaderAt, offset int64, length int) ([]byte, error) {
	if offset < 0 {
		return nil, fmt.Errorf("%w: a segment's file is too short", ErrDamaged)
	}
	bytes := make([]byte, length)
	if n, err := file.ReadAt(bytes, offset); n < length {
		if err == io.EOF {
			return nil, fmt.Errorf("%w: a segment's file is too short", ErrDamaged)
		}
		return nil, fmt.Errorf("read a segment: %w", err)
	}
	return bytes, nil
}

// ReadColumn reads a column, or nil if the segment has none with the name.
func (c *Codec) ReadColumn(file io.ReaderAt, d *Directory, name query.Column) (*Column, error) {
	e, ok := d.find(name)
	if !ok {
		return nil, nil
	}
	bytes, err := readAt(file, e.offset, e.values+e.cells)
	if err != nil {
		return nil, err
	}
	var values []byte
	if name.Kind != query.Integer {
		if values, err = c.decoder.DecodeAll(bytes[:e.values], nil); err != nil {
			return nil, fmt.Errorf("%w: column %s: %w", ErrDamaged, name.Name, err)
		}
	}
	cells, err := c.decoder.DecodeAll(bytes[e.values:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: column %s: %w", ErrDamaged, name.Name, err)
	}
	column, err := readColumn(name.Kind, values, cells, d.Rows)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", name.Name, err)
	}
	return column, nil
}

// IsLarge reports whether a column has so many values that HasMatch should come before
// ReadColumn.
func (d *Directory) IsLarge(name query.Column) bool {
	const large = 4096 // bytes, compressed
	e, _ := d.find(name)
	return e.values >= large
}

// HasMatch reports whether one of a column's values passes the test. It allocates no values,
// so a column with a million of them leaves no garbage.
func (c *Codec) HasMatch(file io.ReaderAt, d *Directory, name query.Column, test query.Matcher) (bool, error) {
	e, ok := d.find(name)
	if !ok {
		return false, nil
	}
	bytes, err := readAt(file, e.offset, e.values)
	if err != nil {
		return false, err
	}
	buffer := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buffer)
	if *buffer, err = c.decoder.DecodeAll(bytes, (*buffer)[:0]); err != nil {
		return false, fmt.Errorf("%w: column %s: %w", ErrDamaged, name.Name, err)
	}
	_, text, _ := cutUvarint(asText(*buffer)) // a test keeps no text
	for len(text) > 0 {
		value, rest, ok := cutValue(text, name.Kind)
		if !ok {
			return false, fmt.Errorf("%w: the values of column %s", ErrDamaged, name.Name)
		}
		if matches(name.Kind, value, test) {
			return true, nil
		}
		text = rest
	}
	return false, nil
}

// Collect adds the rows of a column whose value passes the test.
func (c *Column) Collect(kind query.Kind, test query.Matcher, add func(row uint16)) {
	hits, any := make([]bool, len(c.Values)), false
	for code, value := range c.Values {
		hits[code] = matches(kind, value, test)
		any = any || hits[code]
	}
	for i, code := range c.Codes {
		if any && hits[code] {
			add(c.Rows[i])
		}
	}
}
