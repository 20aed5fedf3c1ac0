// Package client sends requests to a running step and to its agent.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"thinker/shared/workshop/fetch"
)

// requestTimeout is longer than any response takes: the agent's takes milliseconds,
// and the api gives up on the microservice after ten seconds.
const requestTimeout = 30 * time.Second

// A Client knows the addresses of a running step. Each is a URL without a path.
type Client struct {
	API   string // thinker-api, for example http://localhost:5000
	Agent string // for example http://localhost:8126
	Pages string // of the agent's pages, in a browser
}

// Page returns the URL of a trace's page.
func (c *Client) Page(traceID uint64) string {
	return c.Pages + "/trace/" + strconv.FormatUint(traceID, 10)
}

// An UnreachableError reports a request without a response.
type UnreachableError struct {
	URL string // of the server
	Err error
}

func (e *UnreachableError) Error() string {
	why := e.Err
	if dial, ok := errors.AsType[*net.OpError](why); ok {
		why = dial.Err // without the address, which is in the URL
	}
	return fmt.Sprintf("%s does not respond: %v", e.URL, why)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// agentLimit is the longest response of the agent, in bytes: 64 MiB. A trace may have
// many thousands of spans.
const agentLimit = 64 << 20

// get sends a GET request. For a response longer than limit bytes it returns a
// *fetch.TooLongError; without a response, an *UnreachableError.
func get(ctx context.Context, at string, limit int64) (fetch.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := fetch.Get(ctx, fetch.Direct(), at, limit)
	if _, long := errors.AsType[*fetch.TooLongError](err); err != nil && !long {
		err = &UnreachableError{server(at), err}
	}
	return resp, err
}

// server returns a URL without its path.
func server(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return at
	}
	return u.Scheme + "://" + u.Host
}

// ask reads the response of the agent's API to a path.
func (c *Client) ask(ctx context.Context, path string, query url.Values, into any) error {
	at := c.Agent + path
	if len(query) > 0 {
		at += "?" + query.Encode()
	}
	resp, err := get(ctx, at, agentLimit)
	if unreachable, ok := errors.AsType[*UnreachableError](err); ok {
		return fmt.Errorf("the agent at %w", unreachable)
	} else if err != nil {
		return fmt.Errorf("query the agent: %w", err)
	}
	if resp.Status != http.StatusOK {
		return fmt.Errorf("query the agent: %s responded with %d%s", at, resp.Status, detail(resp.Body))
	}
	if err := json.Unmarshal(resp.Body, into); err != nil {
		return fmt.Errorf("query the agent: %s did not respond like the workshop's agent: %w", at, err)
	}
	return nil
}

// detail returns the agent's explanation of an error.
func detail(body []byte) string {
	var problem struct{ Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		return ""
	}
	return ": " + strings.TrimSpace(problem.Detail)
}
