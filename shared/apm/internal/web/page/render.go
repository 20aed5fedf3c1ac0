package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// Render sends a page. A template that fails halfway sends nothing but its error.
func (site *Site) Render(rw http.ResponseWriter, status int, name string, page any) error {
	var buffer bytes.Buffer
	if err := site.templates.ExecuteTemplate(&buffer, name, page); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return Send(rw, status, "text/html; charset=utf-8", &buffer)
}

// Send writes a response that is complete. It refuses a large one while others are
// still being read.
func Send(rw http.ResponseWriter, status int, contentType string, body *bytes.Buffer) error {
	if t, ok := rw.(*turn); ok {
		if size := int64(body.Len()); size > smallResponse {
			defer t.all.sending.Add(-size)
			if now := t.all.sending.Add(size); now > mostSending && now > size {
				return Failure{http.StatusServiceUnavailable,
					"Other clients are still reading large responses. Try again in a moment, or request less."}
			}
		}
		t.end()
	}
	rw.Header().Set("Content-Type", contentType)
	rw.WriteHeader(status)
	// An error here means that the reader has gone.
	_, _ = body.WriteTo(rw)
	return nil
}

// SendJSON encodes the whole response before it sends it, so an error still has a status.
func SendJSON(rw http.ResponseWriter, response any) error {
	var buffer bytes.Buffer
	if err := json.NewEncoder(&buffer).Encode(response); err != nil {
		return fmt.Errorf("encode response: %w", err)
	}
	return Send(rw, http.StatusOK, "application/json", &buffer)
}
