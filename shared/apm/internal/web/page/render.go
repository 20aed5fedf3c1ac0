package page

import (
	"bytes"
	"fmt"
	"net/http"
)

// Render writes a page. It goes through a buffer, so that a template that
// fails half-way leaves nothing behind but its error.
func (site *Site) Render(rw http.ResponseWriter, status int, name string, page any) error {
	var buffer bytes.Buffer
	if err := site.templates.ExecuteTemplate(&buffer, name, page); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return Send(rw, status, "text/html; charset=utf-8", &buffer)
}
