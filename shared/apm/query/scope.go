package query

import "fmt"

// A Scope limits which spans of a trace a query matches.
type Scope int

const (
	AllSpans          Scope = iota
	ServiceEntrySpans       // the first span of a service in a trace
	RootSpans               // without a parent
)

// Scopes returns all scopes.
func Scopes() []Scope { return []Scope{AllSpans, ServiceEntrySpans, RootSpans} }

// String returns the scope's name in URLs and commands.
func (s Scope) String() string { return [...]string{"all", "service-entry", "root"}[s] }

// Name returns Datadog's name of the scope, which pages show.
func (s Scope) Name() string {
	return [...]string{"All spans", "Service Entry spans", "Root spans"}[s]
}

// ParseScope parses what String returns; "" is AllSpans.
func ParseScope(text string) (Scope, error) {
	for _, scope := range Scopes() {
		if text == scope.String() || text == "" {
			return scope, nil
		}
	}
	return AllSpans, fmt.Errorf("unknown scope %.40q; use all, service-entry or root", text)
}
