package lesson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"thinker/shared/apm"
)

// The headers that join a trace.
const (
	traceHeader  = "X-Datadog-Trace-Id"
	parentHeader = "X-Datadog-Parent-Id"
)

// whyApart is the likely reason that the thinker's span is in another trace: by
// the headers, where they are known, and else by the IDs.
func (s *story) whyApart() string {
	switch {
	case s.Headers == nil:
		return s.whyApartByID()
	case s.Headers.Get(traceHeader) == "" && s.Headers.Get(parentHeader) == "":
		if near := s.nearHeaders(); len(near) > 0 {
			return fmt.Sprintf("The request to the thinker carries %s, but not %s and %s: the names must be exactly these.", list(near), traceHeader, parentHeader)
		}
		return fmt.Sprintf("The request to the thinker carries neither %s nor %s: the api must set them before serve.Fetch sends it.", traceHeader, parentHeader)
	case s.Headers.Get(traceHeader) == "":
		return s.oneHeader(parentHeader, traceHeader)
	case s.Headers.Get(parentHeader) == "":
		return s.oneHeader(traceHeader, parentHeader)
	}
	for _, name := range []string{traceHeader, parentHeader} {
		value := s.Headers.Get(name)
		if _, err := strconv.ParseUint(value, 10, 64); err != nil {
			if id, err := strconv.ParseUint(value, 16, 64); err == nil && s.isID(id) {
				return fmt.Sprintf("%s is %s, the right number in hexadecimal: it must be decimal, strconv.FormatUint(…, 10).", name, value)
			}
			return fmt.Sprintf("%s is %q, which is not a decimal number.", name, apm.Printable(value, 60))
		}
	}
	if s.Headers.Get(traceHeader) != strconv.FormatUint(s.api.TraceID, 10) {
		return s.wrongID(traceHeader)
	}
	return "The request to the thinker carries both headers, and they are right: the thinker does not read them, or does not start its span below what it has read. Does extract name them exactly, and is it among the options of tracer.StartSpanFromContext?"
}

// whyNotBelow is the likely reason that the thinker's span is not below the api's.
func (s *story) whyNotBelow() string {
	switch {
	case s.thinker.ParentID == 0:
		return "A trace's ID alone does not say where a span belongs: it needs its parent's as well, as tracer.ChildOf gives it."
	case s.Headers != nil && s.Headers.Get(parentHeader) == strconv.FormatUint(s.thinker.ParentID, 10):
		return s.wrongID(parentHeader)
	case s.thinker.ParentID == s.api.TraceID:
		return fmt.Sprintf("The parent is the trace's ID: %s needs the span's, span.Context().SpanID().", parentHeader)
	}
	return s.misread(parentHeader, s.thinker.ParentID)
}

// whyApartByID is what the IDs alone tell.
func (s *story) whyApartByID() string {
	if tag := s.taggedID(); tag != "" {
		return fmt.Sprintf("Its tag %s names the api's trace, but a tag joins nothing: the span must be started below the api's, with tracer.ChildOf.", tag)
	}
	if s.thinker.ParentID == 0 {
		return fmt.Sprintf("The api does not send %s and %s, or the thinker does not find them (each name the same on both sides, the numbers decimal), or it does not start its span below what it has found.", traceHeader, parentHeader)
	}
	return s.misread(traceHeader, s.thinker.TraceID)
}

// misread says what a number that is no ID of the api's may be instead.
func (s *story) misread(header string, id uint64) string {
	if hexadecimal, err := strconv.ParseUint(strconv.FormatUint(id, 10), 16, 64); err == nil && s.isID(hexadecimal) {
		return fmt.Sprintf("%s is the right number written in hexadecimal and read as decimal.", header)
	}
	if other := s.byNumber(id); other != "" {
		return fmt.Sprintf("%s is %s.", header, other)
	}
	return fmt.Sprintf("%s is none of the api's IDs: is it taken from the span in the request's context, and written in decimal?", header)
}

// wrongID says whose ID a header holds, where it is not the right one.
func (s *story) wrongID(header string) string {
	id, _ := strconv.ParseUint(s.Headers.Get(header), 10, 64)
	want := "the trace's ID, span.Context().TraceID()"
	if header == parentHeader {
		want = "the ID of the span that is open when the request is sent, span.Context().SpanID()"
	}
	if other := s.byNumber(id); other != "" {
		return fmt.Sprintf("%s is %s, and must be %s.", header, other, want)
	}
	return fmt.Sprintf("%s is %d, which is none of the api's IDs. It must be %s.", header, id, want)
}

// byNumber says what in the api's trace has a number.
func (s *story) byNumber(id uint64) string {
	if id == s.api.TraceID {
		return "the trace's ID"
	}
	if span := s.byID[spanID{s.api.TraceID, id}]; span != nil {
		return "the ID of " + named(span)
	}
	return ""
}

// isID tells a number that is the ID of the api's trace or of one of its spans.
func (s *story) isID(id uint64) bool { return s.byNumber(id) != "" }

// oneHeader says that one header came and another did not.
func (s *story) oneHeader(there, missing string) string {
	cause := fmt.Sprintf("The request to the thinker carries %s, but not %s: it takes both.", there, missing)
	if near := s.nearHeaders(); len(near) > 0 {
		cause += fmt.Sprintf(" Is %s meant to be it?", list(near))
	}
	return cause
}

// nearHeaders are those that look as if they were to name a trace or a span.
func (s *story) nearHeaders() (near []string) {
	for name := range s.Headers {
		lower := strings.ToLower(name)
		if name != traceHeader && name != parentHeader &&
			(strings.Contains(lower, "datadog") || strings.Contains(lower, "trace") || strings.Contains(lower, "parent") || strings.Contains(lower, "span")) {
			near = append(near, name)
		}
	}
	slices.Sort(near)
	return near
}

// taggedID is a tag of the thinker's span that holds the ID of the api's trace.
func (s *story) taggedID() string {
	for name, value := range s.thinker.Meta {
		if value == strconv.FormatUint(s.api.TraceID, 10) {
			return name
		}
	}
	return ""
}
