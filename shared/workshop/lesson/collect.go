package lesson

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"thinker/shared/apm"
)

// Collect reads every trace that the agent at agentURL keeps, through its API.
func Collect(ctx context.Context, agentURL string) ([]apm.Trace, error) {
	var list struct {
		Traces []struct {
			ID string `json:"trace_id"`
		} `json:"traces"`
	}
	if err := getJSON(ctx, agentURL+"/api/traces?limit=1000", &list); err != nil {
		return nil, err
	}
	var traces []apm.Trace
	for _, entry := range list.Traces {
		trace, err := collectTrace(ctx, agentURL, entry.ID)
		if err != nil {
			return nil, err
		}
		traces = append(traces, trace)
	}
	return traces, nil
}

func collectTrace(ctx context.Context, agentURL, id string) (apm.Trace, error) {
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
	if err := getJSON(ctx, agentURL+"/api/traces/"+id, &wire); err != nil {
		return apm.Trace{}, err
	}
	traceID, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return apm.Trace{}, fmt.Errorf("trace ID %q: %w", id, err)
	}
	spans := make([]apm.Span, 0, len(wire.Spans))
	for _, s := range wire.Spans {
		spans = append(spans, apm.Span{
			TraceID: traceID, SpanID: s.SpanID, ParentID: s.ParentID,
			Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
			Start: s.Start, Duration: s.Duration, Error: s.Error != 0,
			Meta: s.Meta, Metrics: s.Metrics,
		})
	}
	return apm.NewTrace(traceID, spans), nil
}

func getJSON(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the agent: %s: %s", url, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("read what the agent answers: %s: %w", url, err)
	}
	return nil
}
