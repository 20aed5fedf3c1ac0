// Package intakepage shows which tracers sent spans and what was refused, as a page and as
// JSON. It's the place to look if a trace is missing.
package intakepage

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"thinker/shared/apm/internal/stats"
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
	stats.IntakeReport
	Losses []stats.Loss // the intake's and the store's
	Chain  []link
}

func (r room) show(rw http.ResponseWriter, request *http.Request) error {
	data := intakePage{Frame: r.Frame(request, "intake", "Intake", page.Docs{}), IntakeReport: r.Intake.Report()}
	data.Losses = losses(data.IntakeReport, data.Kept)
	data.Chain = chain(data.IntakeReport, data.Kept)
	return r.Render(rw, http.StatusOK, "intake.html", data)
}

// library formats a tracing library: go 2.12.0.
func library(id stats.TracerID) string { return strings.TrimSpace(id.Language + " " + id.Library) }

// body returns the size and type that the sender gave for the body.
func body(r stats.Refusal) string {
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

// dump returns bytes in hexadecimal, sixteen to a line.
func dump(content []byte) string {
	var lines []string
	for line := range slices.Chunk(content, 16) {
		lines = append(lines, fmt.Sprintf("% x", line))
	}
	return strings.Join(lines, "\n")
}

// refused reports whether a status is an error.
func refused(status int) bool { return status >= http.StatusBadRequest }
