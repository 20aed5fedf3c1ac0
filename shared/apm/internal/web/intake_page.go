package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
)

// intakePage shows which tracers sent spans and what was refused. It's the place to
// look if a trace is missing.
type intakePage struct {
	page.Frame
	Since     page.Moment
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
	Service     page.Service
	LastContact page.Moment
}

type refusalRow struct {
	stats.Refusal
	Time page.Moment
}

type requestRow struct {
	stats.Request
	Time    page.Moment
	Size    page.Amount
	Service page.Service // its name is empty if unknown
	Tracing string       // language and version
}

// showIntake serves GET /intake.
func (w *Web) showIntake(rw http.ResponseWriter, r *http.Request) error {
	report := w.Intake.Report()
	data := intakePage{
		Frame:     w.Frame(r, "intake", "Intake", page.Docs{}),
		Since:     page.MomentAt(report.Since),
		Payloads:  report.Payloads,
		Spans:     report.Spans,
		Calls:     report.Calls,
		Forgotten: report.Forgotten,
	}
	data.Losses = losses(report, data.Kept)
	data.Chain = chain(report, data.Kept)
	for _, t := range report.Tracers {
		data.Tracers = append(data.Tracers, tracerRow{t, w.Service(t.Service), page.MomentAt(t.LastContact)})
	}
	for _, refusal := range report.Refusals {
		data.Refusals = append(data.Refusals, refusalRow{refusal, page.MomentAt(refusal.Time)})
	}
	for _, request := range report.Requests {
		row := requestRow{
			Request: request, Time: page.MomentAt(request.Time),
			Size: page.Size(request.Bytes), Tracing: library(request.Tracer),
		}
		if request.Tracer.Service != "" {
			row.Service = w.Service(request.Tracer.Service)
		}
		data.Requests = append(data.Requests, row)
	}
	return w.Render(rw, http.StatusOK, "intake.html", data)
}

// library formats a tracing library: go 2.12.0.
func library(id stats.TracerID) string { return strings.TrimSpace(id.Language + " " + id.Library) }

// Tracing returns the tracer's language and version.
func (t tracerRow) Tracing() string { return cmp.Or(library(t.TracerID), "unknown") }

// Size returns the size of the tracer's payloads.
func (t tracerRow) Size() page.Amount { return page.Size(t.Bytes) }

// ClockText returns the skew of the tracer's clock in its last payload.
func (t tracerRow) ClockText() string { return page.Skew(t.Clock) }

// ClockMostText returns the largest skew, if it differs from the last.
func (t tracerRow) ClockMostText() string {
	if t.ClockMost == t.Clock {
		return ""
	}
	return page.Skew(t.ClockMost)
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
		return page.Size(r.Length).String() + " · " + kind
	}
}

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
