package client

import (
	"context"
	"fmt"
	"time"

	"thinker/shared/apm/api"
)

// A Resource is a resource of a service.
type Resource struct{ Service, Operation, Name string }

// FiguresOf returns the figures of the requests that started in a time range. It waits
// until there are as many as given, or no more arrive.
func (c *Client) FiguresOf(ctx context.Context, requests int, of Resource, from, to time.Time) (api.Figures, error) {
	var last api.Figures
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
func (c *Client) figures(ctx context.Context, of Resource, from, to time.Time) (api.Figures, error) {
	selection := api.Selection{From: from, To: to,
		Query: fmt.Sprintf("service:%q operation_name:%q resource_name:%q", of.Service, of.Operation, of.Name)}
	answer, err := c.agent().Figures(ctx, selection)
	return answer.Total.Figures, queryError(err)
}

// ResourcePage returns the URL of a resource's page for a time range.
func (c *Client) ResourcePage(of Resource, from, to time.Time) string {
	query := api.Selection{From: from, To: to}.Values()
	query.Set("service", of.Service)
	query.Set("operation", of.Operation)
	query.Set("resource", of.Name)
	return c.Pages + "/resource?" + query.Encode()
}
