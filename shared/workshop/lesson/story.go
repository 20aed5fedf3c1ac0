package lesson

import (
	"net/url"
	"slices"
	"strings"

	"thinker/shared/apm"
)

// The services, as their spans must name them.
const (
	apiService     = "thinker-api"
	thinkerService = "thinker-microservice"
)

// A story is one request as its spans tell it: the span with which each service
// was entered, and which span is below which.
type story struct {
	Request
	spanTree
	subjects []string
	api      *apm.Span // of the request to the api; nil if there is none
	thinker  *apm.Span // of the api's request to the microservice; nil if there is none
}

func newStory(r Request) *story {
	s := &story{Request: r, subjects: subjects(r.Path), spanTree: newSpanTree(r.Traces)}
	s.Traces = slices.DeleteFunc(slices.Clone(r.Traces), func(trace apm.Trace) bool { return !s.has(trace.ID) })
	s.api = s.first(entersAPI)
	if s.api == nil {
		s.api = s.first(func(span *apm.Span) bool { return span.Service == apiService && s.enters(span) })
	}
	s.thinker = s.first(func(span *apm.Span) bool {
		return span.Service == thinkerService && span != s.api && s.enters(span) &&
			!isThink(span) && !isRedis(span) && !isQuery(span)
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
