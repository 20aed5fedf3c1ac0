package client

import (
	"context"
	"net/url"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/fetch"
	"thinker/shared/workshop/lesson"
)

const (
	// Settling is the time without new spans after which a trace counts as complete:
	// each service flushes its spans on its own schedule.
	Settling = 400 * time.Millisecond
	// arriving is the longest wait for spans. Under constant load, a tracer flushes
	// every two seconds.
	arriving = 4 * time.Second
)

// Think requests subjects from the api.
func (c *Client) Think(ctx context.Context, subjects ...string) (lesson.Exchange, error) {
	return c.Get(ctx, "/think/?"+url.Values{"subject": subjects}.Encode())
}

// Get requests a path from the api. Without a response, it returns an
// *fetch.UnreachableError; for a response longer than fetch.Limit, a *fetch.TooLongError.
// It doesn't follow a redirect: Body then says where it leads.
func (c *Client) Get(ctx context.Context, path string) (lesson.Exchange, error) {
	sent := time.Now()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := fetch.Get(ctx, c.API+path, nil)
	if err != nil {
		return lesson.Exchange{Path: path, Sent: sent}, fetch.Unreachable(c.API, err)
	}
	if to := resp.Location(); to != "" {
		resp.Body = []byte("a redirect to " + to + ", which this command doesn't follow")
	}
	return lesson.NewExchange(path, sent, resp.Status, resp.Body), nil
}

// Play requests a step's paths from the api, one after the other.
func (c *Client) Play(ctx context.Context, step int) (played []lesson.Exchange, err error) {
	for _, path := range lesson.Requests(step) {
		exchange, err := c.Get(ctx, path)
		if err != nil {
			return nil, err
		}
		played = append(played, exchange)
	}
	return played, nil
}

// TracesOf waits for the traces of a request and returns them once no more spans
// arrive, the api's first. It returns none if nothing arrives for some seconds.
//
// A response doesn't name its trace. TracesOf finds it by the request's path and time:
// its spans started and ended while we waited for the response.
func (c *Client) TracesOf(ctx context.Context, a lesson.Exchange) ([]apm.Trace, error) {
	known := map[string]apm.Trace{}
	from, to := a.Sent.Add(-lesson.ClockSkew), a.End().Add(lesson.ClockSkew)
	giveUp := time.Now().Add(arriving)
	spans, changed := 0, time.Now()
	for tick := time.Tick(Settling / 8); ; {
		all, err := c.tracesBetween(ctx, from, to, known)
		if err != nil {
			return nil, err
		}
		traces := lesson.TracesOf(a, all)
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

// looksWhole reports whether no span is known to be missing: no parent and, after a 200,
// no span of the second service.
func looksWhole(a lesson.Exchange, traces []apm.Trace) bool {
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
