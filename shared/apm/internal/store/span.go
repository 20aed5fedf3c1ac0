package store

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tinylib/msgp/msgp"

	"thinker/shared/apm"
)

// A rowReader makes spans of columns again.
type rowReader struct {
	columns map[key]*column
}

func (r rowReader) span(row int) apm.Span {
	s := weighed{Span: apm.Span{Meta: map[string]string{}}}
	for k, c := range r.columns {
		if k.kind == wide {
			s.setNumber(k.name, c.numbers[row])
		} else if text, ok := c.at(row); ok {
			s.set(k, text)
		}
	}
	return s.Span
}

// A weighed span knows about how many bytes of memory it takes.
type weighed struct {
	apm.Span
	row   int
	bytes int
}

// spans makes spans of a segment's rows; with keys, only with those attributes.
// It goes column by column, so that only one is in memory. Where the spans would
// take more than so many bytes it returns errTooLarge.
func (s *Store) spans(g *segment, rows rowSet, keys []key, bytes int) ([]weighed, error) {
	const (
		empty = 500 // bytes of a span, with its maps
		cell  = 50  // of a tag, without its text
	)
	n := rows.count()
	spans := make([]weighed, 0, n)
	for row := range rows.all() {
		spans = append(spans, weighed{apm.Span{Meta: map[string]string{}}, row, empty})
	}
	shared := g.builder != nil // its texts stay in memory anyway
	total := empty * n
	err := s.eachColumn(g, keys, func(k key, c *column) error {
		if total > bytes {
			return errTooLarge
		}
		if k.kind == wide {
			for i := range spans {
				spans[i].setNumber(k.name, c.numbers[spans[i].row])
			}
			return nil
		}
		var texts []string // by code: copies, as a part of a text keeps all of it in memory
		if n > len(c.values)/16 {
			texts = make([]string, len(c.values))
		}
		for span, code := range c.cells(spans) {
			before := span.bytes
			text := c.values[code]
			span.bytes += cell
			switch {
			case shared || k.kind == metric:
			case texts != nil && texts[code] != "":
				text = texts[code]
			default:
				text = strings.Clone(text)
				span.bytes += len(text)
				if texts != nil {
					texts[code] = text
				}
			}
			span.set(k, text)
			total += span.bytes - before
		}
		return nil
	})
	if err == nil && total > bytes {
		err = errTooLarge
	}
	return spans, err
}

// cells goes through those of some spans, in order, that have a value in a column,
// and gives the values' codes.
func (c *column) cells(spans []weighed) iter.Seq2[*weighed, uint16] {
	return func(yield func(*weighed, uint16) bool) {
		at := 0
		for i := range spans {
			row := uint16(spans[i].row)
			if len(spans) > len(c.rows)/16 {
				for at < len(c.rows) && c.rows[at] < row {
					at++
				}
			} else {
				more, _ := slices.BinarySearch(c.rows[at:], row)
				at += more
			}
			if at == len(c.rows) {
				return
			}
			if c.rows[at] == row && !yield(&spans[i], c.codes[at]) {
				return
			}
		}
	}
}

// errTooLarge is the error of spans that would take too much memory.
var errTooLarge = errors.New("too large")

func (s *weighed) setNumber(name string, number uint64) {
	switch name {
	case traceID:
		s.TraceID = number
	case spanID:
		s.SpanID = number
	case parentID:
		s.ParentID = number
	case start:
		s.Start = int64(number)
	case duration:
		s.Duration = time.Duration(number)
	}
}

func (s *weighed) set(k key, text string) {
	switch k.kind {
	case meta:
		s.Meta[k.name] = text
		return
	case metric:
		if s.Metrics == nil {
			s.Metrics = map[string]float64{}
		}
		s.Metrics[k.name] = float(text)
		return
	}
	switch k.name {
	case service:
		s.Service = text
	case name:
		s.Name = text
	case resource:
		s.Resource = text
	case spanType:
		s.Type = text
	case failed:
		s.Error = text != ""
	case traceIDHigh:
		if len(text) == 8 {
			s.TraceIDHigh = binary.BigEndian.Uint64([]byte(text))
		}
	case links:
		s.Links = unpackLinks(text)
		s.bytes += 8 * len(text)
	case events:
		s.Events = unpackEvents(text)
		s.bytes += 8 * len(text)
	}
}

// Links and events are rare, and kept as MessagePack, which tells whole numbers
// from others.

func packLinks(links []apm.Link) string {
	packed := msgp.AppendArrayHeader(nil, uint32(len(links)))
	for _, link := range links {
		packed = msgp.AppendUint64(packed, link.TraceIDHigh)
		packed = msgp.AppendUint64(packed, link.TraceID)
		packed = msgp.AppendUint64(packed, link.SpanID)
		packed = msgp.AppendMapStrStr(packed, link.Attributes)
	}
	return string(packed)
}

// unpackLinks reads what packLinks wrote; what somebody else wrote is none.
func unpackLinks(text string) (links []apm.Link) {
	if text == "" {
		return nil
	}
	count, packed, err := msgp.ReadArrayHeaderBytes([]byte(text))
	for range count {
		var link apm.Link
		for _, number := range []*uint64{&link.TraceIDHigh, &link.TraceID, &link.SpanID} {
			if err == nil {
				*number, packed, err = msgp.ReadUint64Bytes(packed)
			}
		}
		if err == nil {
			link.Attributes, packed, err = unpackTexts(packed)
		}
		if err != nil {
			return nil
		}
		links = append(links, link)
	}
	return links
}

func unpackTexts(packed []byte) (texts map[string]string, rest []byte, err error) {
	count, packed, err := msgp.ReadMapHeaderBytes(packed)
	for range count {
		var name, value string
		if err == nil {
			name, packed, err = msgp.ReadStringBytes(packed)
		}
		if err == nil {
			value, packed, err = msgp.ReadStringBytes(packed)
		}
		if err != nil {
			return nil, packed, err
		}
		if texts == nil {
			texts = map[string]string{}
		}
		texts[name] = value
	}
	return texts, packed, err
}

func packEvents(events []apm.Event) string {
	packed := msgp.AppendArrayHeader(nil, uint32(len(events)))
	for _, event := range events {
		packed = msgp.AppendInt64(packed, event.Time)
		packed = msgp.AppendString(packed, event.Name)
		before := packed
		var err error
		if packed, err = msgp.AppendMapStrIntf(packed, event.Attributes); err != nil {
			packed = msgp.AppendMapHeader(before, 0) // of a type that no intake makes
		}
	}
	return string(packed)
}

// unpackEvents reads what packEvents wrote.
func unpackEvents(text string) (events []apm.Event) {
	if text == "" {
		return nil
	}
	count, packed, err := msgp.ReadArrayHeaderBytes([]byte(text))
	for range count {
		var event apm.Event
		if err == nil {
			event.Time, packed, err = msgp.ReadInt64Bytes(packed)
		}
		if err == nil {
			event.Name, packed, err = msgp.ReadStringBytes(packed)
		}
		if err == nil {
			event.Attributes, packed, err = msgp.ReadMapStrIntfBytes(packed, nil)
		}
		if err != nil {
			return nil
		}
		if len(event.Attributes) == 0 {
			event.Attributes = nil
		}
		events = append(events, event)
	}
	return events
}
