package intake

import (
	"maps"
	"strings"
	"unsafe"

	"github.com/DataDog/datadog-agent/pkg/trace/traceutil/normalize"

	"thinker/shared/apm"
)

// The Agent's limits, in bytes: see pkg/trace/agent/truncator.go in its
// repository, and apm_config.max_resource_length for a resource's.
const (
	maxResource = 5_000
	maxTag      = 200 // its name, be its value a text or a number
	maxValue    = 25_000
)

// A truncator shortens the texts of spans as the Agent does. Spans that shared a
// text share what is left of it.
type truncator struct {
	known map[original]string
}

// An original is a text that is too long, and the limit that it is over.
type original struct {
	at    *byte
	limit int
}

func (t *truncator) truncate(span *apm.Span) {
	span.Resource = t.cut(span.Resource, maxResource, "")
	long := false
	for tag, value := range span.Meta {
		long = long || len(tag) > maxTag || len(value) > maxValue
	}
	for tag := range span.Metrics {
		long = long || len(tag) > maxTag
	}
	if !long {
		return
	}
	// Of copies, as a map that is changed while it is walked may show what is new.
	for tag, value := range maps.Clone(span.Meta) {
		if structured(tag) {
			continue
		}
		if len(tag) > maxTag {
			delete(span.Meta, tag)
		}
		span.Meta[t.cut(tag, maxTag, "...")] = t.cut(value, maxValue, "...")
	}
	for tag, value := range maps.Clone(span.Metrics) {
		if len(tag) > maxTag {
			delete(span.Metrics, tag)
			span.Metrics[t.cut(tag, maxTag, "...")] = value
		}
	}
}

// cut shortens a text that is over a limit, and appends an ending. What it
// returns doesn't keep the whole text in memory.
func (t *truncator) cut(text string, limit int, ending string) string {
	if len(text) <= limit {
		return text
	}
	key := original{unsafe.StringData(text), limit}
	short, known := t.known[key]
	if !known {
		if t.known == nil {
			t.known = map[original]string{}
		}
		short = strings.Join([]string{normalize.TruncateUTF8(text, limit), ending}, "")
		t.known[key] = short
	}
	return short
}

// structured reports whether a tag's value has a format that breaks if it is
// shortened.
func structured(tag string) bool {
	if !strings.HasPrefix(tag, "_dd.") {
		return false
	}
	return strings.HasSuffix(tag, ".json") || strings.HasSuffix(tag, ".msgpack") || strings.HasSuffix(tag, ".protobuf")
}
