package intake

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/tinylib/msgp/msgp"

	"thinker/shared/apm"
)

// Limits of one payload, in bytes of memory. A few bytes of a body may stand for very
// many.
const (
	// maxDecoded limits the decoded spans. 40,000 spans with 20 tags each take half to
	// three quarters of it, depending on the format.
	maxDecoded = 160 << 20
	// maxTagged limits the links and events that tags contain as JSON.
	maxTagged = 16 << 20
	// maxText limits the text of all spans. A text counts for each span that refers to it.
	maxText = 128 << 20
	// maxSpanText and maxSpanTags limit one span.
	maxSpanText = 8 << 20
	maxSpanTags = 10_000
	// maxList limits the text of one list, in v1.0.
	maxList = 1 << 20
)

// Estimates of the memory that decoding takes, in bytes.
const (
	weightSpan  = 800 // as sent and as converted, with a map of metrics
	weightTable = 320 // a map or an array
	weightValue = 24  // a text, besides its bytes; a number; a reference
	weightTyped = 40  // the same in v1.0, where each value is an object until it is converted
	numberText  = 8   // a number, as text
)

// A sizeError reports a payload that would be too large once decoded.
type sizeError struct {
	what        string
	size, limit int64
}

func (e sizeError) Error() string {
	return fmt.Sprintf("too large: %s %d, limit %d. Send fewer or smaller spans at a time", e.what, e.size, e.limit)
}

// checkSize returns a sizeError if size exceeds the limit.
func checkSize(what string, size, limit int64) error {
	if size > limit {
		return sizeError{what, size, limit}
	}
	return nil
}

func (p *payload) reserveDecoded(weight int64) error {
	if err := checkSize("bytes of memory to decode it:", weight, maxDecoded); err != nil {
		return err
	}
	return p.reserve(decoding, weight)
}

// unpack decodes MessagePack after it has checked it and reserved memory. Spans are at
// spanDepth among maps and arrays, counted from 1.
func (p *payload) unpack(body []byte, spanDepth int, valueWeight int64, decode func() error) error {
	weight, err := weighMessagePack(body, spanDepth, valueWeight)
	if err == nil {
		if err := p.reserveDecoded(weight); err != nil {
			return err
		}
		err = decode()
	}
	if err != nil {
		return fmt.Errorf("as MessagePack: %w", err)
	}
	return nil
}

// weighMessagePack estimates the memory that MessagePack takes once decoded. The decoders
// allocate as many spans, strings or tags as a header announces, so eight bytes could
// request half a gigabyte. So each announced value must be there, with at least a byte.
// See decisions/payload-size-estimate.md.
func weighMessagePack(body []byte, spanDepth int, valueWeight int64) (weight int64, err error) {
	// The formats need a dozen levels, and an event's attributes may be lists of lists.
	const maxDepth = 100
	var (
		pending [maxDepth]int // values still to come, in each container around this one
		depth   int
	)
	pending[0] = 1
	for {
		for pending[depth] == 0 {
			if depth == 0 {
				return weight, nil // the decoders ignore what follows
			}
			depth--
		}
		pending[depth]--

		var announced uint32
		before, values := len(body), 0
		switch msgp.NextType(body) {
		case msgp.ArrayType:
			announced, body, err = msgp.ReadArrayHeaderBytes(body)
			values = int(announced)
		case msgp.MapType:
			announced, body, err = msgp.ReadMapHeaderBytes(body)
			values = 2 * int(announced)
		default:
			if body, err = msgp.Skip(body); err == nil {
				weight += int64(before - len(body))
				if depth != spanDepth { // a span's own fields are part of its weight
					weight += valueWeight
				}
				continue
			}
		}
		if prefix := msgp.InvalidPrefixError(0); errors.As(err, &prefix) {
			return 0, fmt.Errorf("%#x does not start a value", byte(prefix))
		} else if err != nil {
			return 0, errors.New("the payload is truncated")
		}
		if values > len(body) {
			return 0, fmt.Errorf("it announces %d values in %d bytes", values, len(body))
		}
		if depth++; depth == len(pending) {
			return 0, fmt.Errorf("its values are nested more than %d deep", maxDepth-1)
		}
		weight += weightTable
		if depth == spanDepth {
			weight += weightSpan
		}
		pending[depth] = values
	}
}

// weighJSON estimates the memory that JSON takes once decoded. Spans are objects at
// spanDepth, counted from 1; 0 if there are none.
func weighJSON[text []byte | string](body text, spanDepth int) (weight int64) {
	depth := 0
	for i := 0; i < len(body); i++ {
		start := i
		switch c := body[i]; {
		case c == '{' || c == '[':
			depth++
			weight += weightTable
			if depth == spanDepth {
				weight += weightSpan
			}
			continue
		case c == '}' || c == ']':
			depth--
			continue
		case c <= ' ' || c == ',' || c == ':':
			continue
		case c == '"':
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			weight += int64(i - start)
		default: // a number, true, false or null
			for i+1 < len(body) && body[i+1] > ' ' && body[i+1] != ',' && body[i+1] != '}' && body[i+1] != ']' {
				i++
			}
		}
		if depth != spanDepth { // a span's own fields are part of its weight
			weight += weightValue
		}
	}
	return weight
}

// finish decodes the links and events in tags, truncates long texts, and checks the
// limits.
func (p *payload) finish() error {
	p.weights = make([]int64, len(p.spans))
	var changing []int // spans with such tags or texts
	var weight int64
	for i := range p.spans {
		m := measure(&p.spans[i])
		if m.tagged > 0 || m.long {
			changing = append(changing, i)
			weight += m.tagged
		} else if err := p.count(i, m.text); err != nil {
			return err
		}
	}
	if weight > 0 {
		err := checkSize("bytes of memory to decode the links and events in tags:", weight, maxTagged)
		if err != nil {
			return err
		}
		if err := p.reserve(tagged, weight); err != nil {
			return err
		}
	}
	short := truncator{}
	for _, i := range changing {
		span := &p.spans[i]
		readTaggedLinks(span)
		readTaggedEvents(span)
		short.truncate(span)
		if err := p.count(i, measure(span).text); err != nil {
			return err
		}
	}
	return nil
}

// count adds a span to the payload's size, and checks the limits.
func (p *payload) count(i int, text int64) error {
	tags := int64(len(p.spans[i].Meta) + len(p.spans[i].Metrics))
	p.text += text
	// The store writes the text down, and a tag's name may be new to it.
	p.weights[i] = 256 + 160*tags + text
	return cmp.Or(
		checkSize("tags of one span:", tags, maxSpanTags),
		checkSize("bytes of text in one span:", text, maxSpanText),
		checkSize("bytes of text in all spans:", p.text, maxText),
	)
}

// A measurement is a span's size.
type measurement struct {
	text   int64 // bytes of all texts
	tagged int64 // memory for the links and events in tags
	long   bool  // a text exceeds its limit
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
		n += len(event.Name) + attributeText(event.Attributes)
	}
	m.text = int64(n)
	return m
}

// attributeText estimates the length of an event's attribute as text.
func attributeText(value any) (size int) {
	switch value := value.(type) {
	case string:
		return len(value)
	case json.Number:
		return len(value)
	case []any:
		for _, element := range value {
			size += attributeText(element)
		}
		return size
	case map[string]any:
		for name, element := range value {
			size += len(name) + attributeText(element)
		}
		return size
	}
	return numberText
}

// portions divides the spans for the sink: a portion takes about 8 MiB while it is stored.
func (p *payload) portions() iter.Seq2[[]apm.Span, int64] {
	const enough = 8 << 20
	return func(yield func([]apm.Span, int64) bool) {
		start, weight := 0, int64(0)
		for i := range p.spans {
			weight += p.weights[i]
			if weight < enough && i < len(p.spans)-1 {
				continue
			}
			if !yield(p.spans[start:i+1:i+1], min(weight, maxStoring)) {
				return
			}
			start, weight = i+1, 0
		}
	}
}
