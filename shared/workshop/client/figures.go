package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Figures are those that the pages show of requests.
type Figures struct {
	Requests int
	Errors   int
	P50      time.Duration
	P99      time.Duration
	Max      time.Duration
}

// A Resource is one of the things that a service is asked for.
type Resource struct{ Service, Operation, Name string }

// FiguresOf waits for the figures of some requests that began in a time: until
// there are so many, or no more come.
func (c *Client) FiguresOf(ctx context.Context, requests int, of Resource, from, to time.Time) (Figures, error) {
	var last Figures
	giveUp := time.Now().Add(arriving)
	for tick := time.Tick(Settling / 4); ; {
		now, err := c.figures(ctx, of, from, to)
		if err != nil || now.Requests >= requests || time.Now().After(giveUp) {
			return now, err
		}
		if now.Requests > last.Requests {
			last, giveUp = now, time.Now().Add(arriving)
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// figures asks the agent for the figures of a resource's requests that began in a
// time.
func (c *Client) figures(ctx context.Context, of Resource, from, to time.Time) (Figures, error) {
	var answer struct{ Total Figures }
	query := period(from, to)
	query.Set("query", "service:"+strconv.Quote(of.Service)+" operation_name:"+strconv.Quote(of.Operation)+" resource_name:"+strconv.Quote(of.Name))
	err := c.ask(ctx, "/api/figures", query, &answer)
	return answer.Total, err
}

// ResourcePage is the address of a resource's page, for a time.
func (c *Client) ResourcePage(of Resource, from, to time.Time) string {
	query := period(from, to)
	query.Set("service", of.Service)
	query.Set("operation", of.Operation)
	query.Set("resource", of.Name)
	return c.Pages + "/resource?" + query.Encode()
}

// period is a time in an address.
func period(from, to time.Time) url.Values {
	return url.Values{
		"from": {strconv.FormatInt(from.UnixNano(), 10)},
		"to":   {strconv.FormatInt(to.UnixNano(), 10)},
	}
}
