package web

import (
	"context"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// activity shows how many spans a search finds over time, and how many of them
// failed; nil where there are none.
func (w *Web) activity(ctx context.Context, win page.Window, sought searched) (*chart.Chart, error) {
	exact, err := w.Figures(ctx, query.Breakdown{Selection: win.Selection(sought.parsed, sought.Scope)})
	if err != nil {
		return nil, err
	}
	total := exact.Total
	if total.Requests == 0 {
		return nil, nil
	}
	switch {
	case win.From == 0:
		win.From = total.First
		if win.To == 0 {
			win.To = total.Last + 1
		}
	case win.To == 0:
		win.To = max(time.Now().UnixNano(), total.Last+1)
	}
	win = win.Divided()
	found, err := w.Figures(ctx, query.Breakdown{Selection: win.Selection(sought.parsed, sought.Scope), Buckets: win.Buckets()})
	if err != nil {
		return nil, err
	}

	c := chart.New("activity", "Spans", win.TimeRange())
	c.Summary = format.Count(total.Requests, "span", "spans") + " found"
	if total.Errors > 0 {
		c.Summary += " · " + format.Count(total.Errors, "error", "errors")
	}
	failed, others := chart.Series{Name: "Errors", Class: "failed"}, chart.Series{Name: "OK"}
	for _, bucket := range found.Total.Buckets {
		failed.Values = append(failed.Values, float64(bucket.Errors))
		others.Values = append(others.Values, float64(bucket.Requests-bucket.Errors))
	}
	c.Stack([]chart.Series{failed, others}, chart.Count)
	return c, nil
}
