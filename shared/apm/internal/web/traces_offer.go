package web

import (
	"cmp"
	"context"
	"strings"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// An offer links to a trace if the search field holds its ID, or the ID of one of
// its spans.
type offer struct {
	page.TraceRow
	URL  string
	What string // the resource
	Span bool   // the ID is a span's
}

// offers returns the traces that a typed text can mean as an ID, from any time and
// environment; none if it is no ID.
func (w *Web) offers(ctx context.Context, p page.URL, typed string) (offers []offer, err error) {
	const most = 3
	typed = strings.TrimSpace(typed)
	if len(query.ParseIDs(typed)) == 0 {
		return nil, nil
	}
	for _, field := range []string{"trace_id", "span_id"} {
		q := page.And(query.Query{}, field, typed)
		found, _, err := w.Search(ctx, query.Request{Selection: query.Selection{Query: q}, Limit: most})
		if err != nil || len(found) > 0 {
			for _, s := range found {
				row := page.NewTraceRow(w.Site, s)
				o := offer{TraceRow: row, URL: p.To("/trace/" + row.ID), What: cmp.Or(row.Resource, row.Name, "no resource"), Span: field == "span_id"}
				if o.Span {
					o.URL = p.To("/trace/"+row.ID, "span", typed)
				}
				offers = append(offers, o)
			}
			return offers, err
		}
	}
	return nil, nil
}
