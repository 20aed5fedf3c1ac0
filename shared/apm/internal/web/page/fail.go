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

// Fail answers a failed request: with problem details (RFC 9457) for programs, with a
// page for browsers. Details of internal errors stay in the log.
func (site *Site) Fail(rw http.ResponseWriter, r *http.Request, err error) {
	var (
		told    Failure
		refusal guest.Refusal
		syntax  *query.SyntaxError
	)
	switch {
	case errors.As(err, &told):
	case errors.As(err, &refusal):
		told = Failure{refusal.Status, refusal.Detail}
	case errors.As(err, &syntax):
		told = Failure{http.StatusBadRequest, "Syntax error " + syntax.Error() + "."}
	case r.Context().Err() != nil:
		return // the client has gone
	default:
		site.Logger.ErrorContext(r.Context(), "respond to a request", "path", r.URL.Path, "error", err)
		told = Failure{http.StatusInternalServerError,
			"The agent failed to respond to this request. Its log has the details."}
	}
	if ForPrograms(r) {
		WriteProblem(rw, told, syntax)
		return
	}
	page := failurePage{Frame: site.Frame(r, "", http.StatusText(told.Status), Docs{}), Detail: told.Detail}
	if err := site.Render(rw, told.Status, "failure.html", page); err != nil {
		site.Logger.ErrorContext(r.Context(), "render failure", "path", r.URL.Path, "error", err)
		http.Error(rw, told.Detail, told.Status)
	}
}

// ForPrograms reports whether the request is for the JSON API.
func ForPrograms(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

func WriteProblem(rw http.ResponseWriter, told Failure, syntax *query.SyntaxError) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(told.Status)
	// An error here means that the reader has gone.
	_ = json.NewEncoder(rw).Encode(problemOf(told, syntax))
}

func problemOf(told Failure, syntax *query.SyntaxError) api.Problem {
	p := api.Problem{Type: "about:blank", Title: http.StatusText(told.Status), Status: told.Status, Detail: told.Detail}
	if syntax != nil {
		p.Offset, p.Expected = &syntax.Offset, syntax.Expected
	}
	return p
}

type failurePage struct {
	Frame
	Detail string
}
