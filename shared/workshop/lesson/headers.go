package lesson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"thinker/shared/apm/format"
)

// The headers that connect two services' spans.
const (
	traceHeader  = "X-Datadog-Trace-Id"
	parentHeader = "X-Datadog-Parent-Id"
)

// A propagation is how the trace got from the api to the microservice.
type propagation struct{ *story }

// whyApart is the likely reason that the microservice's span is in another trace:
// by the headers of its request if they are known, and otherwise by the IDs.
func (p propagation) whyApart() string {
	if p.Headers == nil {
		return p.whyApartByID()
	}
	traceID, parentID := p.Headers.Get(traceHeader), p.Headers.Get(parentHeader)
	switch {
	case traceID == "" && parentID == "":
		if near := p.nearHeaders(); len(near) > 0 {
			return fmt.Sprintf("The request to the microservice has %s, but neither %s nor %s. Use exactly these two names.",
				list(near), traceHeader, parentHeader)
		}
		return fmt.Sprintf("The request to the microservice has neither %s nor %s. %s", traceHeader, parentHeader,
			p.Code.whereSet())
	case traceID == "":
		return p.oneHeader(parentHeader, traceHeader)
	case parentID == "":
		return p.oneHeader(traceHeader, parentHeader)
	case traceID == "0" && parentID == "0":
		empty := strings.Contains(p.Code.all("api"), "SpanFromContext(context.Background())")
		for _, set := range p.Code.headerSets() {
			empty = empty || strings.Contains(set.context, "context.Background()")
		}
		if empty {
			return "Both headers are 0: the api looks for its span in context.Background(), which has none. " +
				"Use the ctx that comes from r.Context()."
		}
		return "Both headers are 0: tracer.SpanFromContext found no span in its context. " +
			"Pass it the ctx that comes from r.Context()."
	}
	for _, name := range []string{traceHeader, parentHeader} {
		value := p.Headers.Get(name)
		if _, err := strconv.ParseUint(value, 10, 64); err != nil {
			if id, err := strconv.ParseUint(value, 16, 64); err == nil && p.isID(id) {
				return fmt.Sprintf("%s is %s. That's the right number in hexadecimal. It has to be decimal: "+
					"strconv.FormatUint(…, 10).", name, value)
			}
			return fmt.Sprintf("%s is %q, which isn't a decimal number.", name, format.Printable(value, 60))
		}
	}
	if traceID != strconv.FormatUint(p.api.TraceID, 10) {
		return p.wrongID(traceHeader)
	}
	return "The request to the microservice has both headers with the right values. " +
		"The microservice doesn't read them, or doesn't use what it read. Check the names that it reads, and that it " +
		"passes tracer.ChildOf(parent) to tracer.StartSpanFromContext."
}

// whyNotBelow is the likely reason that the microservice's span isn't below the api's.
func (p propagation) whyNotBelow() string {
	switch {
	case p.thinker.ParentID == 0:
		return "A trace ID alone doesn't say where a span belongs. The span also needs the ID of its parent: " +
			"tracer.ChildOf sets both."
	case p.Headers != nil && p.Headers.Get(parentHeader) == strconv.FormatUint(p.thinker.ParentID, 10):
		return p.wrongID(parentHeader)
	case p.thinker.ParentID == p.api.TraceID:
		return fmt.Sprintf("The parent ID is the trace ID. Set %s to the span's ID: span.Context().SpanID().", parentHeader)
	}
	return p.misread(parentHeader, p.thinker.ParentID)
}

// whyApartByID is the likely reason by the IDs alone.
func (p propagation) whyApartByID() string {
	if tag := p.taggedID(); tag != "" {
		return fmt.Sprintf("Its tag %s has the ID of the api's trace, but a tag doesn't connect spans. "+
			"Start the span with tracer.ChildOf.", tag)
	}
	if p.thinker.ParentID == 0 {
		return fmt.Sprintf("Check that the api sends %s and %s as decimal numbers. "+
			"Check that the microservice reads both under the same names, and starts its span with tracer.ChildOf.",
			traceHeader, parentHeader)
	}
	return p.misread(traceHeader, p.thinker.TraceID)
}

// misread explains a number that is none of the api's IDs.
func (p propagation) misread(header string, id uint64) string {
	if hexadecimal, err := strconv.ParseUint(strconv.FormatUint(id, 10), 16, 64); err == nil && p.isID(hexadecimal) {
		return fmt.Sprintf("%s is the right number, but written in hexadecimal and read as decimal.", header)
	}
	if other := p.byNumber(id); other != "" {
		return fmt.Sprintf("%s is %s.", header, other)
	}
	return fmt.Sprintf("%s is none of the api's IDs. Take it from the span in the request's context, and write it "+
		"in decimal.", header)
}

// wrongID names what a header's ID belongs to, if it isn't the right one.
func (p propagation) wrongID(header string) string {
	id, _ := strconv.ParseUint(p.Headers.Get(header), 10, 64)
	want := "the trace ID: span.Context().TraceID()"
	if header == parentHeader {
		want = "the ID of the span that is open when the request is sent: span.Context().SpanID()"
	}
	if other := p.byNumber(id); other != "" {
		return fmt.Sprintf("%s is %s. It has to be %s.", header, other, want)
	}
	return fmt.Sprintf("%s is %d, which is none of the api's IDs. It has to be %s.", header, id, want)
}

// byNumber names what in the api's trace has a number as its ID.
func (p propagation) byNumber(id uint64) string {
	if id == p.api.TraceID {
		return "the trace ID"
	}
	if span := p.byID[spanID{p.api.TraceID, id}]; span != nil {
		return "the ID of " + named(span)
	}
	return ""
}

// isID reports whether a number is the ID of the api's trace or of one of its spans.
func (p propagation) isID(id uint64) bool { return p.byNumber(id) != "" }

// oneHeader is the cause if only one of the headers arrived.
func (p propagation) oneHeader(there, missing string) string {
	cause := fmt.Sprintf("The request to the microservice has %s, but not %s. It needs both.", there, missing)
	if near := p.nearHeaders(); len(near) > 0 {
		cause += fmt.Sprintf(" It also has %s: is that name misspelled?", list(near))
	}
	return cause
}

// nearHeaders returns the names of headers that look as if they carry a trace or a
// span.
func (p propagation) nearHeaders() (near []string) {
	for name := range p.Headers {
		lower := strings.ToLower(name)
		if name != traceHeader && name != parentHeader &&
			(strings.Contains(lower, "datadog") || strings.Contains(lower, "trace") || strings.Contains(lower, "parent") ||
				strings.Contains(lower, "span")) {
			near = append(near, name)
		}
	}
	slices.Sort(near)
	return near
}

// taggedID returns the tag of the microservice's span that holds the api's trace ID.
func (p propagation) taggedID() string {
	for name, value := range p.thinker.Meta {
		if value == strconv.FormatUint(p.api.TraceID, 10) {
			return name
		}
	}
	return ""
}
