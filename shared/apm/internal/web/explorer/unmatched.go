package explorer

import (
	"context"
	"fmt"

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
	Where string
	stats.Group
	URL string
}

// A condition is one of a query's terms.
type condition struct {
	Text  string
	Alone int    // spans that match it
	Rest  int    // spans that match all other terms
	URL   string // of the search without it
}

// whyUnmatched counts what the search would find in other windows and with fewer terms.
// Each count needs a separate search.
func (p pages) whyUnmatched(ctx context.Context, data *tracesPage) (u unmatched, err error) {
	const most = 8 // terms
	win, parsed, scope := data.window, data.parsed, data.Scope
	count := func(win page.Window, q query.Query, scope query.Scope) stats.Group {
		if err != nil {
			return stats.Group{}
		}
		var found stats.Breakdown
		found, err = p.Traces.Breakdown(ctx, query.Breakdown{Selection: win.Selection(q, scope)})
		return found.Total
	}

	timed, inEnv := data.Timed(), win.Env != ""
	time, env := []string{"range", "", "from", "", "to", ""}, []string{"env", ""}
	for _, try := range []struct {
		useful  bool
		where   string
		in      page.Window
		without []string
	}{
		{timed, "At other times", page.Window{Env: win.Env}, time},
		{inEnv, "In other environments", page.Window{From: win.From, To: win.To}, env},
		{timed && inEnv, "At other times in other environments", page.Window{}, append(time, env...)},
	} {
		if !try.useful || try.in == (page.Window{}) && len(u.Elsewhere) > 0 {
			continue
		}
		if found := count(try.in, parsed, scope); found.Requests > 0 {
			u.Elsewhere = append(u.Elsewhere, elsewhere{try.where, found, data.URL.With(try.without...)})
		}
	}
	if data.Where() != "" && len(u.Elsewhere) == 0 {
		if u.Bare = count(win, query.Query{}, query.AllSpans).Requests == 0; u.Bare {
			return u, err
		}
	}

	refined := query.Refine(parsed, data.Query)
	if len(refined.Parts) < 2 || len(refined.Parts) > most {
		return u, err
	}
	for _, part := range refined.Parts {
		others, err := query.Parse(refined.Without(part))
		if err != nil {
			return u, fmt.Errorf("parse a query without its part %.100q: %w", part, err)
		}
		u.Conditions = append(u.Conditions, condition{
			Text: part.String(), Alone: count(win, query.Query{Expr: part}, scope).Requests,
			Rest: count(win, others, scope).Requests, URL: data.URL.With("query", refined.Without(part)),
		})
	}
	return u, err
}
