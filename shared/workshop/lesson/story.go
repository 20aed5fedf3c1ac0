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

// A story is what the spans of one request tell: by which each service was
// entered, and what is below what.
type story struct {
	Request
	subjects []string
	api      *apm.Span // that answers the request; nil where there is none
	thinker  *apm.Span // that answers the api; nil where there is none
	spans    []*apm.Span
	byID     map[spanID]*apm.Span
}

type spanID struct{ trace, span uint64 }

func newStory(r Request) *story {
	s := &story{Request: r, subjects: subjects(r.Path), byID: map[spanID]*apm.Span{}}
	for _, trace := range r.Traces {
		for i := range trace.Spans {
			span := &trace.Spans[i]
			s.spans = append(s.spans, span)
			s.byID[spanID{span.TraceID, span.SpanID}] = span
		}
	}
	s.api = s.first(asksAPI)
	if s.api == nil {
		s.api = s.first(func(span *apm.Span) bool { return span.Service == apiService && s.enters(span) })
	}
	s.thinker = s.first(func(span *apm.Span) bool {
		return span.Service == thinkerService && span != s.api && s.enters(span) && !isThink(span)
	})
	if s.thinker == nil {
		s.thinker = s.first(func(span *apm.Span) bool {
			return span.Type == "web" && !asksAPI(span) && span != s.api && subjects(span.Meta["http.url"]) != nil
		})
	}
	return s
}

// asksAPI tells a span that answers a request to the api, whatever its service
// is called.
func asksAPI(span *apm.Span) bool {
	u, err := url.Parse(span.Meta["http.url"])
	return err == nil && u.Path == "/think/" && !isClient(span) && subjects(span.Meta["http.url"]) != nil
}

func isThink(span *apm.Span) bool { return span.Name == "think" }

// isClient tells a span for a call to another service, whatever it is named.
func isClient(span *apm.Span) bool {
	return span.Type == "http" || span.Meta["span.kind"] == "client" && !isQuery(span) && !isRedis(span)
}

// isQuery tells a span for an SQL statement, of any driver.
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

// first is the first span, by its start in its trace, of which is holds.
func (s *story) first(is func(*apm.Span) bool) *apm.Span {
	for _, span := range s.spans {
		if is(span) {
			return span
		}
	}
	return nil
}

// all are the spans of which is holds.
func (s *story) all(is func(*apm.Span) bool) (found []*apm.Span) {
	for _, span := range s.spans {
		if is(span) {
			found = append(found, span)
		}
	}
	return found
}

// parent is nil for a root, and for a span whose parent has not come.
func (s *story) parent(span *apm.Span) *apm.Span { return s.byID[spanID{span.TraceID, span.ParentID}] }

// enters tells that a span is where its trace enters its service.
func (s *story) enters(span *apm.Span) bool {
	parent := s.parent(span)
	return parent == nil || parent.Service != span.Service
}

// below tells that a span is a child of another, or of a span below that.
func (s *story) below(span, ancestor *apm.Span) bool {
	for range s.spans { // parents may lead in a circle
		if span = s.parent(span); span == nil || span == ancestor {
			break
		}
	}
	return span != nil && span == ancestor
}

// allBelow are the spans below one of which is holds.
func (s *story) allBelow(ancestor *apm.Span, is func(*apm.Span) bool) []*apm.Span {
	return s.all(func(span *apm.Span) bool { return is(span) && s.below(span, ancestor) })
}

// think is the span for the thinking about a subject, below the thinker's if any is.
func (s *story) think(subject string) *apm.Span {
	is := func(span *apm.Span) bool { return isThink(span) && span.Meta["subject"] == subject }
	if s.thinker != nil {
		if below := s.allBelow(s.thinker, is); len(below) > 0 {
			return below[0]
		}
	}
	return s.first(is)
}

// outlived tells that a span had ended while one that it is for was at work:
// before that was half done.
func outlived(span, work *apm.Span) bool { return span.End() < work.Start+int64(work.Duration)/2 }
