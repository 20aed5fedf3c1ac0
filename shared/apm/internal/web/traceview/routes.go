// Package traceview shows one trace: as a flame graph, a list, a waterfall and a map, and its spans.
package traceview

import (
	"embed"

	"thinker/shared/apm/internal/web/page"
)

//go:embed templates
var templates embed.FS

type room struct{ *page.Site }

// Routes returns the page of a trace, and the outline that its script draws large traces by.
func Routes(site *page.Site) []page.Route {
	w := room{site.With(templates, "templates/*.html")}
	return []page.Route{
		{Pattern: "GET /trace/{id}", Serve: w.showTrace},
		{Pattern: "GET /api/traces/{id}/outline", Serve: w.apiOutline},
	}
}
