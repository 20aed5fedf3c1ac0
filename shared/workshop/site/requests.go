package site

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// requests returns the requests sent since a time, in order. It reads only the latest
// traces.
func (s *site) requests(ctx context.Context, since time.Time) ([]lesson.Request, error) {
	const most = 200 // traces
	asked := query.Request{Limit: most}
	asked.From = since.UnixNano()
	summaries, _, err := s.Traces.Search(ctx, asked)
	if err != nil {
		return nil, err
	}
	var ids []uint64
	for _, summary := range slices.Backward(summaries) {
		ids = append(ids, summary.TraceID)
	}
	traces, err := s.read(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	requests := s.requestsOf(slices.DeleteFunc(traces, func(trace apm.Trace) bool {
		before := trace.Start() < asked.From // left by the code that ran before
		return before || !settled(trace, now)
	}))
	code := s.runningCode()
	for i := range requests {
		requests[i].Code = code
	}
	return requests, nil
}

// runningCode returns the code of the running services, or nil while a change to it
// isn't running yet.
func (s *site) runningCode() lesson.Code {
	state := s.Workshop.State()
	if state.Phase != runner.Healthy || state.Serving != state.Target {
		return nil
	}
	code, err := lesson.ReadCode(cmp.Or(state.Target.Dir, filepath.Join(s.Root, runner.StepName(state.Target.Step))))
	if err != nil {
		return nil // the judge does without
	}
	return code
}

// settled reports whether all spans of a trace have probably arrived: tracers send
// them a moment after a request ends.
func settled(trace apm.Trace, now time.Time) bool {
	return trace.Start()+int64(trace.Duration()) <= now.Add(-client.Settling).UnixNano()
}

// read returns those of the traces that are stored.
func (s *site) read(ctx context.Context, ids []uint64) (traces []apm.Trace, err error) {
	for _, id := range ids {
		trace, found, err := s.Traces.Trace(ctx, id)
		if err != nil {
			return nil, err
		}
		if found {
			traces = append(traces, trace)
		}
	}
	return traces, nil
}
