package intake

import (
	"cmp"
	"encoding/json"
	"fmt"

	"thinker/shared/apm"
)

// Bounds of one payload, in bytes of memory. A few packed bytes may unfold into
// very many.
const (
	// maxDecoded bounds the spans of a payload once they are decoded. 40,000 of
	// 20 tags each weigh half as much to three quarters, depending on the format.
	maxDecoded = 160 << 20
	// maxTagged bounds links and events that come as JSON in tags.
	maxTagged = 16 << 20
	// maxText bounds the text of all spans as it would be if it was spelled out
	// for each, in bytes. Some formats spell a text out once and refer to it.
	maxText = 128 << 20
	// maxSpanText and maxSpanTags bound one span.
	maxSpanText = 8 << 20
	maxSpanTags = 10_000
	// maxList bounds the text of one value that is a list, in bytes.
	maxList = 1 << 20
)

// Estimates of what decoding takes, in bytes of memory.
const (
	weightSpan  = 800 // as it came and as it is handed on, with a map of metrics
	weightTable = 320 // a map or an array
	weightValue = 24  // a text besides its bytes, a number, a reference
	// weightTyped is the same in v1.0, where each value is a separate object
	// until it is converted.
	weightTyped = 40
)

// A shape is what must be known of a format to weigh its payloads.
type shape struct {
	spans int   // how deep they are among maps and arrays, counted from 1
	value int64 // its weight
}

// A sizeError reports a payload that is too large once decoded.
type sizeError struct {
	what      string
	size, max int64
}

func (e sizeError) Error() string {
	return fmt.Sprintf("too large: %s %d, limit %d. Send fewer or smaller spans at a time", e.what, e.size, e.max)
}

// within returns a sizeError if size is more than most.
func within(what string, size, most int64) error {
	if size > most {
		return sizeError{what, size, most}
	}
	return nil
}

// A reservation waits for room in a stage.
type reservation func(s stage, size int64) error

func (r reservation) decoded(weight int64) error {
	if err := within("bytes of memory to decode it:", weight, maxDecoded); err != nil {
		return err
	}
	return r(decoded, weight)
}

// weighJSON estimates how much memory JSON takes once it is decoded, in which
// spans are objects at a depth counted from 1; 0 where there are none.
func weighJSON[text []byte | string](body text, spans int) (weight int64) {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '{' || c == '[':
			depth++
			weight += weightTable
			if depth == spans {
				weight += weightSpan
			}
		case c == '}' || c == ']':
			depth--
		case c == '"':
			begin := i
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			weight += int64(i - begin)
			if depth != spans { // a span's own fields are in its weight
				weight += weightValue
			}
		case c > ' ' && c != ',' && c != ':': // a number or a name
			for i+1 < len(body) && body[i+1] > ' ' && body[i+1] != ',' && body[i+1] != '}' && body[i+1] != ']' {
				i++
			}
			if depth != spans {
				weight += weightValue
			}
		}
	}
	return weight
}

// Names of tags in which tracers send links and events as JSON.
const (
	tagLinks  = "_dd.span_links"
	tagEvents = "events"
)

// complete reads what spans have in tags, shortens their texts, and counts what
// they hold.
func (p *payload) complete(reserve reservation) error {
	var unfinished []int // spans that change
	p.text = p.built
	weight := int64(0)
	for i := range p.spans {
		m := measure(&p.spans[i])
		if m.tagged > 0 || m.long {
			unfinished = append(unfinished, i)
			weight += m.tagged
		} else if err := p.count(&p.spans[i], m.text); err != nil {
			return err
		}
	}
	if weight > 0 {
		if err := within("bytes of memory to decode the links and events in tags:", weight, maxTagged); err != nil {
			return err
		}
		if err := reserve(tagged, weight); err != nil {
			return err
		}
	}
	var short truncator
	for _, i := range unfinished {
		span := &p.spans[i]
		readTaggedLinks(span)
		readTaggedEvents(span)
		short.truncate(span)
		if err := p.count(span, measure(span).text); err != nil {
			return err
		}
	}
	return nil
}

// count adds a span to what the payload holds.
func (p *payload) count(span *apm.Span, text int64) error {
	tags := len(span.Meta) + len(span.Metrics)
	p.tags += tags
	p.text += text
	return cmp.Or(
		within("tags of one span:", int64(tags), maxSpanTags),
		within("bytes of text in one span:", text, maxSpanText),
		within("bytes of text in all spans:", p.text, maxText),
	)
}

// A measurement is what one look at a span's tags tells.
type measurement struct {
	text   int64 // bytes of all texts
	tagged int64 // memory that the links and events take that are in tags
	long   bool  // a text is over its limit
}

func measure(span *apm.Span) measurement {
	n := len(span.Service) + len(span.Name) + len(span.Resource) + len(span.Type)
	m := measurement{long: len(span.Resource) > maxResource}
	for tag, value := range span.Meta {
		n += len(tag) + len(value)
		m.long = m.long || len(tag) > maxTag || len(value) > maxValue
		if tag == tagEvents || tag == tagLinks {
			m.tagged += weighJSON(value, 0)
		}
	}
	for tag := range span.Metrics {
		n += len(tag)
		m.long = m.long || len(tag) > maxTag
	}
	for _, link := range span.Links {
		for tag, value := range link.Attributes {
			n += len(tag) + len(value)
		}
	}
	for _, event := range span.Events {
		n += len(event.Name)
		for name, value := range event.Attributes {
			n += len(name) + sizeOf(value)
		}
	}
	m.text = int64(n)
	return m
}

// sizeOf returns about how many bytes an event's attribute takes as text.
func sizeOf(value any) int {
	const number = 8
	n := number
	switch value := value.(type) {
	case string:
		n = len(value)
	case json.Number:
		n = len(value)
	case []any:
		for _, element := range value {
			n += sizeOf(element)
		}
	case map[string]any:
		for name, element := range value {
			n += len(name) + sizeOf(element)
		}
	}
	return n
}

// maxStoring bounds what the sink is given at any moment, as portion weighs it.
const maxStoring = 24 << 20

// A portion is spans that the sink is given at once.
type portion struct {
	spans  []apm.Span
	weight int64 // about how many bytes they take there until they are kept
}

// portions divides the spans of a payload. Their text is written down, and each
// tag's name may be one that the sink hasn't met.
func (p *payload) portions() (all []portion) {
	const (
		most    = 8 << 20
		perSpan = 256
		perTag  = 160
	)
	weigh := func(spans, tags int, text int64) int64 { return perSpan*int64(spans) + perTag*int64(tags) + text }
	if weight := weigh(len(p.spans), p.tags, p.text); weight < most {
		return []portion{{p.spans, weight}}
	}
	for rest := p.spans; len(rest) > 0; {
		n, weight := 0, int64(0)
		for n < len(rest) && weight < most {
			weight += weigh(1, len(rest[n].Meta)+len(rest[n].Metrics), measure(&rest[n]).text)
			n++
		}
		all = append(all, portion{rest[:n:n], min(weight, maxStoring)})
		rest = rest[n:]
	}
	return all
}
