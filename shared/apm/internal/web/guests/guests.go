// Package guests serves the pages that other programs add to the agent's.
package guests

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"
	"time"

	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/web/page"
)

//go:embed templates
var templates embed.FS

// Routes returns the guests' pages, and adds their files to the site. A guest's page may
// take long, so it takes no turn.
func Routes(site *page.Site) (routes []page.Route) {
	r := room{site.With(templates, "templates/*.html")}
	for _, g := range site.Guests {
		site.AddAssets(g.Kind()+"/", g.Files)
		serve := func(rw http.ResponseWriter, request *http.Request) error { return r.serve(rw, request, g) }
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, path := range []string{g.Path, g.Path + "/"} {
				routes = append(routes, page.Route{Pattern: method + " " + path, Serve: serve})
			}
		}
	}
	return routes
}

type room struct{ *page.Site }

type guestPage struct {
	page.Frame
	Guest guest.Guest
	Main  template.HTML
}

// serve sends a guest's response in the frame of the agent's pages.
func (r room) serve(rw http.ResponseWriter, request *http.Request, g guest.Guest) error {
	const longest = 64 << 10 // bytes of a form
	request.Body = http.MaxBytesReader(rw, request.Body, longest)
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	defer context.AfterFunc(r.Ending, cancel)()
	data, err := g.Serve(request.WithContext(ctx))
	switch {
	case err != nil:
		return err
	case data.Instead != "":
		http.Redirect(rw, request, data.Instead, http.StatusSeeOther)
		return nil
	case data.Picture != nil:
		sendPicture(rw, request, data.Picture)
		return nil
	}
	frame := r.Frame(request, g.Path, data.Title, page.Docs{})
	return r.Render(rw, http.StatusOK, "guest.html", guestPage{frame, g, data.Main})
}

// sendPicture sends an SVG file, which may contain styles. Opened in a tab, it runs no
// scripts and loads nothing.
func sendPicture(rw http.ResponseWriter, r *http.Request, svg []byte) {
	rw.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	rw.Header().Set("Content-Type", "image/svg+xml")
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(svg))
}
