package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"thinker/shared/apm/search"
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
	var (
		told   failure
		syntax *search.SyntaxError
	)
	switch {
	case errors.As(err, &told):
	case errors.As(err, &syntax):
		told = failure{http.StatusBadRequest, "The query cannot be read: " + syntax.Error() + "."}
	case r.Context().Err() != nil:
		return // whoever asked has gone
	default:
		w.Logger.ErrorContext(r.Context(), "answer a request", "path", r.URL.Path, "error", err)
		told = failure{http.StatusInternalServerError, "Something went wrong here, not with your request. The agent's log says what."}
	}
	if forPrograms(r) {
		writeProblem(rw, told, syntax)
		return
	}
	page := failurePage{frame: w.frame(r, "", http.StatusText(told.status), docs{}), Detail: told.detail}
	if err := w.render(rw, told.status, "failure.html", page); err != nil {
		w.Logger.ErrorContext(r.Context(), "render a failure", "path", r.URL.Path, "error", err)
		http.Error(rw, told.detail, told.status)
	}
}

// forPrograms reports whether the path is of the JSON API.
func forPrograms(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

func writeProblem(rw http.ResponseWriter, told failure, syntax *search.SyntaxError) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(told.status)
	// An error here means that the reader has gone.
	_ = json.NewEncoder(rw).Encode(problemOf(told, syntax))
}

// A problem is problem details in JSON.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	// Of a query that cannot be read: how many characters (code points) come
	// before the place where it stops making sense, and what should stand there.
	Offset   *int   `json:"offset,omitempty"`
	Expected string `json:"expected,omitempty"`
}

func problemOf(told failure, syntax *search.SyntaxError) problem {
	p := problem{Type: "about:blank", Title: http.StatusText(told.status), Status: told.status, Detail: told.detail}
	if syntax != nil {
		p.Offset, p.Expected = &syntax.Offset, syntax.Expected
	}
	return p
}

type failurePage struct {
	frame
	Detail string
}
