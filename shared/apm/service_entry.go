package apm

import "slices"

// A service entry span is the first span of its service in a trace. One of two numeric tags
// is 1 on it: tracers set the first, and agents the second for tracers that set none.
const (
	tracersTopLevel = "_dd.top_level"
	agentsTopLevel  = "_top_level"
)

// TopLevelTags returns the numeric tags of which one is 1 on a service entry span.
func TopLevelTags() []string { return []string{tracersTopLevel, agentsTopLevel} }

// TopLevel reports whether the span is a service entry span.
func (s *Span) TopLevel() bool {
	return slices.ContainsFunc(TopLevelTags(), func(tag string) bool { return s.Metrics[tag] == 1 })
}

// MarkTopLevel marks the service entry spans of a chunk as the Datadog Agent does: those
// whose parent is in another chunk or belongs to another service. If the tracer has marked
// any span of the chunk, it has marked them all.
func MarkTopLevel(chunk []Span) {
	type id struct{ trace, span uint64 }
	services := make(map[id]string, len(chunk))
	for i := range chunk {
		span := &chunk[i]
		_, marked := span.Metrics[agentsTopLevel]
		_, markedByTracer := span.Metrics[tracersTopLevel]
		if marked || markedByTracer {
			return
		}
		services[id{span.TraceID, span.SpanID}] = span.Service
	}
	for i := range chunk {
		span := &chunk[i]
		service, found := services[id{span.TraceID, span.ParentID}]
		if found && span.ParentID != 0 && service == span.Service {
			continue
		}
		if span.Metrics == nil {
			span.Metrics = map[string]float64{}
		}
		span.Metrics[agentsTopLevel] = 1
	}
}
