package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"thinker/shared/apm"
	"thinker/shared/workshop/fetch"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// A conversation is the lesson's requests to the services that run, one after the
// other, and what has come of them.
type conversation struct {
	o       Options
	running *runner.Running
	between *between
	api     string // URL
	played  []lesson.Exchange
	headers []http.Header // of the api's request to the thinker, for each that was played
}

// hold sends the requests, and tells after each how things stand.
func (c *conversation) hold(ctx context.Context) error {
	changes := c.running.Agent.Store().Subscribe(ctx)
	for _, path := range lesson.Requests(c.o.Target.Step) {
		exchange, err := c.ask(ctx, path)
		if err != nil {
			return err
		}
		c.played = append(c.played, exchange)
		c.headers = append(c.headers, c.between.last())
		c.o.Answered(exchange)
		settle(changes)
		requests, err := c.requests(ctx)
		if err != nil {
			return err
		}
		c.o.Judged(lesson.Judge(c.o.Target.Step, requests))
	}
	return nil
}

// ask sends one request. Where it has no answer, the service that ended says why.
func (c *conversation) ask(ctx context.Context, path string) (lesson.Exchange, error) {
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	exchange, err := lesson.Ask(asking, c.api, path)
	if err != nil && ctx.Err() == nil {
		select { // a service has ended a moment after its connections break off
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
		return lesson.Exchange{}, fmt.Errorf("GET %s is not answered within %v", path, patience)
	}
	if _, long := errors.AsType[*fetch.TooLongError](err); long {
		return lesson.Exchange{}, fmt.Errorf("the api's response to GET %s is longer than 1 MiB. Look for a loop that writes to it", path)
	}
	return exchange, err
}

// settle waits until no more spans come, but not for long: what is still missing
// is there when the services have stopped.
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

// requests are what was asked so far, with what has come of it.
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
		requests[i].Headers = c.headers[i]
	}
	return requests, nil
}
