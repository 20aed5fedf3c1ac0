package intake

import (
	"net/http"
	"strconv"

	"thinker/shared/apm"
)

// markTopLevel marks the spans with which a trace enters a service, as the
// Agent does for tracers that leave it to their Agent. A tracer that says so of
// any span of a chunk is believed about all of them; so is one that announces
// that it has looked, whose chunks may well enter nothing: what is sent late
// has its parent in an earlier chunk.
func (p *payload) markTopLevel(header http.Header) {
	if isTrue(header, "Datadog-Client-Computed-Top-Level") {
		return
	}
	begin := 0
	for _, end := range p.ends {
		markTopLevel(p.spans[begin:end])
		begin = end
	}
}

// markTopLevel does so for one chunk: where the parent is elsewhere, or of
// another service.
func markTopLevel(chunk []apm.Span) {
	const ours, tracers = "_top_level", "_dd.top_level"
	for i := range chunk {
		for _, said := range []string{ours, tracers} {
			if _, ok := chunk[i].Metrics[said]; ok {
				return
			}
		}
	}
	type id struct{ trace, span uint64 }
	service := make(map[id]string, len(chunk))
	for i := range chunk {
		service[id{chunk[i].TraceID, chunk[i].SpanID}] = chunk[i].Service
	}
	for i := range chunk {
		span := &chunk[i]
		above, ok := service[id{span.TraceID, span.ParentID}]
		if ok && span.ParentID != 0 && above == span.Service {
			continue
		}
		if span.Metrics == nil {
			span.Metrics = map[string]float64{}
		}
		span.Metrics[ours] = 1
	}
}

// isTrue tells whether a header is there and does not say no, as the Agent
// reads those of its headers that are switches.
func isTrue(header http.Header, name string) bool {
	value := header.Get(name)
	said, err := strconv.ParseBool(value)
	return value != "" && (said || err != nil)
}
