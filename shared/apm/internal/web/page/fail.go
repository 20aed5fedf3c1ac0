package page

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"thinker/shared/apm/api"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/query"
)

// A Failure is an error whose text is shown to the client.
type Failure struct {
	Status int
	Detail string // one or two sentences: what is wrong and what to do
}

func (f Failure) Error() string { return f.Detail }

// Fail responds to a failed request: with problem details (RFC 9457) for programs, with a
// page for browsers. Details of internal errors stay in the log.
func (site *Site) Fail(rw http.ResponseWriter, r *http.Request, err error) {
	var (
		failure Failure
		refusal guest.Refusal
		syntax  *query.SyntaxError
	)
	switch {
	case errors.As(err, &failure):
	case errors.As(err, &refusal):
		failure = Failure{refusal.Status, refusal.Detail}
	case errors.As(err, &syntax):
		failure = Failure{http.StatusBadRequest, "Syntax error " + syntax.Error() + "."}
	case r.Context().Err() != nil:
		return // the client has gone
	default:
		site.Logger.ErrorContext(r.Context(), "respond to a request", "path", r.URL.Path, "error", err)
		failure = Failure{http.StatusInternalServerError,
			"The agent failed to respond to this request. Its log has the details."}
	}
	if ForPrograms(r) {
		WriteProblem(rw, failure, syntax)
		return
	}
	page := failurePage{site.Frame(r, "", http.StatusText(failure.Status), Docs{}), failure.Detail}
	if err := site.Render(rw, failure.Status, "failure.html", page); err != nil {
		site.Logger.ErrorContext(r.Context(), "render failure", "path", r.URL.Path, "error", err)
		http.Error(rw, failure.Detail, failure.Status)
	}
}

// ForPrograms reports whether the request is for the JSON API.
func ForPrograms(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// WriteProblem sends problem details, with the position of a syntax error if there is one.
func WriteProblem(rw http.ResponseWriter, f Failure, syntax *query.SyntaxError) {
	problem := api.Problem{Type: "about:blank", Title: http.StatusText(f.Status), Status: f.Status, Detail: f.Detail}
	if syntax != nil {
		problem.Offset, problem.Expected = &syntax.Offset, syntax.Expected
	}
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(f.Status)
	_ = json.NewEncoder(rw).Encode(problem) // an error means that the client has gone
}

type failurePage struct {
	Frame
	Detail string
}
