package store

import "thinker/shared/apm"

// sizeOf is about how many bytes of memory a span takes: its strings, and what
// Go adds for the span itself and for each entry of its maps.
func sizeOf(s *apm.Span) int {
	const (
		span  = 400
		entry = 64
	)
	size := span + len(s.Service) + len(s.Name) + len(s.Resource) + len(s.Type)
	for name, value := range s.Meta {
		size += entry + len(name) + len(value)
	}
	for name := range s.Metrics {
		size += entry + len(name)
	}
	for i := range s.Links {
		size += entry
		for name, value := range s.Links[i].Attributes {
			size += entry + len(name) + len(value)
		}
	}
	for i := range s.Events {
		size += entry + len(s.Events[i].Name)
		for name, value := range s.Events[i].Attributes {
			size += entry + len(name)
			if text, ok := value.(string); ok {
				size += len(text)
			}
		}
	}
	return size
}
