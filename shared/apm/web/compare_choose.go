package web

import (
	"context"
	"fmt"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// A traceChoice is a trace that may be compared.
type traceChoice struct {
	listRow
	Version string
	URL     string
}

// chooseTraces offers traces for what the page is not told: the newest of all,
// and the newest of the known one's resource, some of each version.
func (w *Web) chooseTraces(ctx context.Context, page *tracesCompared) error {
	const newest, most, versions, least = 50, 20, 6, 4
	found, err := w.newestOf(ctx, search.Query{}, newest)
	if err != nil {
		return err
	}
	for _, s := range found {
		page.Newest = append(page.Newest, traceChoice{listRow: w.listRow(s)})
	}
	known, sought := page.Known(), "b"
	if page.B.Found {
		sought = "a"
	}
	if !known.Found {
		return nil
	}
	alike := alikeTo(known.trace.Entry())
	deployed, err := w.versionsOf(ctx, search.Selection{Query: alike}, known.trace.Entry().Service)
	if err != nil {
		return err
	}
	deployed = deployed[:min(len(deployed), versions)]
	offer := func(query search.Query, version string, limit int) error {
		found, err := w.newestOf(ctx, query, limit+1)
		for _, s := range found {
			if s.TraceID != known.trace.ID && limit > 0 {
				row := w.listRow(s)
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

func (w *Web) newestOf(ctx context.Context, query search.Query, limit int) ([]apm.Summary, error) {
	found, _, err := w.Traces.Search(ctx, search.Request{Selection: search.Selection{Query: query}, Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("search traces: %w", err)
	}
	return found, nil
}

// versionsOf are the versions that a service's spans in a selection have; the
// latest to appear comes first.
func (w *Web) versionsOf(ctx context.Context, s search.Selection, service string) ([]deployment, error) {
	const most = 1000
	found, err := w.figuresBy(ctx, s, most, "service", "version")
	if err != nil {
		return nil, err
	}
	return deploymentsOf(found, service), nil
}

// alikeTo is a query for spans that do what the span does.
func alikeTo(s *apm.Span) (query search.Query) {
	for _, field := range [][2]string{{"service", s.Service}, {"operation_name", s.Name}, {"resource_name", s.Resource}} {
		if field[1] != "" { // nothing is found by an empty one
			query = both(query, field[0], field[1])
		}
	}
	return query
}
