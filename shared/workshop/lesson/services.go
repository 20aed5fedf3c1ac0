package lesson

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// answered finds a request that failed for its caller. A response about an unknown
// subject isn't a failure.
func answered(s *story) *Finding {
	if s.Status != 0 && s.Status != http.StatusOK {
		expected := fmt.Sprintf("GET %s returns the status 200.", s.Path)
		instead := fmt.Sprintf("It returned %d.", s.Status)
		if s.Body != "" {
			instead = fmt.Sprintf("It returned %d: %s", s.Status, format.Printable(s.Body, 300))
		}
		cause := "The services' log lines say what failed."
		marks := s.failed()
		for _, m := range marks { // the deepest one that says something
			if text := m.span.ErrorMessage(); text != "" {
				cause = fmt.Sprintf("The error started in %s: %s", named(m.span), format.Printable(text, 200))
				if strings.HasSuffix(text, "redis: nil") {
					cause = "Get returns the error redis.Nil if Redis doesn't have the key. That's a cache miss, not a failure: " +
						"wait, query the database, and call Set."
				}
			}
		}
		return s.finding(expected, instead, cause, marks...)
	}
	for _, subject := range s.subjects {
		if answer, ok := s.answer(subject); known(subject) && ok && (answer.Error || answer.Quote == "") {
			return s.finding(fmt.Sprintf("The response has a thought about %s.", subject),
				fmt.Sprintf("The response is %s", format.Printable(s.Body, 300)),
				fmt.Sprintf("The microservice doesn't return its thought about %s. "+
					"Look at find, and at what respond makes of its result.", subject))
		}
	}
	return nil
}

// failed marks every span that is an error.
func (s *story) failed() (marks []mark) {
	for _, span := range s.spans {
		if span.Error {
			marks = append(marks, mark{span, "failed"})
		}
	}
	return marks
}

// A reply is the part of the response about one subject.
type reply struct {
	Error   bool
	Reason  string
	ID      int64
	Quote   string
	Author  string
	Subject string
}

// answer returns the part of the response about a subject, if the response is known.
func (s *story) answer(subject string) (reply, bool) {
	if s.Body == "" {
		return reply{}, false
	}
	var replies map[string]json.RawMessage
	var r reply
	_ = json.Unmarshal([]byte(s.Body), &replies) // any other response has no thought in it
	_ = json.Unmarshal(replies[subject], &r)
	return r, true
}

const unfinished = "A service sends its spans of a request together, once all of them are finished."

const missingParent = "The span above it never arrived: it isn't finished, or the code uses an ID that no span has."

// apiSpan finds what keeps the request from being a span of the api.
func apiSpan(s *story) *Finding {
	const expected = "The request is a span of the service thinker-api, which lasts until the response."
	switch {
	case len(s.spans) == 0:
		return s.finding(expected, "Neither service sent a span.",
			s.whySilent("api", "thinker"))
	case s.api == nil:
		return s.finding(expected, "All spans are from "+list(s.services())+".",
			s.whySilent("api"))
	case s.api.Service != apiService:
		cause := misnamed(s.api, apiService, "api/main.go")
		if s.thinker != nil && s.thinker.Service == apiService {
			cause = "The two services have each other's name. Look at tracer.WithService in api/main.go and in thinker/main.go."
		}
		return s.finding(expected, fmt.Sprintf("The request's span has the service %s.",
			format.Printable(s.api.Service, 60)), cause,
			mark{s.api, "its service has to be thinker-api"})
	case s.thinker != nil && outlived(s.api, s.thinker):
		return s.finding(expected, fmt.Sprintf("The api's span took %s, and the microservice's span took %s.",
			format.Duration(s.api.Duration), format.Duration(s.thinker.Duration)),
			"traced in api/trace.go calls span.Finish before it handles the request. Call it with defer.",
			mark{s.api, "too short"})
	}
	return nil
}

// misnamed is the likely reason that a service's first span has another name than
// the service.
func misnamed(span *apm.Span, service, file string) string {
	if span.Meta["_dd.base_service"] == service {
		if span.Meta["component"] != "" {
			return fmt.Sprintf("The router gives its spans another service name. "+
				"Remove muxtrace.WithServiceName from %s, and they get the name from tracer.WithService.", file)
		}
		return fmt.Sprintf("tracer.WithService names the service %s, but this span was started with another name: "+
			"look for tracer.ServiceName or a tag named service.name.", service)
	}
	return fmt.Sprintf("A span gets its service from tracer.WithService in the run function of %s. "+
		"Without that option, it's the name of the program. A tag named service doesn't change it.", file)
}

// thinkerSpan finds what keeps the microservice's part from being a span of its own.
func thinkerSpan(s *story) *Finding {
	const expected = "The microservice's part of the request is a span of the service thinker-microservice."
	stray := s.all(isThink)
	switch {
	case s.thinker == nil && len(stray) > 0:
		return s.finding(expected, "There are think spans, but no span for the request that they belong to.",
			s.Code.likely("thinker", "In thinker/main.go, neither the router nor its handler starts a span for a request. "+
				"Or the span is never finished.", clue{has: `mux\.NewRouter\(\)`, lacks: `traced\(`,
				cause: "The router in thinker/main.go is a plain one, which makes no spans. Create it with muxtrace.NewRouter."}),
			mark{stray[0], "nothing above it"})
	case s.thinker == nil:
		return s.finding(expected, "The microservice sent no span.",
			s.whySilent("thinker"))
	case s.thinker.Service != thinkerService:
		return s.finding(expected, fmt.Sprintf("The microservice's span has the service %s.",
			format.Printable(s.thinker.Service, 60)),
			misnamed(s.thinker, thinkerService, "thinker/main.go"),
			mark{s.thinker, "its service has to be thinker-microservice"})
	case s.api != nil && s.api.Meta["runtime-id"] != "" && s.api.Meta["runtime-id"] == s.thinker.Meta["runtime-id"]:
		return s.finding(expected, "The api's process made the span that is named thinker-microservice.",
			"One of the api's spans has the microservice's name. The microservice must create that span itself: "+
				"start its tracer in the run function of thinker/main.go.",
			mark{s.thinker, "made by the api"})
	}
	for _, think := range s.allBelow(s.thinker, isThink) {
		if outlived(s.thinker, think) {
			return s.finding(expected, fmt.Sprintf("The microservice's span took %s, and the think span below it took %s.",
				format.Duration(s.thinker.Duration), format.Duration(think.Duration)),
				"traced in thinker/trace.go calls span.Finish before it handles the request. Call it with defer.",
				mark{s.thinker, "too short"})
		}
	}
	return nil
}

// services returns the names of all services that sent spans.
func (s *story) services() (names []string) {
	for _, span := range s.spans {
		if name := format.Printable(span.Service, 60); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// whySilent is the likely reason that services sent no span.
func (s *story) whySilent(services ...string) string {
	const never = "A span is never finished. " + unfinished
	var silent []string
	for _, service := range services {
		code := s.Code.all(service)
		if strings.Contains(code, "tracer.Start(") {
			return never
		}
		silent = append(silent, service+"/main.go")
	}
	start := fmt.Sprintf("The tracer isn't started. Call tracer.Start in the run function of %s, before the "+
		"first request.", list(silent))
	if s.Code == nil {
		return start + " Or: " + never
	}
	return start
}
