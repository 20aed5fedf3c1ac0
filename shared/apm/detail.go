package apm

import (
	"maps"
	"slices"
	"strings"
)

// Detail is what the span worked on: its resource or, where that only repeats
// the operation, the URL it asked for or the tags that its own program gave it,
// as in subject:war.
func (s *Span) Detail() string {
	if s.Resource != "" && s.Resource != s.Name {
		return s.Resource
	}
	if url := s.Meta["http.url"]; url != "" {
		return url
	}
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(s.Meta)) {
		if !givenByTracer(name) {
			tags = append(tags, name+":"+s.Meta[name])
		}
	}
	return strings.Join(tags, " ")
}

// OwnTags are the names of the tags that programs gave their spans by hand, as
// far as names tell: those without a namespace.
func (t Trace) OwnTags() []string {
	own := map[string]bool{}
	for i := range t.Spans {
		for name := range t.Spans[i].Meta {
			own[name] = true
		}
		for name := range t.Spans[i].Metrics {
			own[name] = true
		}
	}
	maps.DeleteFunc(own, func(name string, _ bool) bool { return givenByTracer(name) })
	return slices.Sorted(maps.Keys(own))
}

// givenByTracer tells the tags that every span of a program carries, or that
// libraries set, by their names: those have a namespace.
func givenByTracer(tag string) bool {
	switch tag {
	case "env", "version", "language", "runtime-id", "component":
		return true
	}
	return strings.ContainsAny(tag, "._")
}
