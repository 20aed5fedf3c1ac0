package site

import (
	"context"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
)

// requests are those that were sent since a time, in their order, as far as their
// traces are among the last.
func (s *site) requests(ctx context.Context, since time.Time) ([]lesson.Request, error) {
	const most = 200 // traces
	asked := search.Request{Limit: most}
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
	return s.requestsOf(slices.DeleteFunc(traces, func(trace apm.Trace) bool {
		before := trace.Start() < asked.From // and of the code before
		return before || !settled(trace, now)
	})), nil
}

// settled tells whether spans of the trace are hardly still under way: they are
// sent a moment after a request has ended.
func settled(trace apm.Trace, now time.Time) bool {
	return trace.Start()+int64(trace.Duration()) <= now.Add(-client.Settling).UnixNano()
}

// read are those of the traces that are kept.
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
