// Package guest describes pages that another program adds to the agent's own: the
// workshop's page is one.
package guest

import (
	"context"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

// A Guest is another program's pages. They have an entry in the agent's bar, and its
// frame, styles, keys and guards.
// See decisions/guest-pages.md.
type Guest struct {
	// Path is the address of the first page: /workshop. All others are below it.
	Path string
	// Name is the entry in the bar. Its first letter, pressed after g, opens the page.
	Name string
	// Files are served below /static, by the name of Path: /static/workshop/page.mjs.
	// Each page loads the script page.mjs, and style.css after the agent's.
	Files fs.FS
	// Serve responds to a GET, HEAD or POST request for Path or a path below it. The
	// request's context also ends when the agent is closed. The page shows the text
	// of a Refusal.
	Serve func(r *http.Request) (Page, error)
	// News sends a value whenever a page may have changed, until ctx is done.
	// /api/events forwards it as an event of the kind that Path names.
	News func(ctx context.Context) <-chan struct{}
}

// Kind returns the guest's name in addresses: workshop.
func (g Guest) Kind() string { return strings.Trim(g.Path, "/") }

// Key returns the key that leads to the guest after g.
func (g Guest) Key() string { return strings.ToLower(g.Name[:1]) }

// A Page is a guest's response.
type Page struct {
	Title string
	Main  template.HTML // the content between the bar and the footer
	// Instead is the path to redirect to, as after a POST; empty for none.
	Instead string
	// Picture is an SVG file to send instead of a page; nil for none.
	Picture []byte
}

// A Refusal is the error with which a guest refuses a request.
type Refusal struct {
	Status int
	Detail string // one or two sentences: what is wrong and what to do
}

func (r Refusal) Error() string { return r.Detail }

// Refuse returns a Refusal.
func Refuse(status int, detail string) error { return Refusal{status, detail} }
