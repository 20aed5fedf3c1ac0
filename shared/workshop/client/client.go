// Package client sends requests to a running step and to its agent.
package client

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/fetch"
)

// requestTimeout is longer than any response takes: the api gives up on the microservice
// after ten seconds.
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

// agent returns a client of the agent's API.
func (c *Client) agent() api.Client { return api.Client{URL: c.Agent} }

// queryError adds what was being done to an error of the agent's API.
func queryError(err error) error {
	if unreachable, ok := errors.AsType[*fetch.UnreachableError](err); ok {
		return fmt.Errorf("the agent at %w", unreachable)
	} else if err != nil {
		return fmt.Errorf("query the agent: %w", err)
	}
	return nil
}
