package web

import (
	"context"

	"thinker/shared/apm"
	"thinker/shared/apm/query"
)

// A traceChoice is a trace that may be compared.
type traceChoice struct {
	traceRow
	Version string
	URL     string
}

// chooseTraces offers traces for what the page is not told: the newest of all,
// and the newest of the known one's resource, some of each version.
func (w *Web) chooseTraces(ctx context.Context, page *compareTracesPage) error {
	const newest, most, versions, least = 50, 20, 6, 4
	found, _, err := w.search(ctx, query.Request{Limit: newest})
	if err != nil {
		return err
	}
	for _, s := range found {
		page.Newest = append(page.Newest, traceChoice{traceRow: w.traceRow(s)})
	}
	known, sought := page.Known(), "b"
	if page.B.Found {
		sought = "a"
	}
	if !known.Found {
		return nil
	}
	alike := alikeTo(known.trace.Entry())
	deployed, err := w.deploymentsOf(ctx, query.Selection{Query: alike}, known.trace.Entry().Service)
	if err != nil {
		return err
	}
	deployed = deployed[:min(len(deployed), versions)]
	offer := func(q query.Query, version string, limit int) error {
		found, _, err := w.search(ctx, query.Request{Selection: query.Selection{Query: q}, Limit: limit + 1})
		for _, s := range found {
			if s.TraceID != known.trace.ID && limit > 0 {
				row := w.traceRow(s)
				page.Similar = append(page.Similar, traceChoice{row, short(version), page.Place.With(sought, row.ID)})
				limit--
			}
		}
		return err
	}
	if len(deployed) == 0 {
		return offer(alike, "", most)
	}
	for _, d := range deployed {
		if err := offer(both(alike, "version", d.Version), d.Version, max(least, most/len(deployed))); err != nil {
			return err
		}
	}
	return nil
}

// alikeTo is a query for spans that do what the span does.
func alikeTo(s *apm.Span) (q query.Query) {
	for _, field := range [][2]string{{"service", s.Service}, {"operation_name", s.Name}, {"resource_name", s.Resource}} {
		if field[1] != "" { // nothing is found by an empty one
			q = both(q, field[0], field[1])
		}
	}
	return q
}
