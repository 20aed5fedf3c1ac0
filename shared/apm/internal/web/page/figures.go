package page

import (
	"context"
	"fmt"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// What pages and the API ask of the traces. An error says what was being done.

func (site *Site) Search(ctx context.Context, r query.Request) (summaries []apm.Summary, next uint64, err error) {
	if summaries, next, err = site.Traces.Search(ctx, r); err != nil {
		return nil, 0, fmt.Errorf("search traces: %w", err)
	}
	return summaries, next, nil
}

func (site *Site) Figures(ctx context.Context, b query.Breakdown) (stats.Breakdown, error) {
	found, err := site.Traces.Breakdown(ctx, b)
	if err != nil {
		return found, fmt.Errorf("break down spans: %w", err)
	}
	return found, nil
}

// FiguresBy sums up spans by reserved attributes.
func (site *Site) FiguresBy(ctx context.Context, s query.Selection, most int, by ...string) (stats.Breakdown, error) {
	b := query.Breakdown{Selection: s, Limit: most}
	for _, name := range by {
		b.By = append(b.By, query.Field{Name: name})
	}
	return site.Figures(ctx, b)
}

func (site *Site) Anatomy(ctx context.Context, s query.Selection, buckets int) (stats.Anatomy, error) {
	if err := site.takeLargeTrace(ctx); err != nil { // a sample of traces may be as large
		return stats.Anatomy{}, err
	}
	a, err := site.Traces.Anatomy(ctx, s, buckets)
	if err != nil {
		return a, fmt.Errorf("find the spans of requests: %w", err)
	}
	return a, nil
}

func (site *Site) CountValues(ctx context.Context, s query.Selection, fields []query.Field, most int) ([]stats.Facet, error) {
	facets, err := site.Traces.Facets(ctx, s, fields, most)
	if err != nil {
		return nil, fmt.Errorf("count values: %w", err)
	}
	return facets, nil
}

// SampleText returns how many requests the figures come from.
func SampleText(a stats.Anatomy) string {
	if a.Sampled() {
		return fmt.Sprintf("from a sample of %s of %s requests", format.Number(a.Requests), format.Number(a.Of))
	}
	return "from " + format.Count(a.Requests, "request", "requests")
}
