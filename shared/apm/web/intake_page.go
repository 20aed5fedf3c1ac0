package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm"
)

// intakePage says who has sent spans and what was not taken in: where to look
// when a trace is missing.
type intakePage struct {
	frame
	Since     moment
	Payloads  int
	Spans     int
	Calls     int
	Chain     []chainLink
	Tracers   []tracerRow
	Forgotten int
	Losses    []apm.Loss
	Refusals  []refusalRow
	Requests  []requestRow
}

type tracerRow struct {
	apm.Tracer
	Service     service
	LastContact moment
}

type refusalRow struct {
	apm.Refusal
	Time moment
}

type requestRow struct {
	apm.Request
	Time    moment
	Size    amount
	Service service // without a name where none is known
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
		row := requestRow{Request: request, Time: moment{request.Time.UTC()}, Size: size(request.Bytes), Tracing: library(request.Tracer)}
		if request.Tracer.Service != "" {
			row.Service = w.service(request.Tracer.Service)
		}
		page.Requests = append(page.Requests, row)
	}
	return w.render(rw, http.StatusOK, "intake.html", page)
}

// library is a tracing library in words: go 2.12.0.
func library(id apm.TracerID) string { return strings.TrimSpace(id.Language + " " + id.Library) }

// Tracing is the tracer's language and version.
func (t tracerRow) Tracing() string { return cmp.Or(library(t.TracerID), "unknown") }

// Size is what the tracer's payloads come to.
func (t tracerRow) Size() amount { return size(t.Bytes) }

// ClockText says how the tracer's clock goes, by its last payload.
func (t tracerRow) ClockText() string { return clock(t.Clock) }

// ClockMostText says how far off it has been, where that is further than it is.
func (t tracerRow) ClockMostText() string {
	if t.ClockMost == t.Clock {
		return ""
	}
	return clock(t.ClockMost)
}

// clock says how far a clock seems to be off.
func clock(offset time.Duration) string {
	if offset == 0 {
		return "in step"
	}
	return aside(offset, "ahead", "behind")
}

// aside says how far something is from where it should be, and on which side.
func aside(offset time.Duration, later, earlier string) string {
	if offset < 0 {
		return distance(-max(offset, -1<<62)) + " " + earlier
	}
	return distance(offset) + " " + later
}

// distance is a duration that may be of years.
func distance(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 3*day {
		return duration(d).String()
	}
	return apm.FormatCount(int(d/day), "day", "days")
}

// Body says what was sent, as far as its sender announced it.
func (r refusalRow) Body() string {
	kind := cmp.Or(r.ContentType, "no Content-Type")
	switch {
	case r.Length < 0:
		return "length not announced · " + kind
	case r.Length == 0:
		return "no body"
	default:
		return size(r.Length).String() + " · " + kind
	}
}

// Sender gives the headers that tell what sent this.
func (r refusalRow) Sender() []tag { return sortedTags(r.Headers) }

// Hex is how the body begins, sixteen bytes to a line.
func (r refusalRow) Hex() string {
	var lines []string
	for line := range slices.Chunk(r.First, 16) {
		lines = append(lines, fmt.Sprintf("% x", line))
	}
	return strings.Join(lines, "\n")
}

// Refused tells whether the answer was an error.
func (r requestRow) Refused() bool { return r.Status >= http.StatusBadRequest }
