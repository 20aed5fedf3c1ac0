package segment_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/segment"
	"thinker/shared/apm/query"
)

// varied returns spans with a value in every column.
func varied() []apm.Span {
	return []apm.Span{
		{TraceID: 1, SpanID: 1, Service: "api", Name: "http.request", Resource: "GET /", Type: "web", Start: 1,
			Duration: 2, Error: true,
			Meta: map[string]string{"env": "test", "empty": ""}, Metrics: map[string]float64{"n": 1.5}},
		{TraceID: 1, TraceIDHigh: 7, SpanID: 2, ParentID: 1, Service: "db", Start: 2, Meta: map[string]string{},
			Links: []apm.Link{{TraceID: 1, SpanID: 2}, {Attributes: map[string]string{"a": "b"}}},
			Events: []apm.Event{{Time: 3, Name: "event",
				Attributes: map[string]any{"a": int64(1), "b": true, "c": "d", "e": 1.5}}}},
		{TraceID: 2, SpanID: 1, Service: "api", Meta: map[string]string{"env": "test"}},
	}
}

func build(spans ...apm.Span) *segment.Builder {
	b := segment.NewBuilder()
	for i := range spans {
		b.Add(&spans[i], 7)
	}
	return b
}

// read returns the spans of a file.
func read(file []byte) ([]apm.Span, error) {
	codec, reader := segment.NewCodec(), bytes.NewReader(file)
	d, err := codec.ReadDirectory(reader, int64(len(file)))
	if err != nil {
		return nil, err
	}
	parts := make([]segment.Span, d.Rows)
	for row := range parts {
		parts[row] = segment.NewSpan(row)
	}
	for _, name := range d.Columns() {
		column, err := codec.ReadColumn(reader, d, name)
		if err != nil {
			return nil, err
		}
		column.Fill(name, parts, false)
		matches, err := codec.HasMatch(reader, d, name, query.Any{})
		if want := len(column.Values) > 0; err != nil || name.Kind != query.Integer && matches != want {
			return nil, errors.Join(err, errors.New("HasMatch and ReadColumn differ"))
		}
	}
	spans := make([]apm.Span, len(parts))
	for i, part := range parts {
		spans[i] = part.Span
	}
	return spans, nil
}

func TestCodec_Encode(t *testing.T) {
	got, err := read(segment.NewCodec().Encode(build(varied()...)))
	if err != nil || !reflect.DeepEqual(got, varied()) {
		t.Errorf("%v\n%+v", err, got)
	}
}

// FuzzCodec_ReadDirectory checks that any file returns spans or ErrDamaged.
func FuzzCodec_ReadDirectory(f *testing.F) {
	file := segment.NewCodec().Encode(build(varied()...))
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := read(file); err != nil && !errors.Is(err, segment.ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// TestCodec_ChangedByte changes each bit of a file, and checks that no changed spans are read.
func TestCodec_ChangedByte(t *testing.T) {
	file := segment.NewCodec().Encode(build(varied()...))
	for i := range file {
		for bit := range 8 {
			changed := bytes.Clone(file)
			changed[i] ^= 1 << bit
			got, err := read(changed)
			if err == nil && !reflect.DeepEqual(got, varied()) {
				t.Fatalf("byte %d, bit %d: %+v", i, bit, got)
			}
			if err != nil && !errors.Is(err, segment.ErrDamaged) {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
	}
}

// FuzzBuilder_Replay checks that any record is replayed or refused. After an error, the
// builder is unchanged and accepts more spans.
func FuzzBuilder_Replay(f *testing.F) {
	spans := varied()
	f.Add(build(spans...).Record(), uint8(0))
	for n := range spans {
		b := build(spans[:n]...)
		b.Record()
		for i := range spans[n:] {
			b.Add(&spans[n+i], 7)
		}
		record := b.Record()
		f.Add(record, uint8(n))
		f.Add(record[:len(record)/2], uint8(n))
		f.Add(record[:len(record)-1], uint8(n))
	}
	f.Fuzz(func(t *testing.T, record []byte, n uint8) {
		b := build(spans[:int(n)%len(spans)]...)
		rows, text := b.Rows(), b.Text()
		if err := b.Replay(record); err != nil {
			if !errors.Is(err, segment.ErrDamaged) || b.Rows() != rows || b.Text() != text {
				t.Fatalf("%d rows and %d bytes of text, before %d and %d: %v", b.Rows(), b.Text(), rows, text, err)
			}
		}
		before := b.Rows()
		if before > segment.MaxRows-len(spans) {
			return
		}
		for i := range spans {
			b.Add(&spans[i], 7)
		}
		got, err := read(segment.NewCodec().Encode(b))
		if err != nil || !reflect.DeepEqual(got[before:], spans) {
			t.Fatalf("%v\n%+v", err, got)
		}
	})
}

func TestBuilder_Cut(t *testing.T) {
	b := build(varied()[0])
	text, columns := b.Text(), b.Columns()
	kept := b.Column(query.Service, 1)
	for range 3 {
		s := varied()[1]
		s.Service = "another"
		b.Add(&s, 1)
		b.Cut(1)
	}
	if b.Text() != text || b.Rows() != 1 || !reflect.DeepEqual(b.Columns(), columns) {
		t.Errorf("%d bytes of text, were %d; %d rows, columns %v", b.Text(), text, b.Rows(), b.Columns())
	}
	if value, ok := kept.At(0); value != "api" || !ok {
		t.Errorf("a column that was returned before has %q", value)
	}
	if b.Cut(0); b.Text() != 0 || len(b.Columns()) != len(segment.Integers()) {
		t.Errorf("%d bytes of text in the columns %v without a row", b.Text(), b.Columns())
	}
}
