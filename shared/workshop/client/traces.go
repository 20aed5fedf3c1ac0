package client

import (
	"context"
	"fmt"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/colour"
)

// maxTraces is the limit of traces in one query.
const maxTraces = 1000

// Traces returns the stored traces, the newest first, up to 1,000.
func (c *Client) Traces(ctx context.Context) ([]apm.Trace, error) {
	return c.tracesBetween(ctx, time.Time{}, time.Time{}, map[string]apm.Trace{})
}

// tracesBetween returns the traces with a span that started in a time range, or all if
// from is zero. It reads a trace in known again only if it has more spans now, and adds
// the traces it reads.
func (c *Client) tracesBetween(ctx context.Context, from, to time.Time,
	known map[string]apm.Trace) ([]apm.Trace, error) {
	list, err := c.agent().Traces(ctx, api.Selection{From: from, To: to}, maxTraces)
	if err != nil {
		return nil, queryError(err)
	}
	var traces []apm.Trace
	for _, summary := range list.Traces {
		id := summary.TraceID
		if trace, ok := known[id]; !ok || len(trace.Spans) != summary.Spans {
			response, err := c.agent().Trace(ctx, id)
			if err != nil {
				return nil, queryError(err)
			}
			if known[id], err = response.Domain(); err != nil {
				return nil, queryError(err)
			}
		}
		traces = append(traces, known[id])
	}
	return traces, nil
}

// Colours sets the colours of a trace's services to those on the pages.
func (c *Client) Colours(ctx context.Context, traceID uint64, palette *colour.Palette) error {
	outline, err := c.agent().Outline(ctx, api.ID(traceID))
	if err != nil {
		return queryError(err)
	}
	for _, s := range outline.Services {
		shown, err := colour.ParseHex(s.Colour)
		if err != nil {
			return fmt.Errorf("query the agent: the colour %q of %s: %w", s.Colour, s.Service, err)
		}
		palette.Give(s.Service, shown)
	}
	return nil
}
