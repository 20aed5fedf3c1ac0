package web

import (
	"bytes"
	"context"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

// A Guest is another program's pages among the agent's own. They have an entry in
// the bar, the same frame, styles and keys, and are kept from other sites as the
// agent's are.
type Guest struct {
	// Path is where its first page is, and below which all others are: /workshop.
	Path string
	// Name is what its entry in the bar says. Its first letter, pressed after g,
	// leads there.
	Name string
	// Files are served below /static, by the name of Path: /static/workshop/page.mjs.
	// Each page loads the script page.mjs, and style.css after the agent's.
	Files fs.FS
	// Serve answers a GET, HEAD or POST request for Path or a path below it. The
	// request's context also ends when the agent is closed. The page shows the text
	// of an error that Refuse made.
	Serve func(r *http.Request) (Page, error)
	// News sends a value whenever a page may have changed, until ctx is done.
	// /api/events forwards it as an event of the kind that Path names.
	News func(ctx context.Context) <-chan struct{}
}

// A Page is a guest's response.
type Page struct {
	Title string
	Main  template.HTML // the content between the bar and the footer
	// Instead is the path to redirect to, as after a POST; empty for none.
	Instead string
	// Picture is an SVG file to send instead of a page; nil for none.
	Picture []byte
}

// Refuse returns the error with which a guest refuses a request. detail is one or two
// sentences for the reader: what is wrong and what to do.
func Refuse(status int, detail string) error { return failure{status, detail} }

// Kind returns the guest's name in addresses: workshop.
func (g Guest) Kind() string { return strings.Trim(g.Path, "/") }

// Key returns the key that leads to the guest after g.
func (g Guest) Key() string { return strings.ToLower(g.Name[:1]) }

type guestPage struct {
	frame
	Guest Guest
	Main  template.HTML
}

// welcome registers a guest's pages and files.
func (w *Web) welcome(g Guest) {
	for name, file := range loadAssets(g.Files) {
		w.static[g.Kind()+"/"+name] = file
	}
	serve := func(rw http.ResponseWriter, r *http.Request) error { return w.showGuest(rw, r, g) }
	for _, path := range []string{g.Path, g.Path + "/"} {
		w.route(path, handlers{http.MethodGet: serve, http.MethodHead: serve, http.MethodPost: serve})
	}
}

func (w *Web) showGuest(rw http.ResponseWriter, r *http.Request, g Guest) error {
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
func (w *Web) guest(kind string) (Guest, bool) {
	for _, g := range w.Guests {
		if g.Kind() == kind {
			return g, true
		}
	}
	return Guest{}, false
}
