package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// A failure is an error whose text is meant for the reader.
type failure struct {
	status int
	detail string // a sentence or two: what is wrong, and what to do
}

func (f failure) Error() string { return f.detail }

// fail answers a request that went wrong: programs get problem details
// (RFC 9457), people a page. Details of our own errors stay in the log.
func (w *Web) fail(rw http.ResponseWriter, r *http.Request, err error) {
	var told failure
	if !errors.As(err, &told) {
		w.Logger.ErrorContext(r.Context(), "answer a request", "path", r.URL.Path, "error", err)
		told = failure{http.StatusInternalServerError, "Something went wrong here, not with your request. The agent's log says what."}
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		rw.Header().Set("Content-Type", "application/problem+json")
		rw.WriteHeader(told.status)
		// An error here means that the reader has gone.
		_ = json.NewEncoder(rw).Encode(map[string]any{
			"type":   "about:blank",
			"title":  http.StatusText(told.status),
			"status": told.status,
			"detail": told.detail,
		})
		return
	}
	page := failurePage{frame: w.frame(http.StatusText(told.status)), Detail: told.detail}
	if err := w.render(rw, told.status, "failure.html", page); err != nil {
		w.Logger.ErrorContext(r.Context(), "render a failure", "path", r.URL.Path, "error", err)
		http.Error(rw, told.detail, told.status)
	}
}

type failurePage struct {
	frame
	Detail string
}
