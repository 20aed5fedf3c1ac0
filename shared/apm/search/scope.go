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
	return AllSpans, fmt.Errorf("unknown scope %.40q; use all, service-entry or root", text)
}

// Includes tells whether the span is in the scope.
func (s Scope) Includes(span *apm.Span) bool {
	switch s {
	case RootSpans:
		return span.ParentID == 0
	case ServiceEntrySpans:
		return span.TopLevel()
	default:
		return true
	}
}
