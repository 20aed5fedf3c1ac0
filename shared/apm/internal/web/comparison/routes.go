// Package comparison compares two versions of a service, and two traces.
package comparison

import (
	"embed"

	"thinker/shared/apm/internal/web/page"
)

//go:embed templates
var templates embed.FS

type room struct{ *page.Site }

// Routes returns the pages that compare two versions, and two traces.
func Routes(site *page.Site) []page.Route {
	w := room{site.With(templates, "templates/*.html")}
	return []page.Route{
		{Pattern: "GET /compare", Serve: w.showCompareVersions},
		{Pattern: "GET /compare/traces", Serve: w.showCompareTraces},
	}
}
