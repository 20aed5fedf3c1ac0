package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"unicode/utf8"
)

// An Error carries the HTTP status and the message of an error response.
type Error struct {
	Status  int
	Message string
}

func (e *Error) Error() string { return e.Message }

func fail(status int, format string, args ...any) error {
	return &Error{status, fmt.Sprintf(format, args...)}
}

// A Handler returns the value to respond with, or an error.
type Handler func(*http.Request) (any, error)

func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, err := h(r)
	Respond(w, v, err)
}

// Respond writes v as JSON or, if err is set, {"error": …}. It returns the status:
// that of an *Error, 499 for a cancelled request, and 500 for any other error.
func Respond(w http.ResponseWriter, v any, err error) int {
	status := http.StatusOK
	if err != nil {
		reason := &Error{http.StatusInternalServerError, "internal error; the service's log has the details"}
		if errors.Is(err, context.Canceled) {
			reason = &Error{499, "the request was cancelled"}
		}
		errors.As(err, &reason)
		status, v = reason.Status, map[string]string{"error": reason.Message}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
	return status
}

// Refuse responds to every request with an error. Routers use it for requests that
// match no route.
func Refuse(status int, message string) Handler {
	return func(*http.Request) (any, error) { return nil, &Error{status, message} }
}

// Subjects returns the subjects in a request's query, without duplicates.
func Subjects(r *http.Request) ([]string, error) {
	var subjects []string
	query, err := url.ParseQuery(r.URL.RawQuery)
	for _, subject := range query["subject"] {
		if n := utf8.RuneCountInString(subject); n == 0 || n > 64 || !utf8.ValidString(subject) {
			err = errors.New("a subject has 1 to 64 characters of UTF-8")
		}
		if !slices.Contains(subjects, subject) {
			subjects = append(subjects, subject)
		}
	}
	if n := len(subjects); err == nil && (n == 0 || n > 16) {
		err = errors.New("a request needs 1 to 16 subjects")
	}
	if err != nil {
		return nil, fail(http.StatusBadRequest, "%v, for example %s?subject=war; the known subjects are religion, technology, war, work, music and mankind", err, r.URL.Path)
	}
	return subjects, nil
}

// Fetch sends req and returns the JSON object in the response. Any other response
// is an *Error with the status of a gateway.
func Fetch(client *http.Client, req *http.Request) (json.RawMessage, error) {
	var body []byte
	resp, err := client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	}
	switch object := map[string]json.RawMessage{}; {
	case req.Context().Err() != nil:
		return nil, req.Context().Err()
	case os.IsTimeout(err):
		return nil, fail(http.StatusGatewayTimeout, "%s didn't respond within %v", req.URL.Host, client.Timeout)
	case err != nil:
		return nil, fail(http.StatusBadGateway, "%s didn't respond: %v", req.URL.Host, err)
	case resp.StatusCode != http.StatusOK:
		return nil, fail(http.StatusBadGateway, "%s responded %s: %.200s", req.URL.Host, resp.Status, body)
	case json.Unmarshal(body, &object) != nil || object == nil:
		return nil, fail(http.StatusBadGateway, "%s didn't respond with a JSON object", req.URL.Host)
	}
	return body, nil
}
