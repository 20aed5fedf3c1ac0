package web

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/web/page"
	"time"
)

type guestPage struct {
	page.Frame
	Guest guest.Guest
	Main  template.HTML
}

// welcome adds a guest's files and returns the routes of its pages.
func (w *Web) welcome(g guest.Guest) (routes []page.Route) {
	w.AddAssets(g.Kind()+"/", g.Files)
	serve := func(rw http.ResponseWriter, r *http.Request) error { return w.showGuest(rw, r, g) }
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, path := range []string{g.Path, g.Path + "/"} {
			routes = append(routes, page.Route{Pattern: method + " " + path, Serve: serve})
		}
	}
	return routes
}

func (w *Web) showGuest(rw http.ResponseWriter, r *http.Request, g guest.Guest) error {
	const longest = 64 << 10 // bytes of a form
	r.Body = http.MaxBytesReader(rw, r.Body, longest)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(w.Ending, cancel)()
	data, err := g.Serve(r.WithContext(ctx))
	if err != nil {
		return err
	}
	if data.Instead != "" {
		http.Redirect(rw, r, data.Instead, http.StatusSeeOther)
		return nil
	}
	if data.Picture != nil {
		return sendPicture(rw, r, data.Picture)
	}
	return w.Render(rw, http.StatusOK, "guest.html", guestPage{w.Frame(r, g.Path, data.Title, page.Docs{}), g, data.Main})
}

// sendPicture sends an SVG file. It may style itself. Opened in a tab of its own, it
// runs no scripts and loads nothing.
func sendPicture(rw http.ResponseWriter, r *http.Request, svg []byte) error {
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	rw.Header().Set("Content-Type", "image/svg+xml")
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(svg))
	return nil
}
