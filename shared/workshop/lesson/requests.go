package lesson

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm"
)

// Requested assigns traces to requests that were sent one after the other: a trace
// belongs to the last request sent before it began.
func Requested(played []Exchange, traces []apm.Trace) []Request {
	requests := make([]Request, len(played))
	for i, e := range played {
		requests[i] = Request{Path: e.Path, Start: e.Sent, End: e.Answered, Status: e.Status, Body: e.Body}
	}
	for _, trace := range byStart(traces) {
		last := -1
		for i := range requests {
			if trace.Start() >= requests[i].Start.UnixNano() {
				last = i
			}
		}
		if last >= 0 {
			requests[last].Traces = append(requests[last].Traces, trace)
		}
	}
	return requests
}

// RequestsOf finds the requests behind the traces of running services: each span of
// the api with a URL is one. A trace of the microservice alone belongs to the
// latest request for the same subjects that began before it and has none yet.
func RequestsOf(traces []apm.Trace) []Request {
	var requests []Request
	var others []apm.Trace
	for _, trace := range byStart(traces) {
		i := slices.IndexFunc(trace.Spans, func(s apm.Span) bool { return entersAPI(&s) })
		if i < 0 {
			others = append(others, trace)
			continue
		}
		asked := &trace.Spans[i]
		u, err := url.Parse(asked.Meta["http.url"])
		if err != nil {
			continue
		}
		status, _ := strconv.Atoi(asked.StatusCode())
		requests = append(requests, Request{
			Path: u.RequestURI(), Start: time.Unix(0, asked.Start), End: time.Unix(0, asked.End()),
			Status: status, Traces: []apm.Trace{trace},
		})
	}
	for _, trace := range others {
		asked := subjectsAsked(trace)
		for i := range slices.Backward(requests) {
			r := &requests[i]
			if trace.Start() >= r.Start.UnixNano() && trace.Start() < r.Start.Add(longest).UnixNano() &&
				asked != "" && asked == strings.Join(subjects(r.Path), " ") && !answeredElsewhere(r) {
				r.Traces = append(r.Traces, trace)
				break
			}
		}
	}
	return requests
}

// longest is how long a request to the microservice may take.
const longest = 10 * time.Second

// answeredElsewhere reports whether a request has its microservice span already.
func answeredElsewhere(r *Request) bool { return newStory(*r).thinker != nil }

// subjectsAsked returns the subjects that a trace of the microservice alone is about.
func subjectsAsked(trace apm.Trace) string {
	for i := range trace.Spans {
		if asked := subjects(trace.Spans[i].Meta["http.url"]); asked != nil {
			return strings.Join(asked, " ")
		}
	}
	var thought []string
	for i := range trace.Spans {
		if subject := trace.Spans[i].Meta["subject"]; subject != "" {
			thought = append(thought, subject)
		}
	}
	return strings.Join(thought, " ")
}

// subjects returns the subjects in a URL or a path, each once, in order.
func subjects(address string) (asked []string) {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	for _, subject := range u.Query()["subject"] {
		if !slices.Contains(asked, subject) {
			asked = append(asked, subject)
		}
	}
	return asked
}

// Subjects returns the subjects with a thought.
func Subjects() []string {
	return []string{"religion", "technology", "war", "work", "music", "mankind"}
}

func known(subject string) bool { return slices.Contains(Subjects(), subject) }

func byStart(traces []apm.Trace) []apm.Trace {
	return slices.SortedStableFunc(slices.Values(traces), func(a, b apm.Trace) int { return cmp.Compare(a.Start(), b.Start()) })
}
