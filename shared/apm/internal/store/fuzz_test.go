package store

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"thinker/shared/apm"
)

// fuzzed are spans with something in every column.
func fuzzed() []apm.Span {
	return []apm.Span{
		{TraceID: 1, SpanID: 1, Service: "api", Name: "http.request", Resource: "GET /", Type: "web", Start: 1, Duration: 2, Error: true,
			Meta: map[string]string{"env": "test", "empty": ""}, Metrics: map[string]float64{"n": 1.5}},
		{TraceID: 1, TraceIDHigh: 7, SpanID: 2, ParentID: 1, Service: "db", Start: 2,
			Links: []apm.Link{{TraceID: 1, SpanID: 2}, {Attributes: map[string]string{"a": "b"}}}, Events: []apm.Event{{Time: 3, Name: "event", Attributes: map[string]any{"a": int64(1), "b": true, "c": "d", "e": 1.5}}}},
		{TraceID: 2, SpanID: 1, Service: "api", Meta: map[string]string{"env": "test"}},
	}
}

func built(spans ...apm.Span) *builder {
	b := newBuilder()
	for i := range spans {
		b.add(&spans[i], 7)
	}
	return b
}

// FuzzReadColumn has whatever a file may hold: it is refused or, written again,
// reads the same.
func FuzzReadColumn(f *testing.F) {
	b := built(fuzzed()...)
	for _, k := range b.keys() {
		c := b.look(k, b.rows)
		f.Add(uint8(k.kind), c.writeValues(nil), c.writeCells(nil), uint16(b.rows))
	}
	f.Add(uint8(meta), []byte{2, 0, 0}, []byte{1, 0, 0}, uint16(1))
	f.Add(uint8(meta), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, []byte{0xff}, uint16(0))
	f.Fuzz(func(t *testing.T, k uint8, values, cells []byte, rows uint16) {
		c, err := readColumn(kind(k), values, cells, int(rows))
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := readColumn(kind(k), c.writeValues(nil), c.writeCells(nil), int(rows))
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Fatalf("%+v is read again as %+v, %v", c, again, err)
		}
		found := newRowSet(int(rows))
		for _, row := range c.rows {
			found.add(int(row))
		}
		for row := range int(rows) {
			if kind(k) == metric {
				c.numberAt(row)
			}
			if _, ok := c.at(row); ok != found.has(row) {
				t.Fatalf("row %d: %t", row, ok)
			}
		}
	})
}

// FuzzReplay has any record in a log. What it does not like is taken back, and
// what comes then is not harmed.
func FuzzReplay(f *testing.F) {
	spans := fuzzed()
	f.Add(built(spans...).takeRecord(), uint8(0))
	for n := range len(spans) {
		b := built(spans[:n]...)
		b.takeRecord()
		for i := range spans[n:] {
			b.add(&spans[n+i], 7)
		}
		record := b.takeRecord()
		f.Add(record, uint8(n))
		f.Add(record[:len(record)/2], uint8(n))
		f.Add(record[:len(record)-1], uint8(n))
	}
	f.Fuzz(func(t *testing.T, record []byte, n uint8) {
		b := built(spans[:int(n)%len(spans)]...)
		rows, text := b.rows, b.text
		if err := b.replay(record); err != nil {
			if !errors.Is(err, errDamaged) {
				t.Fatalf("%v", err)
			}
			if b.cut(rows); b.text != text {
				t.Fatalf("%d bytes of text, %d before", b.text, text)
			}
		}
		before := b.rows
		b.takeRecord()
		if before == maxRows {
			return
		}
		for i := range spans {
			b.add(&spans[i], 7)
		}
		columns := map[key]*column{}
		for _, k := range b.keys() {
			c := b.look(k, b.rows)
			var err error
			if columns[k], err = readColumn(k.kind, c.writeValues(nil), c.writeCells(nil), b.rows); err != nil {
				t.Fatalf("column %v cannot be read: %v", k, err)
			}
		}
		for i, want := range spans {
			got := rowReader{columns}.span(before + i)
			if want.Meta == nil {
				want.Meta = map[string]string{}
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("span %d is %+v", i, got)
			}
		}
	})
}

// FuzzUnpack has any text in the place of links and of events.
func FuzzUnpack(f *testing.F) {
	f.Add("")
	f.Add("\xdd\xff\xff\xff\xff")
	f.Add("\x91Z\xa50Y9A8\x82\xa1Y0\xa1Z\xd4\xff1") // an extension of MessagePack
	for _, s := range fuzzed() {
		f.Add(packLinks(s.Links))
		f.Add(packEvents(s.Events))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if found := unpackLinks(text); !reflect.DeepEqual(unpackLinks(packLinks(found)), found) {
			t.Fatalf("links: %+v", found)
		}
		found := unpackEvents(text)
		for _, event := range found {
			for _, value := range event.Attributes {
				switch value.(type) {
				case string, bool, int64, uint64, float64:
				default: // no intake makes such
					return
				}
			}
		}
		again := unpackEvents(packEvents(found))
		same := slices.EqualFunc(found, again, func(a, b apm.Event) bool { return a.Time == b.Time && a.Name == b.Name })
		if !same {
			t.Fatalf("events: %+v, and again %+v", found, again)
		}
	})
}
