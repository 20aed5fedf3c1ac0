package lesson

import (
	"slices"

	"thinker/shared/apm"
)

// A spanTree is the spans of a request by their parents. It leaves out the spans of a
// Redis client's connections: see connects.
type spanTree struct {
	spans []*apm.Span // by their start within each trace
	byID  map[spanID]*apm.Span
}

type spanID struct{ trace, span uint64 }

func newSpanTree(traces []apm.Trace) spanTree {
	t := spanTree{byID: map[spanID]*apm.Span{}}
	for _, trace := range traces {
		for i := range trace.Spans {
			if span := &trace.Spans[i]; !connects(span) {
				t.spans = append(t.spans, span)
				t.byID[spanID{span.TraceID, span.SpanID}] = span
			}
		}
	}
	return t
}

// has reports whether there is a span of a trace.
func (t *spanTree) has(traceID uint64) bool {
	return slices.ContainsFunc(t.spans, func(span *apm.Span) bool { return span.TraceID == traceID })
}

// first returns the first span that fits, by its start within its trace.
func (t *spanTree) first(fits func(*apm.Span) bool) *apm.Span {
	if i := slices.IndexFunc(t.spans, fits); i >= 0 {
		return t.spans[i]
	}
	return nil
}

// all returns the spans that fit.
func (t *spanTree) all(fits func(*apm.Span) bool) []*apm.Span {
	return slices.DeleteFunc(slices.Clone(t.spans), func(span *apm.Span) bool { return !fits(span) })
}

// parent returns nil for a root, and for a span whose parent hasn't arrived.
func (t *spanTree) parent(span *apm.Span) *apm.Span {
	return t.byID[spanID{span.TraceID, span.ParentID}]
}

// enters reports whether a trace enters a service with this span.
func (t *spanTree) enters(span *apm.Span) bool {
	parent := t.parent(span)
	return parent == nil || parent.Service != span.Service
}

// below reports whether a span is a child of another, or of a span below that.
func (t *spanTree) below(span, ancestor *apm.Span) bool {
	for range t.spans { // parents may form a circle
		if span = t.parent(span); span == nil || span == ancestor {
			break
		}
	}
	return span != nil && span == ancestor
}

// allBelow returns the spans below another that fit.
func (t *spanTree) allBelow(ancestor *apm.Span, fits func(*apm.Span) bool) []*apm.Span {
	return t.all(func(span *apm.Span) bool { return fits(span) && t.below(span, ancestor) })
}
