package pictures

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
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

// port matches where the microservice listened while the traces were recorded.
var port = regexp.MustCompile(`http://localhost:\d+`)

// tidy returns traces as a recording stores them. Times are moved so that the
// first span starts at begin, and rounded to microseconds. IDs are counted from 1,
// and tags that differ from machine to machine are left out.
func tidy(traces []apm.Trace, begin time.Time) (spans []span) {
	shown := []string{"component", "env", "error.message", "error.type", "http.method", "http.status_code", "http.url", "span.kind", "subject", "version"}
	ids := map[uint64]uint64{0: 0}
	short := func(id uint64) uint64 {
		if _, known := ids[id]; !known {
			ids[id] = uint64(len(ids))
		}
		return ids[id]
	}
	first := traces[0].Start()
	for _, trace := range traces {
		first = min(first, trace.Start())
	}
	for _, trace := range traces {
		for _, s := range trace.Spans {
			s.TraceID, s.SpanID, s.ParentID = short(s.TraceID), short(s.SpanID), short(s.ParentID)
			end := time.Duration(s.End() - first).Round(time.Microsecond)
			start := time.Duration(s.Start - first).Round(time.Microsecond)
			s.TraceIDHigh, s.Start, s.Duration = 0, begin.Add(start).UnixNano(), end-start
			if s.Type == "web" {
				delete(s.Meta, "http.url") // the learner's port
			}
			meta := map[string]string{}
			for _, tag := range shown {
				if value := s.Meta[tag]; value != "" {
					meta[tag] = port.ReplaceAllString(value, "http://localhost:5001")
				}
			}
			s.Meta, s.Links, s.Events = meta, nil, nil
			if s.TopLevel() {
				s.Metrics = map[string]float64{"_dd.top_level": 1}
			} else {
				s.Metrics = nil
			}
			spans = append(spans, span(s))
		}
	}
	return spans
}
