package store

import (
	"time"

	"github.com/tinylib/msgp/msgp"

	"thinker/shared/apm"
)

// A rowReader makes spans of columns again.
type rowReader struct {
	columns map[key]*column
}

func (r rowReader) span(row int) apm.Span {
	number := func(name string) uint64 { return r.columns[key{wide, name}].numbers[row] }
	text := func(name string) string { value, _ := r.columns[key{field, name}].at(row); return value }
	s := apm.Span{
		TraceID: number(traceID), SpanID: number(spanID), ParentID: number(parentID),
		Start: int64(number(start)), Duration: time.Duration(number(duration)),
		Service: text(service), Name: text(name), Resource: text(resource), Type: text(spanType),
		Error: text(failed) != "",
		Links: unpackLinks(text(links)), Events: unpackEvents(text(events)),
		Meta: map[string]string{},
	}
	s.TraceIDHigh = r.columns[key{field, traceIDHigh}].numberAt(row)
	for k, c := range r.columns {
		if k.kind != meta && k.kind != metric {
			continue
		}
		value, ok := c.at(row)
		switch {
		case !ok:
		case k.kind == meta:
			s.Meta[k.name] = value
		default:
			if s.Metrics == nil {
				s.Metrics = map[string]float64{}
			}
			s.Metrics[k.name] = float(value)
		}
	}
	return s
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
