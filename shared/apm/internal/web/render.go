package web

import (
	"bytes"
	"fmt"
	"net/http"
)

// render writes a page. It goes through a buffer, so that a template that
// fails half-way leaves nothing behind but its error.
func (site *Site) render(rw http.ResponseWriter, status int, name string, page any) error {
	var buffer bytes.Buffer
	if err := site.templates.ExecuteTemplate(&buffer, name, page); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return send(rw, status, "text/html; charset=utf-8", &buffer)
}
