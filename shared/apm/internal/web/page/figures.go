package page

import (
	"context"
	"fmt"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// FiguresBy returns the figures of the selected spans by reserved attributes.
func FiguresBy(ctx context.Context, traces Traces, s query.Selection, most int, by ...string) (stats.Breakdown, error) {
	b := query.Breakdown{Selection: s, Limit: most}
	for _, name := range by {
		b.By = append(b.By, query.Field{Name: name})
	}
	return traces.Breakdown(ctx, b)
}

// Anatomy returns which services and spans the selected requests consist of, when no other
// request has a large trace in memory: a sample of traces may be as large.
func (site *Site) Anatomy(ctx context.Context, s query.Selection, buckets int) (stats.Anatomy, error) {
	if err := site.takeLargeTrace(ctx); err != nil {
		return stats.Anatomy{}, err
	}
	return site.Traces.Anatomy(ctx, s, buckets)
}

// SampleText returns how many requests the figures come from.
func SampleText(a stats.Anatomy) string {
	if a.Sampled() {
		return fmt.Sprintf("from a sample of %s of %s requests", format.Number(a.Requests), format.Number(a.Of))
	}
	return "from " + format.Count(a.Requests, "request", "requests")
}
