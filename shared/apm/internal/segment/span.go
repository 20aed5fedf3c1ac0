package segment

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tinylib/msgp/msgp"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
)

// A Span is a span while Fill sets its values from columns.
type Span struct {
	apm.Span
	Row   int
	Bytes int // approximate size in memory
}

// NewSpan returns a row's span without any values.
func NewSpan(row int) Span {
	const empty = 500 // bytes, with its maps
	return Span{apm.Span{Meta: map[string]string{}}, row, empty}
}

// Fill sets a column's values of spans, which are ordered by row, and returns the bytes by
// which they grow. If shared is set, the column stays in memory anyway. Otherwise Fill
// copies the texts, since a substring keeps the whole text in memory.
func (c *Column) Fill(name query.Column, spans []Span, shared bool) (bytes int) {
	if name.Kind == query.Integer {
		for i := range spans {
			spans[i].setNumber(name, c.Numbers[spans[i].Row])
		}
		return 0
	}
	const cell = 50     // bytes of a tag, without its text
	var copies []string // by code
	if len(spans) > len(c.Values)/16 {
		copies = make([]string, len(c.Values))
	}
	for span, code := range c.cells(spans) {
		before := span.Bytes
		text := c.Values[code]
		span.Bytes += cell
		switch {
		case shared || name.Kind == query.NumberTag:
		case copies != nil && copies[code] != "":
			text = copies[code]
		default:
			text = strings.Clone(text)
			span.Bytes += len(text)
			if copies != nil {
				copies[code] = text
			}
		}
		span.set(name, text)
		bytes += span.Bytes - before
	}
	return bytes
}

// cells yields the spans that have a value, with the value's code.
func (c *Column) cells(spans []Span) iter.Seq2[*Span, uint16] {
	return func(yield func(*Span, uint16) bool) {
		at := 0
		for i := range spans {
			row := uint16(spans[i].Row)
			if len(spans) > len(c.Rows)/16 {
				for at < len(c.Rows) && c.Rows[at] < row {
					at++
				}
			} else {
				more, _ := slices.BinarySearch(c.Rows[at:], row)
				at += more
			}
			if at == len(c.Rows) {
				return
			}
			if c.Rows[at] == row && !yield(&spans[i], c.Codes[at]) {
				return
			}
		}
	}
}

func (s *Span) setNumber(name query.Column, number uint64) {
	switch name {
	case query.TraceID:
		s.TraceID = number
	case query.SpanID:
		s.SpanID = number
	case query.ParentID:
		s.ParentID = number
	case query.Start:
		s.Start = int64(number)
	case query.Duration:
		s.Duration = time.Duration(number)
	}
}

func (s *Span) set(name query.Column, text string) {
	switch name.Kind {
	case query.TextTag:
		s.Meta[name.Name] = text
		return
	case query.NumberTag:
		if s.Metrics == nil {
			s.Metrics = map[string]float64{}
		}
		s.Metrics[name.Name] = Float(text)
		return
	}
	switch name {
	case query.Service:
		s.Service = text
	case query.Operation:
		s.Name = text
	case query.Resource:
		s.Resource = text
	case query.Type:
		s.Type = text
	case query.Failed:
		s.Error = text != ""
	case query.TraceIDHigh:
		if len(text) == 8 {
			s.TraceIDHigh = binary.BigEndian.Uint64([]byte(text))
		}
	case links:
		s.Links = unpackLinks(text)
		s.Bytes += 8 * len(text)
	case events:
		s.Events = unpackEvents(text)
		s.Bytes += 8 * len(text)
	}
}

// Links and events are rare. They are stored as MessagePack, which distinguishes integers
// from other numbers.

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

// unpackLinks reads what packLinks wrote, and returns nil for anything else.
func unpackLinks(text string) (links []apm.Link) {
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
			packed = msgp.AppendMapHeader(before, 0) // an attribute has a type that no intake creates
		}
	}
	return string(packed)
}

// unpackEvents reads what packEvents wrote, and returns nil for anything else.
func unpackEvents(text string) (events []apm.Event) {
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
