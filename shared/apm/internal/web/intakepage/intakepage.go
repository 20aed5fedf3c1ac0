// Package intakepage shows which tracers sent spans and what was refused, as a page and as
// JSON. It's the place to look if a trace is missing.
package intakepage

import (
	"cmp"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
)

//go:embed templates
var templates embed.FS

// Routes returns the page and its data.
func Routes(site *page.Site) []page.Route {
	r := room{site.With(templates, "templates/*.html", template.FuncMap{
		"body": body, "clock": page.Skew, "dump": dump, "library": library, "refused": refused,
	})}
	return []page.Route{
		{Pattern: "GET /intake", Serve: r.show},
		{Pattern: "GET /api/intake", Serve: r.sendJSON},
	}
}

type room struct{ *page.Site }

type intakePage struct {
	page.Frame
	Intake api.Intake
	Chain  []link
}

func (r room) show(rw http.ResponseWriter, request *http.Request) error {
	intake, links := r.load()
	frame := r.Frame(request, "intake", "Intake", page.Docs{})
	return r.Render(rw, http.StatusOK, "intake.html", intakePage{frame, intake, links})
}

func (r room) sendJSON(rw http.ResponseWriter, _ *http.Request) error {
	intake, _ := r.load()
	return page.SendJSON(rw, intake)
}

// load adds to the intake's report what is stored, and what isn't any more.
func (r room) load() (api.Intake, []link) {
	intake, kept := r.Intake.Report(), r.Traces.Retention()
	links := chain(intake, kept)
	for _, link := range links {
		intake.Chain = append(intake.Chain, link.Condition)
	}
	intake.Losses = append(intake.Losses, losses(kept)...)
	intake.Kept = api.Kept{
		Traces: kept.Traces, Spans: kept.Spans, MaxSpans: kept.MaxSpans, Bytes: kept.Bytes, MaxBytes: kept.MaxBytes,
		Oldest: kept.Oldest, Newest: kept.Newest,
		EvictedTraces: kept.EvictedTraces, EvictedSpans: kept.EvictedSpans, DamagedSpans: kept.DamagedSpans,
	}
	return intake, links
}

// library formats a tracing library: go 2.12.0.
func library(language, version string) string { return strings.TrimSpace(language + " " + version) }

// body returns the size and type that the sender gave for the body.
func body(r api.Refusal) string {
	kind := cmp.Or(r.ContentType, "no Content-Type")
	switch {
	case r.ContentLength == nil:
		return "no Content-Length · " + kind
	case *r.ContentLength == 0:
		return "no body"
	default:
		return page.Size(*r.ContentLength).String() + " · " + kind
	}
}

// dump returns hexadecimal digits as bytes, sixteen to a line.
func dump(digits string) string {
	content, _ := hex.DecodeString(digits) // the intake's own
	var lines []string
	for line := range slices.Chunk(content, 16) {
		lines = append(lines, fmt.Sprintf("% x", line))
	}
	return strings.Join(lines, "\n")
}

// refused reports whether a status is an error.
func refused(status int) bool { return status >= http.StatusBadRequest }
