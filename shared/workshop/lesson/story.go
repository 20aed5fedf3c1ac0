package lesson

import (
	"net/url"
	"strings"

	"thinker/shared/apm"
)

// The services, as their spans must name them.
const (
	apiService     = "thinker-api"
	thinkerService = "thinker-microservice"
)

// A story is one request as its spans tell it: the span with which each service
// was entered, and which span is below which. It leaves out the spans of a Redis
// client's connections: see connects.
type story struct {
	Request
	subjects []string
	api      *apm.Span // of the request to the api; nil if there is none
	thinker  *apm.Span // of the api's request to the microservice; nil if there is none
	spans    []*apm.Span
	byID     map[spanID]*apm.Span
}

type spanID struct{ trace, span uint64 }

func newStory(r Request) *story {
	s := &story{Request: r, subjects: subjects(r.Path), byID: map[spanID]*apm.Span{}}
	s.Traces = nil
	for _, trace := range r.Traces {
		before := len(s.spans)
		for i := range trace.Spans {
			if span := &trace.Spans[i]; !connects(span) {
				s.spans = append(s.spans, span)
				s.byID[spanID{span.TraceID, span.SpanID}] = span
			}
		}
		if len(s.spans) > before {
			s.Traces = append(s.Traces, trace)
		}
	}
	s.api = s.first(entersAPI)
	if s.api == nil {
		s.api = s.first(func(span *apm.Span) bool { return span.Service == apiService && s.enters(span) })
	}
	s.thinker = s.first(func(span *apm.Span) bool {
		return span.Service == thinkerService && span != s.api && s.enters(span) && !isThink(span) && !isRedis(span) && !isQuery(span)
	})
	if s.thinker == nil {
		s.thinker = s.first(func(span *apm.Span) bool {
			return span.Type == "web" && !entersAPI(span) && span != s.api && subjects(span.Meta["http.url"]) != nil
		})
	}
	return s
}

// entersAPI reports whether a span is for a request to the api, whatever its
// service is called.
func entersAPI(span *apm.Span) bool {
	u, err := url.Parse(span.Meta["http.url"])
	return err == nil && u.Path == "/think/" && !isClient(span) && subjects(span.Meta["http.url"]) != nil
}

func isThink(span *apm.Span) bool { return span.Name == "think" }

// isClient reports whether a span is for a request to another service, whatever
// its name is.
func isClient(span *apm.Span) bool {
	return span.Type == "http" || span.Meta["span.kind"] == "client" && !isQuery(span) && !isRedis(span)
}

// isQuery reports whether a span is for an SQL statement, of any driver.
func isQuery(span *apm.Span) bool {
	if span.Type != "sql" {
		return false
	}
	switch strings.ToLower(span.Resource) {
	case "connect", "ping", "begin", "commit", "rollback", "close", "prepare":
		return false // not a statement
	}
	return true
}

func isRedis(span *apm.Span) bool { return span.Type == "redis" || span.Meta["db.system"] == "redis" }

// first returns the first span that fits, by its start within its trace.
func (s *story) first(fits func(*apm.Span) bool) *apm.Span {
	for _, span := range s.spans {
		if fits(span) {
			return span
		}
	}
	return nil
}

// all returns the spans that fit.
func (s *story) all(fits func(*apm.Span) bool) (found []*apm.Span) {
	for _, span := range s.spans {
		if fits(span) {
			found = append(found, span)
		}
	}
	return found
}

// parent returns nil for a root, and for a span whose parent hasn't arrived.
func (s *story) parent(span *apm.Span) *apm.Span { return s.byID[spanID{span.TraceID, span.ParentID}] }

// enters reports whether a trace enters a service with this span.
func (s *story) enters(span *apm.Span) bool {
	parent := s.parent(span)
	return parent == nil || parent.Service != span.Service
}

// below reports whether a span is a child of another, or of a span below that.
func (s *story) below(span, ancestor *apm.Span) bool {
	for range s.spans { // parents may form a circle
		if span = s.parent(span); span == nil || span == ancestor {
			break
		}
	}
	return span != nil && span == ancestor
}

// allBelow returns the spans below another that fit.
func (s *story) allBelow(ancestor *apm.Span, fits func(*apm.Span) bool) []*apm.Span {
	return s.all(func(span *apm.Span) bool { return fits(span) && s.below(span, ancestor) })
}

// think returns the think span for a subject, preferably the one below the
// microservice's span.
func (s *story) think(subject string) *apm.Span {
	fits := func(span *apm.Span) bool { return isThink(span) && span.Meta["subject"] == subject }
	if s.thinker != nil {
		if below := s.allBelow(s.thinker, fits); len(below) > 0 {
			return below[0]
		}
	}
	return s.first(fits)
}

// outlived reports whether a span ended before the work that it covers was half
// done.
func outlived(span, work *apm.Span) bool { return span.End() < work.Start+int64(work.Duration)/2 }
