package page

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
)

// TraceIDs returns the low 64 bits of the trace IDs that a text can mean.
func TraceIDs(text string) (ids []uint64) {
	for _, id := range query.ParseIDs(text) {
		if !slices.Contains(ids, id.Low) {
			ids = append(ids, id.Low)
		}
	}
	return ids
}

// Find looks up a trace by an ID in any form. It returns as much of a large trace as
// fits in memory when the same request holds of such traces.
func (site *Site) Find(ctx context.Context, text string, of int) (trace apm.Trace, found bool, err error) {
	ids, err := ParseTraceIDs(text)
	if err != nil {
		return apm.Trace{}, false, err
	}
	for _, id := range ids {
		trace, found, err = site.Traces.TraceWithin(ctx, id, smallTrace)
		if err == nil && trace.Truncated > 0 {
			trace = apm.Trace{} // its memory is needed
			if err = site.takeLargeTrace(ctx); err == nil {
				trace, found, err = site.Traces.TraceWithin(ctx, id, largeTrace/of)
			}
		}
		if err != nil {
			return apm.Trace{}, false, fmt.Errorf("read trace %d: %w", id, err)
		}
		if found {
			return trace, true, nil
		}
	}
	return apm.Trace{ID: ids[0]}, false, nil
}

// ErrNoTrace is the failure to find a trace, for programs.
var ErrNoTrace = Failure{http.StatusNotFound,
	"No span of this trace is stored. It has not arrived yet, or the trace was evicted or deleted."}

// ParseTraceIDs is TraceIDs with an error if the text is no ID.
func ParseTraceIDs(text string) ([]uint64, error) {
	ids := TraceIDs(text)
	if len(ids) == 0 {
		return nil, invalid("%.40q is not a trace ID. A trace ID is a decimal or hexadecimal number of up to 128 bits.", text)
	}
	return ids, nil
}

// FormatID formats an ID the way the API and the pages do.
func FormatID(id uint64) string { return strconv.FormatUint(id, 10) }
