package search

import (
	"fmt"

	"thinker/shared/apm"
)

// A Scope is which spans of a trace a query looks at.
type Scope int

const (
	AllSpans          Scope = iota
	ServiceEntrySpans       // with which a trace enters a service
	RootSpans               // without a parent
)

// Scopes are all of them.
func Scopes() []Scope { return []Scope{AllSpans, ServiceEntrySpans, RootSpans} }

// String is the scope as URLs and commands write it.
func (s Scope) String() string { return [...]string{"all", "service-entry", "root"}[s] }

// Name is the scope as pages call it, which is Datadog's word for it.
func (s Scope) Name() string {
	return [...]string{"All spans", "Service Entry spans", "Root spans"}[s]
}

// ParseScope reads what String writes; nothing is AllSpans.
func ParseScope(text string) (Scope, error) {
	for _, scope := range Scopes() {
		if text == scope.String() || text == "" {
			return scope, nil
		}
	}
	return AllSpans, fmt.Errorf("scope %.40q: expected all, service-entry or root", text)
}

// of tells which spans of the trace are in the scope. A span enters a service
// where its tracer says so or, as not all do, where its parent is of another
// service or is not there.
func (s Scope) of(trace []apm.Span) func(*apm.Span) bool {
	switch s {
	case RootSpans:
		return func(span *apm.Span) bool { return span.ParentID == 0 }
	case ServiceEntrySpans:
		var services map[uint64]string // by span ID; made when first needed
		return func(span *apm.Span) bool {
			if span.Metrics["_dd.top_level"] == 1 || span.Metrics["_top_level"] == 1 {
				return true
			}
			if services == nil {
				services = make(map[uint64]string, len(trace))
				for i := range trace {
					services[trace[i].SpanID] = trace[i].Service
				}
			}
			service, arrived := services[span.ParentID]
			return !arrived || service != span.Service
		}
	default:
		return func(*apm.Span) bool { return true }
	}
}
