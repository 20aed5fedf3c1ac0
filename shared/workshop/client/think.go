package client

import (
	"context"
	"net/url"
	"strings"
	"time"

	"thinker/shared/apm"
	"thinker/shared/workshop/fetch"
)

const (
	// Settling is how long a trace must have been quiet to be taken for whole:
	// its services report their spans apart, each on its own time.
	Settling = 400 * time.Millisecond
	// arriving is how long spans are waited for. A tracer sends every two seconds
	// while requests do not cease.
	arriving = 4 * time.Second
	// skew is how far the clocks of this machine and the services' may be apart.
	skew = 2 * time.Second
)

// An Answer is what a request to the api got.
type Answer struct {
	Path   string // as it was asked: /think/?subject=war
	Sent   time.Time
	Took   time.Duration
	Status int
	Body   string
}

// Think asks the api about subjects.
func (c *Client) Think(ctx context.Context, subjects ...string) (Answer, error) {
	return c.Get(ctx, "/think/?"+url.Values{"subject": subjects}.Encode())
}

// Get asks the api for a path. Where nobody answers, the error is an
// UnreachableError. An answer of more than fetch.Limit is a *fetch.TooLongError.
// A redirect isn't followed: the answer's body says where it leads.
func (c *Client) Get(ctx context.Context, path string) (Answer, error) {
	sent := time.Now()
	resp, err := get(ctx, c.API+path, fetch.Limit)
	body := strings.TrimSpace(string(resp.Body))
	if to := resp.Location(); to != "" {
		body = "a redirect to " + to + ", which this command doesn't follow"
	}
	return Answer{Path: path, Sent: sent, Took: time.Since(sent), Status: resp.Status, Body: body}, err
}

// TracesOf waits for the traces that a request left and, once they are quiet,
// returns them: first the one that the api began. There are none where nothing
// has arrived for some seconds.
//
// An answer does not name its trace, so it is found by what was asked and by
// when: its spans began and ended while we waited for the answer.
func (c *Client) TracesOf(ctx context.Context, a Answer) ([]apm.Trace, error) {
	known := map[uint64]apm.Trace{}
	from, to := a.Sent.Add(-skew), a.Sent.Add(a.Took+skew)
	giveUp := time.Now().Add(arriving)
	spans, changed := 0, time.Now()
	for tick := time.Tick(Settling / 8); ; {
		all, err := c.tracesBetween(ctx, from, to, known)
		if err != nil {
			return nil, err
		}
		traces := leftBy(a, all)
		if n := count(traces); n != spans {
			spans, changed = n, time.Now()
		}
		if time.Since(changed) >= Settling && spans > 0 && looksWhole(a, traces) || time.Now().After(giveUp) {
			return traces, nil
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func count(traces []apm.Trace) (spans int) {
	for _, trace := range traces {
		spans += len(trace.Spans)
	}
	return spans
}

// looksWhole tells whether nothing that belongs to the traces is known to be
// missing: a parent or, where there are thoughts, the service that had them.
func looksWhole(a Answer, traces []apm.Trace) bool {
	services := map[string]bool{}
	for _, trace := range traces {
		for _, root := range trace.Tree() {
			if root.Orphan {
				return false
			}
		}
		for _, service := range trace.Services() {
			services[service] = true
		}
	}
	return a.Status != 200 || len(services) > 1
}
