// Package client asks a running step and its agent over HTTP, wherever they run.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"thinker/shared/workshop/fetch"
)

// patience is more than an answer takes: the agent's takes milliseconds, and the
// api gives up on the thinker after ten seconds.
const patience = 30 * time.Second

// A Client knows where to ask. Each address is a URL without a path.
type Client struct {
	API   string // thinker-api, for example http://localhost:5000
	Agent string // for example http://localhost:8126
	Pages string // where a person opens the agent's pages
}

// Page is the address of a trace's page.
func (c *Client) Page(traceID uint64) string {
	return c.Pages + "/trace/" + strconv.FormatUint(traceID, 10)
}

// An UnreachableError is of a request that got no answer.
type UnreachableError struct {
	URL string // what was asked
	Err error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("%s does not answer: %v", e.URL, e.Err) }

func (e *UnreachableError) Unwrap() error { return e.Err }

// agentLimit is how much of an answer of the agent is read, in bytes: 64 MiB. A
// trace may have many thousands of spans.
const agentLimit = 64 << 20

// get sends a request, and reads no answer that is longer than limit bytes: that
// is a *fetch.TooLongError. No answer is an UnreachableError.
func get(ctx context.Context, url string, limit int64) (fetch.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	resp, err := fetch.Get(ctx, fetch.Direct(), url, limit)
	if _, long := errors.AsType[*fetch.TooLongError](err); err != nil && !long {
		err = &UnreachableError{url, err}
	}
	return resp, err
}

// ask reads what the agent's API answers at a path.
func (c *Client) ask(ctx context.Context, path string, query url.Values, into any) error {
	at := c.Agent + path
	if len(query) > 0 {
		at += "?" + query.Encode()
	}
	resp, err := get(ctx, at, agentLimit)
	if err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	if resp.Status != http.StatusOK {
		return fmt.Errorf("ask the agent: %s answers %d%s", at, resp.Status, detail(resp.Body))
	}
	if err := json.Unmarshal(resp.Body, into); err != nil {
		return fmt.Errorf("ask the agent: what %s answers is not the workshop's: %w", at, err)
	}
	return nil
}

// detail is what the agent says of a refusal.
func detail(body []byte) string {
	var problem struct{ Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		return ""
	}
	return ": " + strings.TrimSpace(problem.Detail)
}
