package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/fetch"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// A conversation is the lesson's requests to the running services, one after the
// other, with their responses.
type conversation struct {
	o            Options
	code         lesson.Code
	running      *runner.Running
	recorder     *recorder
	api, thinker string // URLs
	played       []lesson.Exchange
	headers      []http.Header // of each request to the microservice
	direct       int           // how many of the requests went straight to the microservice: the first ones
}

// hold sends the requests, and reports the outcome so far after each.
func (c *conversation) hold(ctx context.Context) error {
	changes := c.running.Agent.Store().Subscribe(ctx)
	if path, headers := lesson.DirectRequest(c.o.Target.Step); path != "" && !c.o.Exercise {
		exchange, err := c.ask(ctx, c.thinker, path, headers)
		if err != nil {
			return err
		}
		c.played, c.headers, c.direct = append(c.played, exchange), append(c.headers, headers), 1
		settle(changes)
	}
	for _, path := range lesson.Requests(c.o.Target.Step) {
		exchange, err := c.ask(ctx, c.api, path, nil)
		if err != nil {
			return err
		}
		c.played = append(c.played, exchange)
		c.headers = append(c.headers, c.recorder.last())
		c.o.Answered(exchange)
		settle(changes)
		requests, err := c.requests(ctx)
		if err != nil {
			return err
		}
		c.o.Judged(c.judge(requests))
	}
	return nil
}

// judge returns the outcome of the lesson, or of its exercise.
func (c *conversation) judge(requests []lesson.Request) []lesson.Result {
	if c.o.Exercise {
		return lesson.JudgeExercise(c.o.Target.Step, requests)
	}
	return lesson.Judge(c.o.Target.Step, requests)
}

// ask sends one request. If a service has ended instead of responding, the error is
// the service's.
func (c *conversation) ask(ctx context.Context, service, path string, headers http.Header) (lesson.Exchange, error) {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	exchange, err := send(limited, service, path, headers)
	if err != nil && ctx.Err() == nil {
		select { // a service ends a moment after its connections break
		case <-c.running.API.Ended():
		case <-time.After(enough):
		}
	}
	for _, p := range []*runner.Process{c.running.API, c.running.Thinker} {
		select {
		case <-p.Ended():
			return lesson.Exchange{}, p.Failure()
		default:
		}
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return lesson.Exchange{}, fmt.Errorf("GET %s got no response within %v", path, requestTimeout)
	}
	if _, long := errors.AsType[*fetch.TooLongError](err); long {
		return lesson.Exchange{}, fmt.Errorf("the response to GET %s is longer than 1 MiB. "+
			"Look for a loop that writes to it", path)
	}
	return exchange, err
}

// send sends a request. A redirect is an error, and so is a response of more than
// fetch.Limit.
func send(ctx context.Context, service, path string, headers http.Header) (lesson.Exchange, error) {
	sent := time.Now()
	resp, err := fetch.Get(ctx, service+path, headers)
	if err != nil {
		return lesson.Exchange{}, fmt.Errorf("GET %s: %w", path, err)
	}
	if to := resp.Location(); to != "" {
		return lesson.Exchange{}, fmt.Errorf("GET %s redirects to %s. Redirects aren't followed: "+
			"respond to the request itself", path, format.Printable(to, 200))
	}
	return lesson.NewExchange(path, sent, resp.Status, resp.Body), nil
}

// settle waits until no more spans arrive, but not for long: the rest arrives when
// the services stop.
func settle(changes <-chan []uint64) {
	last := time.After(enough)
	still := time.After(enough)
	for {
		select {
		case _, open := <-changes:
			if !open {
				return
			}
			still = time.After(quiet)
		case <-still:
			return
		case <-last:
			return
		}
	}
}

// requests returns the requests so far, with their traces.
func (c *conversation) requests(ctx context.Context) ([]lesson.Request, error) {
	const all = 1 << 20
	traces := c.running.Agent.Store()
	summaries, _, err := traces.Recent(all, 0)
	if err != nil {
		return nil, fmt.Errorf("read the traces: %w", err)
	}
	var found []apm.Trace
	for _, summary := range summaries {
		trace, ok, err := traces.Trace(ctx, summary.TraceID)
		if err != nil {
			return nil, fmt.Errorf("read the traces: %w", err)
		} else if ok {
			found = append(found, trace)
		}
	}
	requests := lesson.Requested(c.played, found)
	for i := range requests {
		requests[i].Headers, requests[i].Direct, requests[i].Code = c.headers[i], i < c.direct, c.code
	}
	return requests, nil
}
