package client

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
)

// most is the limit of traces in one query.
const most = 1000

// Traces returns the stored traces, the newest first, up to 1,000.
func (c *Client) Traces(ctx context.Context) ([]apm.Trace, error) {
	return c.tracesBetween(ctx, time.Time{}, time.Time{}, map[uint64]apm.Trace{})
}

// tracesBetween returns the traces with a span that started in a time range, or all if
// from is zero. It reads a trace in known again only if it has more spans now, and adds
// the traces it reads.
func (c *Client) tracesBetween(ctx context.Context, from, to time.Time, known map[uint64]apm.Trace) ([]apm.Trace, error) {
	var list struct {
		Traces []struct {
			ID    string `json:"trace_id"`
			Spans int
		}
	}
	query := url.Values{}
	if !from.IsZero() {
		query = period(from, to)
	}
	query.Set("limit", strconv.Itoa(most))
	if err := c.ask(ctx, "/api/traces", query, &list); err != nil {
		return nil, err
	}
	var traces []apm.Trace
	for _, entry := range list.Traces {
		id, err := strconv.ParseUint(entry.ID, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("query the agent: trace ID %q: %w", entry.ID, err)
		}
		trace, ok := known[id]
		if !ok || len(trace.Spans) != entry.Spans {
			if trace, err = c.trace(ctx, id); err != nil {
				return nil, err
			}
			known[id] = trace
		}
		traces = append(traces, trace)
	}
	return traces, nil
}

// trace reads one trace.
func (c *Client) trace(ctx context.Context, id uint64) (apm.Trace, error) {
	var wire struct {
		Spans []struct {
			SpanID   uint64 `json:"span_id,string"`
			ParentID uint64 `json:"parent_id,string"`
			Service  string
			Name     string
			Resource string
			Type     string
			Start    int64
			Duration time.Duration
			Error    int
			Meta     map[string]string
			Metrics  map[string]float64
		}
	}
	if err := c.ask(ctx, "/api/traces/"+strconv.FormatUint(id, 10), nil, &wire); err != nil {
		return apm.Trace{}, err
	}
	spans := make([]apm.Span, 0, len(wire.Spans))
	for _, s := range wire.Spans {
		spans = append(spans, apm.Span{
			TraceID: id, SpanID: s.SpanID, ParentID: s.ParentID,
			Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
			Start: s.Start, Duration: s.Duration, Error: s.Error != 0,
			Meta: s.Meta, Metrics: s.Metrics,
		})
	}
	return apm.NewTrace(id, spans), nil
}

// Colours sets the colours of a trace's services to those on the pages.
func (c *Client) Colours(ctx context.Context, traceID uint64, palette *colour.Palette) error {
	var outline struct {
		Services []struct{ Service, Colour string }
	}
	if err := c.ask(ctx, "/api/traces/"+strconv.FormatUint(traceID, 10)+"/outline", nil, &outline); err != nil {
		return err
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
