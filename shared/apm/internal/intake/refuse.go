package intake

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A refusal is an error whose text is meant for the sender.
type refusal struct {
	status int
	reason string
	err    error
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

func malformed(err error) error { return refusal{http.StatusBadRequest, reasonMalformed, err} }

// refuse answers a request that failed, notes and logs it, and returns the
// answer's status. It answers at once, and then reads what is still being sent.
func (in *Intake) refuse(w http.ResponseWriter, r *http.Request, v *visit, err error) (status int) {
	var because refusal
	switch {
	case errors.As(err, &because):
	case errors.Is(err, ErrFull):
		because = refusal{http.StatusInsufficientStorage, reasonFull, errors.New("could not store the spans: the agent's disk is full")}
	default:
		// Ours, not the sender's fault: the details stay here.
		because = refusal{http.StatusInternalServerError, reasonNotKept, errors.New("could not store the spans. See the agent's log")}
	}
	in.tally.refused(v.refusal(r, because))
	in.log.WarnContext(r.Context(), "refused a request", "method", r.Method, "path", r.URL.Path, "reason", because.reason, "error", err)
	_ = v.body.connection.EnableFullDuplex() // where it cannot be had, the server reads before it answers
	var dropped drop
	if errors.As(err, &dropped) {
		_ = write(w, because.status, dropped.reply)
	} else {
		http.Error(w, because.Error(), because.status)
	}
	_ = v.body.connection.Flush() // else nothing is waiting to be sent
	v.body.drain()
	return because.status
}

// refuseBrowsers refuses what a web page made a browser send. Tracers are no
// browsers, and a page from elsewhere has no business here; what a person
// types into the address bar (Sec-Fetch-Site: none) may pass.
func refuseBrowsers(r *http.Request) error {
	site := r.Header.Get("Sec-Fetch-Site")
	if _, crossed := r.Header["Origin"]; crossed || (site != "" && site != "none") {
		return refusal{http.StatusForbidden, reasonBrowser, errors.New("this endpoint is for tracers, not for web pages")}
	}
	return nil
}

func refuseOtherMethods(w http.ResponseWriter, r *http.Request, methods []string) error {
	if len(methods) == 0 || slices.Contains(methods, r.Method) {
		return nil
	}
	allowed := strings.Join(methods, ", ")
	w.Header().Set("Allow", allowed)
	return refusal{http.StatusMethodNotAllowed, reasonMethod, fmt.Errorf("%s accepts %s, not %s", r.URL.Path, allowed, r.Method)}
}

// refuseUnknown refuses what is sent to a path that no Agent has.
func refuseUnknown(_ http.ResponseWriter, r *http.Request, _ *visit) error {
	return refusal{http.StatusNotFound, reasonPath, fmt.Errorf("unknown path %s. Datadog tracers send to paths such as /v0.4/traces", r.URL.Path)}
}
