package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm/fetch"
)

const (
	// limit is 64 MiB, since a trace may have many thousands of spans. Any program may be
	// listening at the address.
	limit = 64 << 20
	// timeout is longer than any response takes: the agent's takes milliseconds.
	timeout = 30 * time.Second
)

// A Client sends requests to an agent. Its errors are a *fetch.UnreachableError, a
// *fetch.TooLongError, a *ResponseError, or an error in the JSON.
type Client struct {
	URL       string            // of the agent, for example http://localhost:8126
	Transport http.RoundTripper // fetch.Direct() if nil
	Limit     int64             // of a response's body, in bytes; 64 MiB if 0
}

// A ResponseError reports a response with an error's status.
type ResponseError struct {
	URL     string // of the request
	Status  int
	Problem Problem // with an empty Detail if another program responded
}

func (e *ResponseError) Error() string {
	text := fmt.Sprintf("%s responded with %d", e.URL, e.Status)
	if detail := strings.TrimSpace(e.Problem.Detail); detail != "" {
		text += ": " + detail
	}
	return text
}

// A Selection selects spans. Zero values select everything; Scope then has the endpoint's
// default.
type Selection struct {
	Query    string // in Datadog's syntax
	Env      string
	Scope    string // all, service-entry or root
	From, To time.Time
}

// Values returns the selection as parameters of a URL.
func (s Selection) Values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"query": s.Query, "env": s.Env, "scope": s.Scope} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"from": s.From, "to": s.To} {
		if !at.IsZero() {
			values.Set(name, strconv.FormatInt(at.UnixNano(), 10))
		}
	}
	return values
}

// Traces returns summaries of the newest traces with a selected span, at most limit, which
// may be up to 1,000.
func (c Client) Traces(ctx context.Context, s Selection, limit int) (Traces, error) {
	values := s.Values()
	values.Set("limit", strconv.Itoa(limit))
	return get[Traces](ctx, c, "/api/traces", values)
}

// Trace returns a trace with all its spans. The ID may be decimal or hexadecimal.
func (c Client) Trace(ctx context.Context, id string) (Trace, error) {
	return get[Trace](ctx, c, "/api/traces/"+url.PathEscape(id), nil)
}

// Outline returns the layout of a trace's flame graph.
func (c Client) Outline(ctx context.Context, id string) (Outline, error) {
	return get[Outline](ctx, c, "/api/traces/"+url.PathEscape(id)+"/outline", nil)
}

// Figures returns figures of the selected spans, in total.
func (c Client) Figures(ctx context.Context, s Selection) (Breakdown, error) {
	return get[Breakdown](ctx, c, "/api/figures", s.Values())
}

// Intake returns which tracers sent spans, and what was refused.
func (c Client) Intake(ctx context.Context) (Intake, error) {
	return get[Intake](ctx, c, "/api/intake", nil)
}

func get[T any](ctx context.Context, c Client, path string, parameters url.Values) (response T, err error) {
	err = c.Get(ctx, path, parameters, &response)
	return response, err
}

// Clear deletes all traces.
func (c Client) Clear(ctx context.Context) error {
	_, err := c.send(ctx, http.MethodDelete, "/api/traces", nil)
	return err
}

// Get reads the response of any endpoint into a pointer to its type, or into a
// *json.RawMessage.
func (c Client) Get(ctx context.Context, path string, parameters url.Values, response any) error {
	body, err := c.send(ctx, http.MethodGet, path, parameters)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, response); err != nil {
		return fmt.Errorf("%s%s did not respond like the workshop's agent: %w", c.URL, path, err)
	}
	return nil
}

// send returns the body of a successful response.
func (c Client) send(ctx context.Context, method, path string, parameters url.Values) ([]byte, error) {
	at := c.URL + path
	if len(parameters) > 0 {
		at += "?" + parameters.Encode()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, at, nil)
	if err != nil {
		return nil, err
	}
	transport := c.Transport
	if transport == nil {
		transport = fetch.Direct()
	}
	response, err := fetch.Do(transport, request, cmp.Or(c.Limit, limit))
	if err != nil {
		return nil, fetch.Unreachable(c.URL, err)
	}
	if response.Status != http.StatusOK && response.Status != http.StatusNoContent {
		failed := &ResponseError{URL: at, Status: response.Status}
		if json.Unmarshal(response.Body, &failed.Problem) != nil {
			failed.Problem = Problem{}
		}
		return nil, failed
	}
	return response.Body, nil
}
