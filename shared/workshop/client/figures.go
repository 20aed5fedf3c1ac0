package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Figures are the figures of requests on the pages.
type Figures struct {
	Requests int
	Errors   int
	P50      time.Duration
	P99      time.Duration
	Max      time.Duration
}

// A Resource is a resource of a service.
type Resource struct{ Service, Operation, Name string }

// FiguresOf returns the figures of the requests that started in a time range. It waits
// until there are as many as given, or no more arrive.
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

// figures queries the agent for a resource's figures in a time range.
func (c *Client) figures(ctx context.Context, of Resource, from, to time.Time) (Figures, error) {
	var answer struct{ Total Figures }
	query := period(from, to)
	query.Set("query", "service:"+strconv.Quote(of.Service)+" operation_name:"+strconv.Quote(of.Operation)+" resource_name:"+strconv.Quote(of.Name))
	err := c.ask(ctx, "/api/figures", query, &answer)
	return answer.Total, err
}

// ResourcePage returns the URL of a resource's page for a time range.
func (c *Client) ResourcePage(of Resource, from, to time.Time) string {
	query := period(from, to)
	query.Set("service", of.Service)
	query.Set("operation", of.Operation)
	query.Set("resource", of.Name)
	return c.Pages + "/resource?" + query.Encode()
}

// period returns a time range as URL parameters.
func period(from, to time.Time) url.Values {
	return url.Values{
		"from": {strconv.FormatInt(from.UnixNano(), 10)},
		"to":   {strconv.FormatInt(to.UnixNano(), 10)},
	}
}
