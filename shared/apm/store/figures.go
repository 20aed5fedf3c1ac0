package store

import (
	"context"
	"slices"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// Breakdown gives the figures of the spans that are looked for; see
// ExactBreakdown. Its error is ctx's alone, as is that of Facets and TimeSpent.
func (m *Memory) Breakdown(ctx context.Context, b search.Breakdown) (apm.Breakdown, error) {
	return ExactBreakdown(m.selected(b.Selection), b), ctx.Err()
}

// Facets counts the values of fields of the spans that are looked for; see
// ExactFacets.
func (m *Memory) Facets(ctx context.Context, s search.Selection, fields []search.Field, most int) ([]apm.Facet, error) {
	return ExactFacets(m.selected(s), s, fields, most), ctx.Err()
}

// TimeSpent tells which services worked for the spans that are looked for; see
// ExactTimeSpent.
func (m *Memory) TimeSpent(ctx context.Context, s search.Selection) (apm.TimeSpent, error) {
	return ExactTimeSpent(m.selected(s), s), ctx.Err()
}

// selected are the traces that have a span that is looked for. They are copies,
// so that the figures can be made while the intake goes on.
func (m *Memory) selected(s search.Selection) []apm.Trace {
	m.mu.Lock()
	defer m.mu.Unlock()
	var traces []apm.Trace
	for _, t := range m.order {
		if s.Selects(t.spans) {
			traces = append(traces, apm.NewTrace(t.id, slices.Clone(t.spans)))
		}
	}
	return traces
}
