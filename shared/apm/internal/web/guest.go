package web

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"time"

	"thinker/shared/apm/guest"
)

type guestPage struct {
	frame
	Guest guest.Guest
	Main  template.HTML
}

// welcome registers a guest's pages and files.
func (w *Web) welcome(g guest.Guest) {
	w.addAssets(g.Kind()+"/", g.Files)
	serve := func(rw http.ResponseWriter, r *http.Request) error { return w.showGuest(rw, r, g) }
	for _, path := range []string{g.Path, g.Path + "/"} {
		w.route(path, handlers{http.MethodGet: serve, http.MethodHead: serve, http.MethodPost: serve})
	}
}

func (w *Web) showGuest(rw http.ResponseWriter, r *http.Request, g guest.Guest) error {
	const longest = 64 << 10 // bytes of a form
	r.Body = http.MaxBytesReader(rw, r.Body, longest)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(w.ending, cancel)()
	page, err := g.Serve(r.WithContext(ctx))
	if err != nil {
		return err
	}
	if page.Instead != "" {
		http.Redirect(rw, r, page.Instead, http.StatusSeeOther)
		return nil
	}
	if page.Picture != nil {
		return sendPicture(rw, r, page.Picture)
	}
	return w.render(rw, http.StatusOK, "guest.html", guestPage{w.frame(r, g.Path, page.Title, docs{}), g, page.Main})
}

// sendPicture sends an SVG file. It may style itself. Opened in a tab of its own, it
// runs no scripts and loads nothing.
func sendPicture(rw http.ResponseWriter, r *http.Request, svg []byte) error {
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	rw.Header().Set("Content-Type", "image/svg+xml")
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(svg))
	return nil
}

// guest returns the guest of a kind.
func (w *Web) guestOf(kind string) (guest.Guest, bool) {
	for _, g := range w.Guests {
		if g.Kind() == kind {
			return g, true
		}
	}
	return guest.Guest{}, false
}
