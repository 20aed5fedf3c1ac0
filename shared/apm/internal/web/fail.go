package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"thinker/shared/apm/api"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/query"
)

// A failure is an error whose text is shown to the client.
type failure struct {
	status int
	detail string // one or two sentences: what is wrong and what to do
}

func (f failure) Error() string { return f.detail }

// fail answers a failed request: with problem details (RFC 9457) for programs, with a
// page for browsers. Details of internal errors stay in the log.
func (site *Site) fail(rw http.ResponseWriter, r *http.Request, err error) {
	var (
		told    failure
		refusal guest.Refusal
		syntax  *query.SyntaxError
	)
	switch {
	case errors.As(err, &told):
	case errors.As(err, &refusal):
		told = failure{refusal.Status, refusal.Detail}
	case errors.As(err, &syntax):
		told = failure{http.StatusBadRequest, "Syntax error " + syntax.Error() + "."}
	case r.Context().Err() != nil:
		return // the client has gone
	default:
		site.Logger.ErrorContext(r.Context(), "respond to a request", "path", r.URL.Path, "error", err)
		told = failure{http.StatusInternalServerError, "The agent failed to respond to this request. Its log has the details."}
	}
	if forPrograms(r) {
		writeProblem(rw, told, syntax)
		return
	}
	page := failurePage{frame: site.frame(r, "", http.StatusText(told.status), docs{}), Detail: told.detail}
	if err := site.render(rw, told.status, "failure.html", page); err != nil {
		site.Logger.ErrorContext(r.Context(), "render failure", "path", r.URL.Path, "error", err)
		http.Error(rw, told.detail, told.status)
	}
}

// forPrograms reports whether the request is for the JSON API.
func forPrograms(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

func writeProblem(rw http.ResponseWriter, told failure, syntax *query.SyntaxError) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(told.status)
	// An error here means that the reader has gone.
	_ = json.NewEncoder(rw).Encode(problemOf(told, syntax))
}

func problemOf(told failure, syntax *query.SyntaxError) api.Problem {
	p := api.Problem{Type: "about:blank", Title: http.StatusText(told.status), Status: told.status, Detail: told.detail}
	if syntax != nil {
		p.Offset, p.Expected = &syntax.Offset, syntax.Expected
	}
	return p
}

type failurePage struct {
	frame
	Detail string
}
