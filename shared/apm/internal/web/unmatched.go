package web

import (
	"context"
	"fmt"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// An unmatched explains why a search found nothing, and what the reader can do.
type unmatched struct {
	Elsewhere  []elsewhere // windows in which the same search finds spans
	Conditions []condition // the query's terms, if it has several
	Bare       bool        // the window has no spans at all
}

// An elsewhere is a window with spans that match the search.
type elsewhere struct {
	Where       string
	Spans       string
	First, Last page.Moment // start of the earliest and the latest span
	URL         string
}

// A condition is one of a query's terms.
type condition struct {
	Text  string
	Alone string // number of spans that match it; empty for none
	Rest  string // number of spans that match all other terms; empty for none
	URL   string // the search without it
}

// whyUnmatched counts what a search would find in other windows and with fewer terms.
// Each count needs a separate search.
func (w *Web) whyUnmatched(ctx context.Context, p page.URL, win page.Window, sought searched) (u unmatched, err error) {
	if u.Elsewhere, err = w.elsewhere(ctx, p, win, sought); err != nil {
		return u, err
	}
	if win != (page.Window{Range: win.Range}) && len(u.Elsewhere) == 0 {
		here, _, err := w.spans(ctx, win.Selection(query.Query{}, query.AllSpans))
		if u.Bare = here == ""; u.Bare || err != nil {
			return u, err
		}
	}
	const most = 8
	refined := refinement{parts: partsOf(sought.parsed)}
	if len(refined.parts) < 2 || len(refined.parts) > most {
		return u, nil
	}
	for _, part := range refined.parts {
		c := condition{Text: page.Short(part.String()), URL: p.With("query", refined.without(part))}
		if c.Alone, _, err = w.spans(ctx, win.Selection(query.Query{Expr: part}, sought.Scope)); err != nil {
			return u, err
		}
		others, err := query.Parse(refined.without(part))
		if err != nil {
			return u, fmt.Errorf("read a query without its part %.100q: %w", part, err)
		}
		if c.Rest, _, err = w.spans(ctx, win.Selection(others, sought.Scope)); err != nil {
			return u, err
		}
		u.Conditions = append(u.Conditions, c)
	}
	return u, nil
}

// elsewhere tries the search without the window's time range, without its environment
// and, if neither finds anything, without both.
func (w *Web) elsewhere(ctx context.Context, p page.URL, win page.Window, sought searched) (found []elsewhere, err error) {
	timed, inEnv := win.From != 0 || win.To != 0, win.Env != ""
	time := []string{"range", "", "from", "", "to", ""}
	for _, try := range []struct {
		useful  bool
		where   string
		in      page.Window
		without []string
	}{
		{timed, "At other times", page.Window{Env: win.Env}, time},
		{inEnv, "In other environments", page.Window{From: win.From, To: win.To}, []string{"env", ""}},
		{timed && inEnv, "At other times in other environments", page.Window{}, append(time, "env", "")},
	} {
		if !try.useful || try.in == (page.Window{}) && len(found) > 0 {
			continue
		}
		count, there, err := w.spans(ctx, try.in.Selection(sought.parsed, sought.Scope))
		if err != nil {
			return nil, err
		}
		if count != "" {
			found = append(found, elsewhere{try.where, count, page.MomentOf(there.First), page.MomentOf(there.Last), p.With(try.without...)})
		}
	}
	return found, nil
}

// spans counts the spans of a selection; count is empty for none.
func (w *Web) spans(ctx context.Context, s query.Selection) (count string, found stats.Group, err error) {
	breakdown, err := w.Figures(ctx, query.Breakdown{Selection: s})
	if err != nil {
		return "", found, err
	}
	if found = breakdown.Total; found.Requests > 0 {
		count = format.Count(found.Requests, "span", "spans")
	}
	return count, found, nil
}
