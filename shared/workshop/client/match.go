package client

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"thinker/shared/apm"
)

// leftBy returns the traces of a request. If there were equal requests at the same time,
// it chooses the trace whose times fit best.
func leftBy(a Answer, traces []apm.Trace) []apm.Trace {
	own, found := begun(a, traces)
	from, to := a.Sent.UnixNano(), a.Sent.Add(a.Took).UnixNano()
	var left []apm.Trace
	if found {
		left = append(left, own)
		from, to = own.Start(), own.Start()+int64(own.Duration())
	}
	return append(left, besides(a, traces, from, to)...)
}

// begun returns the trace that starts with the api's span of the request.
func begun(a Answer, traces []apm.Trace) (own apm.Trace, found bool) {
	var least time.Duration
	for _, trace := range traces {
		for i := range trace.Spans {
			span := &trace.Spans[i]
			off := misfit(span, a.Sent.UnixNano(), a.Sent.Add(a.Took).UnixNano())
			if asksFor(span, a.Path) && off < 2*skew && (!found || off < least) {
				own, found, least = trace, true, off
			}
		}
	}
	return own, found
}

// besides returns the traces that started in a time range and belong to no other request
// to the api. Of several equal ones, it chooses the one that fits the range best.
func besides(a Answer, traces []apm.Trace, from, to int64) []apm.Trace {
	best := map[string]apm.Trace{}
	for _, trace := range traces {
		entry := trace.Entry()
		if entry == nil || trace.Start() < from || trace.Start() > to || ofAnother(a, trace) {
			continue
		}
		says := entry.Service + "\n" + entry.Name + "\n" + entry.Resource + "\n" + entry.Meta["http.url"]
		if other, ok := best[says]; !ok || misfit(entry, from, to) < misfit(other.Entry(), from, to) {
			best[says] = trace
		}
	}
	var left []apm.Trace
	for _, trace := range best {
		left = append(left, trace)
	}
	slices.SortFunc(left, func(a, b apm.Trace) int { return cmp.Compare(a.Start(), b.Start()) })
	return left
}

// misfit returns how far a span's start and end are from a time range, added up.
func misfit(s *apm.Span, from, to int64) time.Duration {
	return time.Duration(s.Start-from).Abs() + time.Duration(s.End()-to).Abs()
}

// ofAnother reports whether a trace contains a request to the api, or has other
// subjects.
func ofAnother(a Answer, trace apm.Trace) bool {
	asked, err := url.Parse(a.Path)
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

// asksFor reports whether a span is of a request for the path. A tracer may be
// configured to leave out the query string.
func asksFor(s *apm.Span, path string) bool {
	u, ok := address(s)
	asked, err := url.Parse(path)
	return ok && err == nil && u.Path == asked.Path && (u.RawQuery == "" || u.RawQuery == asked.RawQuery)
}

func address(s *apm.Span) (*url.URL, bool) {
	text := s.Meta["http.url"]
	u, err := url.Parse(text)
	return u, text != "" && err == nil
}
