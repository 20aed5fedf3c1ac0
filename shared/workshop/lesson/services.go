package lesson

import (
	"encoding/json"
	"fmt"
	"net/http"

	"thinker/shared/apm"
)

// answered finds a request that failed for its caller. What is answered about
// an unknown subject is another matter.
func answered(s *story) *Finding {
	if s.Status != 0 && s.Status != http.StatusOK {
		expected := fmt.Sprintf("GET %s is answered with the status 200.", s.Path)
		instead := fmt.Sprintf("It was answered with %d.", s.Status)
		if s.Body != "" {
			instead = fmt.Sprintf("It was answered with %d: %s", s.Status, apm.Printable(s.Body, 300))
		}
		cause := "The services' log lines say what failed."
		marks := s.failed()
		for _, m := range marks {
			if text := m.span.ErrorMessage(); text != "" {
				cause = fmt.Sprintf("A span says what failed: %s", apm.Printable(text, 200))
			}
		}
		return s.finding(expected, instead, cause, marks...)
	}
	for _, subject := range s.subjects {
		if answer, ok := s.answer(subject); known(subject) && ok && (answer.Error || answer.Quote == "") {
			return s.finding(fmt.Sprintf("The answer has a thought on %s.", subject),
				fmt.Sprintf("The answer is %s", apm.Printable(s.Body, 300)),
				"The thinker does not find what it knows: look at what it answers, and at find.")
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

// A reply is what is answered about a subject.
type reply struct {
	Error   bool
	Reason  string
	ID      int64
	Quote   string
	Author  string
	Subject string
}

// answer is what was answered about a subject, where the answer is known.
func (s *story) answer(subject string) (reply, bool) {
	if s.Body == "" {
		return reply{}, false
	}
	var replies map[string]json.RawMessage
	var r reply
	_ = json.Unmarshal([]byte(s.Body), &replies) // what is no answer has no thought in it
	_ = json.Unmarshal(replies[subject], &r)
	return r, true
}

// apiSpan finds what keeps the request from being a span of the api's.
func apiSpan(s *story) *Finding {
	const expected = "The request is a span of the service thinker-api, which ends when it has been answered."
	switch {
	case len(s.spans) == 0:
		return s.finding(expected, "Neither service has sent a span.",
			"No tracer was started (tracer.Start, in run of each main.go), or no span was finished: a span is sent when it and those below it have ended.")
	case s.api == nil:
		return s.finding(expected, "Spans came of "+list(s.services())+" alone.",
			"The api starts no tracer (tracer.Start, in run of api/main.go), or its span is never finished: a span is sent when it and those below it have ended.")
	case s.api.Service != apiService:
		cause := misnamed("api/main.go")
		if s.thinker != nil && s.thinker.Service == apiService {
			cause = "The names of the two services are swapped: look at tracer.WithService in api/main.go and in thinker/main.go."
		}
		return s.finding(expected, fmt.Sprintf("The request's span says that its service is %s.", apm.Printable(s.api.Service, 60)), cause,
			mark{s.api, "the service must be thinker-api"})
	case s.thinker != nil && outlived(s.api, s.thinker):
		return s.finding(expected, fmt.Sprintf("The api's span ended after %s, while the thinker was at work for %s.",
			apm.FormatDuration(s.api.Duration), apm.FormatDuration(s.thinker.Duration)),
			"span.Finish is called before the request is handled: with defer, in traced of api/trace.go, it is called when all is done.",
			mark{s.api, "ended too soon"})
	}
	return nil
}

// misnamed is the likely reason for a service with another name.
func misnamed(file string) string {
	return fmt.Sprintf("A span's service is what tracer.WithService says when the tracer is started, in run of %s; without it, it is the program's name. A tag named service doesn't change it; one named service.name does.", file)
}

// thinkerSpan finds what keeps the thinker's part from being a span of its own.
func thinkerSpan(s *story) *Finding {
	const expected = "What the thinker does for the request is a span of the service thinker-microservice."
	stray := s.all(isThink)
	switch {
	case s.thinker == nil && len(stray) > 0:
		return s.finding(expected, "There are spans for the thinking, but none for the request that they belong to.",
			"Nothing starts a span for a request to the thinker, or it is never finished: look at its router in run of thinker/main.go, and at the handler that it is given.",
			mark{stray[0], "nothing above it"})
	case s.thinker == nil:
		return s.finding(expected, "No span of thinker-microservice came.",
			"The thinker starts no tracer (tracer.Start, in run of thinker/main.go), or a span is never finished: it is sent when it and those below it have ended.")
	case s.thinker.Service != thinkerService:
		return s.finding(expected, fmt.Sprintf("The thinker's span says that its service is %s.", apm.Printable(s.thinker.Service, 60)),
			misnamed("thinker/main.go"),
			mark{s.thinker, "the service must be thinker-microservice"})
	case s.api != nil && s.api.Meta["runtime-id"] != "" && s.api.Meta["runtime-id"] == s.thinker.Meta["runtime-id"]:
		return s.finding(expected, "The span that is called thinker-microservice was made in the api's process.",
			"A span of the api's was given the thinker's name. The thinker has to make its own, with a tracer that it starts in run of thinker/main.go.",
			mark{s.thinker, "made by the api"})
	}
	for _, think := range s.allBelow(s.thinker, isThink) {
		if outlived(s.thinker, think) {
			return s.finding(expected, fmt.Sprintf("The thinker's span ended after %s, while it was thinking for %s.",
				apm.FormatDuration(s.thinker.Duration), apm.FormatDuration(think.Duration)),
				"span.Finish is called before the request is handled: with defer, in traced of thinker/trace.go, it is called when all is done.",
				mark{s.thinker, "ended too soon"})
		}
	}
	return nil
}

func (s *story) services() (names []string) {
	for _, trace := range s.Traces {
		for _, name := range trace.Services() {
			names = append(names, apm.Printable(name, 60))
		}
	}
	return names
}
