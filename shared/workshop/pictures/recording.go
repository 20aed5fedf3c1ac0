package pictures

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"thinker/shared/apm"
)

// A recording is what some requests left in the agent, by a name for each request.
type recording map[string][]span

// A span is an apm.Span as a recording stores it.
type span struct {
	TraceID     uint64             `json:"trace_id"`
	TraceIDHigh uint64             `json:"-"`
	SpanID      uint64             `json:"span_id"`
	ParentID    uint64             `json:"parent_id,omitempty"`
	Service     string             `json:"service"`
	Name        string             `json:"name"`
	Resource    string             `json:"resource"`
	Type        string             `json:"type,omitempty"`
	Start       int64              `json:"start"`
	Duration    time.Duration      `json:"duration"`
	Error       bool               `json:"error,omitempty"`
	Meta        map[string]string  `json:"meta,omitempty"`
	Metrics     map[string]float64 `json:"metrics,omitempty"`
	Links       []apm.Link         `json:"-"`
	Events      []apm.Event        `json:"-"`
}

// readRecording reads the recording of a step, for example step02.
func readRecording(files fs.FS, step string) (recording, error) {
	text, err := fs.ReadFile(files, step+".json")
	if err != nil {
		return nil, fmt.Errorf("read the recording of %s: %w", step, err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("read the recording of %s: %w", step, err)
	}
	return r, nil
}

// traces returns the traces that a request left, in order of start.
func (r recording) traces(request string) (traces []apm.Trace) {
	byID := map[uint64][]apm.Span{}
	var ids []uint64
	for _, s := range r[request] {
		if _, seen := byID[s.TraceID]; !seen {
			ids = append(ids, s.TraceID)
		}
		byID[s.TraceID] = append(byID[s.TraceID], apm.Span(s))
	}
	for _, id := range ids {
		traces = append(traces, apm.NewTrace(id, byID[id]))
	}
	slices.SortStableFunc(traces, func(a, b apm.Trace) int { return int(a.Start() - b.Start()) })
	return traces
}
