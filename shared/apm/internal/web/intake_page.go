package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/internal/stats"
)

// intakePage shows which tracers sent spans and what was refused. It's the place to
// look if a trace is missing.
type intakePage struct {
	frame
	Since     moment
	Payloads  int
	Spans     int
	Calls     int
	Chain     []chainLink
	Tracers   []tracerRow
	Forgotten int
	Losses    []stats.Loss
	Refusals  []refusalRow
	Requests  []requestRow
}

type tracerRow struct {
	stats.Tracer
	Service     service
	LastContact moment
}

type refusalRow struct {
	stats.Refusal
	Time moment
}

type requestRow struct {
	stats.Request
	Time    moment
	Size    amount
	Service service // its name is empty if unknown
	Tracing string  // language and version
}

// showIntake serves GET /intake.
func (w *Web) showIntake(rw http.ResponseWriter, r *http.Request) error {
	report := w.Intake.Report()
	page := intakePage{
		frame:     w.frame(r, "intake", "Intake", docs{}),
		Since:     moment{report.Since.UTC()},
		Payloads:  report.Payloads,
		Spans:     report.Spans,
		Calls:     report.Calls,
		Forgotten: report.Forgotten,
	}
	page.Losses = losses(report, page.Kept)
	page.Chain = chain(report, page.Kept)
	for _, t := range report.Tracers {
		page.Tracers = append(page.Tracers, tracerRow{t, w.service(t.Service), moment{t.LastContact.UTC()}})
	}
	for _, refusal := range report.Refusals {
		page.Refusals = append(page.Refusals, refusalRow{refusal, moment{refusal.Time.UTC()}})
	}
	for _, request := range report.Requests {
		row := requestRow{
			Request: request, Time: moment{request.Time.UTC()},
			Size: size(request.Bytes), Tracing: library(request.Tracer),
		}
		if request.Tracer.Service != "" {
			row.Service = w.service(request.Tracer.Service)
		}
		page.Requests = append(page.Requests, row)
	}
	return w.render(rw, http.StatusOK, "intake.html", page)
}

// library formats a tracing library: go 2.12.0.
func library(id stats.TracerID) string { return strings.TrimSpace(id.Language + " " + id.Library) }

// Tracing returns the tracer's language and version.
func (t tracerRow) Tracing() string { return cmp.Or(library(t.TracerID), "unknown") }

// Size returns the size of the tracer's payloads.
func (t tracerRow) Size() amount { return size(t.Bytes) }

// ClockText returns the skew of the tracer's clock in its last payload.
func (t tracerRow) ClockText() string { return clock(t.Clock) }

// ClockMostText returns the largest skew, if it differs from the last.
func (t tracerRow) ClockMostText() string {
	if t.ClockMost == t.Clock {
		return ""
	}
	return clock(t.ClockMost)
}

// clock formats the skew of a clock.
func clock(offset time.Duration) string {
	if offset == 0 {
		return "in sync"
	}
	return aside(offset, "ahead", "behind")
}

// aside formats an offset without its sign, and names its side.
func aside(offset time.Duration, later, earlier string) string {
	if offset < 0 {
		return distance(-max(offset, -1<<62)) + " " + earlier
	}
	return distance(offset) + " " + later
}

// Body returns the size and type that the sender gave for the body.
func (r refusalRow) Body() string {
	kind := cmp.Or(r.ContentType, "no Content-Type")
	switch {
	case r.Length < 0:
		return "no Content-Length · " + kind
	case r.Length == 0:
		return "no body"
	default:
		return size(r.Length).String() + " · " + kind
	}
}

// Sender returns the headers that identify the sender.
func (r refusalRow) Sender() []tag { return sortedTags(r.Headers) }

// Hex returns the first bytes of the body, sixteen to a line.
func (r refusalRow) Hex() string {
	var lines []string
	for line := range slices.Chunk(r.First, 16) {
		lines = append(lines, fmt.Sprintf("% x", line))
	}
	return strings.Join(lines, "\n")
}

// Refused reports whether the response was an error.
func (r requestRow) Refused() bool { return r.Status >= http.StatusBadRequest }
