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

// An Error carries the HTTP status to answer with, and a message for the caller.
type Error struct {
	Status  int
	Message string
}

func (e *Error) Error() string { return e.Message }

func fail(status int, format string, args ...any) error {
	return &Error{status, fmt.Sprintf(format, args...)}
}

type Handler func(*http.Request) (any, error) // answers with a value or an error

func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := h(r)
	Answer(w, answer, err)
}

// Answer writes v as JSON or, where err is set, {"error": …}. It returns the status.
func Answer(w http.ResponseWriter, v any, err error) int {
	status := http.StatusOK
	if err != nil {
		reason := &Error{http.StatusInternalServerError, "internal error: the service's log says more"}
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

// Refuse answers every request with an error: for what a router has no route for.
func Refuse(status int, message string) Handler {
	return func(*http.Request) (any, error) { return nil, &Error{status, message} }
}

// Subjects reads the subjects that a request asks about, each once, in order.
func Subjects(r *http.Request) ([]string, error) {
	var subjects []string
	query, err := url.ParseQuery(r.URL.RawQuery)
	for _, subject := range query["subject"] {
		if n := utf8.RuneCountInString(subject); n == 0 || n > 64 || !utf8.ValidString(subject) {
			err = errors.New("a subject is 1 to 64 characters of UTF-8")
		}
		if !slices.Contains(subjects, subject) {
			subjects = append(subjects, subject)
		}
	}
	if n := len(subjects); err == nil && (n == 0 || n > 16) {
		err = errors.New("give 1 to 16 subjects")
	}
	if err != nil {
		return nil, fail(http.StatusBadRequest, "%v, as in %s?subject=war; known are religion, technology, war, work, music and mankind", err, r.URL.Path)
	}
	return subjects, nil
}

// Fetch returns the JSON object that answers req, or a gateway's *Error that says why not.
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
		return nil, fail(http.StatusGatewayTimeout, "%s did not answer within %v", req.URL.Host, client.Timeout)
	case err != nil:
		return nil, fail(http.StatusBadGateway, "%s did not answer: %v", req.URL.Host, err)
	case resp.StatusCode != http.StatusOK:
		return nil, fail(http.StatusBadGateway, "%s answered %s: %.200s", req.URL.Host, resp.Status, body)
	case json.Unmarshal(body, &object) != nil || object == nil:
		return nil, fail(http.StatusBadGateway, "%s did not answer with a JSON object", req.URL.Host)
	}
	return body, nil
}
