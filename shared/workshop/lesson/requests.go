package lesson

import (
	"cmp"
	"maps"
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
		requests[i] = Request{Exchange: e}
	}
	for _, trace := range byStart(traces) {
		for i := range slices.Backward(requests) {
			if r := &requests[i]; trace.Start() >= r.Sent.UnixNano() {
				r.Traces = append(r.Traces, trace)
				break
			}
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
			Exchange: Exchange{Path: u.RequestURI(), Sent: time.Unix(0, asked.Start), Took: asked.Duration, Status: status},
			Traces:   []apm.Trace{trace},
		})
	}
	for _, trace := range others {
		asked := subjectsAsked(trace)
		for i := range slices.Backward(requests) {
			r := &requests[i]
			began := time.Unix(0, trace.Start()).Sub(r.Sent)
			same := asked != "" && asked == strings.Join(subjects(r.Path), " ")
			if began >= 0 && began < longest && same && newStory(*r).thinker == nil {
				r.Traces = append(r.Traces, trace)
				break
			}
		}
	}
	return requests
}

// longest is how long a request to the microservice may take.
const longest = 10 * time.Second

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
	return slices.SortedStableFunc(slices.Values(traces),
		func(a, b apm.Trace) int { return cmp.Compare(a.Start(), b.Start()) })
}

// ClockSkew is the largest expected difference between the clocks of two machines.
const ClockSkew = 2 * time.Second

// TracesOf returns the traces of one request among all those of its time, the api's
// first. A response doesn't name its trace, so TracesOf goes by the URLs and times of
// spans. Of equal requests at the same time, it chooses the trace whose times fit best.
// See decisions/request-to-trace.md.
func TracesOf(e Exchange, traces []apm.Trace) []apm.Trace {
	own, found := apiTrace(e, traces)
	from, to := e.Sent.UnixNano(), e.End().UnixNano()
	var left []apm.Trace
	if found {
		left = append(left, own)
		from, to = own.Start(), own.Start()+int64(own.Duration())
	}
	return append(left, otherTraces(e, traces, from, to)...)
}

// apiTrace returns the trace that starts with the api's span of the request.
func apiTrace(e Exchange, traces []apm.Trace) (own apm.Trace, found bool) {
	var least time.Duration
	for _, trace := range traces {
		for i := range trace.Spans {
			span := &trace.Spans[i]
			off := timeDistance(span, e.Sent.UnixNano(), e.End().UnixNano())
			if isRequestFor(span, e.Path) && off < 2*ClockSkew && (!found || off < least) {
				own, found, least = trace, true, off
			}
		}
	}
	return own, found
}

// otherTraces returns the traces that started in a time range and belong to no other request
// to the api. Of several equal ones, it chooses the one that fits the range best.
func otherTraces(e Exchange, traces []apm.Trace, from, to int64) []apm.Trace {
	best := map[string]apm.Trace{}
	for _, trace := range traces {
		entry := trace.Entry()
		if entry == nil || trace.Start() < from || trace.Start() > to || ofAnotherRequest(e, trace) {
			continue
		}
		says := entry.Service + "\n" + entry.Name + "\n" + entry.Resource + "\n" + entry.Meta["http.url"]
		if other, ok := best[says]; !ok || timeDistance(entry, from, to) < timeDistance(other.Entry(), from, to) {
			best[says] = trace
		}
	}
	return byStart(slices.Collect(maps.Values(best)))
}

// timeDistance returns how far a span's start and end are from a time range, added up.
func timeDistance(s *apm.Span, from, to int64) time.Duration {
	return time.Duration(s.Start-from).Abs() + time.Duration(s.End()-to).Abs()
}

// ofAnotherRequest reports whether a trace contains a request to the api, or has other
// subjects.
func ofAnotherRequest(e Exchange, trace apm.Trace) bool {
	asked, err := url.Parse(e.Path)
	if err != nil {
		return false
	}
	for i := range trace.Spans {
		u, ok := address(&trace.Spans[i])
		if ok && (u.Path == asked.Path || u.RawQuery != "" && !slices.Equal(u.Query()["subject"], asked.Query()["subject"])) {
			return true
		}
	}
	return false
}

// isRequestFor reports whether a span is of a request for the path. A tracer may be
// configured to leave out the query string.
func isRequestFor(s *apm.Span, path string) bool {
	u, ok := address(s)
	asked, err := url.Parse(path)
	return ok && err == nil && u.Path == asked.Path && (u.RawQuery == "" || u.RawQuery == asked.RawQuery)
}

func address(s *apm.Span) (*url.URL, bool) {
	text := s.Meta["http.url"]
	u, err := url.Parse(text)
	return u, text != "" && err == nil
}
