package web

import (
	"context"
	"fmt"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// An unmatched says why a search has found nothing, and what can be done.
type unmatched struct {
	Elsewhere  []elsewhere // where the same search does find something
	Conditions []condition // that the query joins, where it joins several
	Bare       bool        // the window holds no span at all
}

// elsewhere is where there are spans that the search looks for.
type elsewhere struct {
	Where       string // in words
	Spans       string
	First, Last moment // when the earliest and the latest began
	URL         string
}

// A condition is one of several that a query joins.
type condition struct {
	Text  string
	Alone string // how many spans match it by itself; empty for none
	Rest  string // how many match all the others; empty for none
	URL   string // address without it
}

// whyUnmatched looks for what a search in a window would find if it asked for
// less. Each of its figures is a search of its own.
func (w *Web) whyUnmatched(ctx context.Context, p place, win window, sought searched) (u unmatched, err error) {
	if u.Elsewhere, err = w.elsewhere(ctx, p, win, sought); err != nil {
		return u, err
	}
	if win != (window{Range: win.Range}) && len(u.Elsewhere) == 0 {
		here, _, err := w.spans(ctx, win.selection(search.Query{}, search.AllSpans))
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
		c := condition{Text: short(part.String()), URL: p.With("query", refined.without(part))}
		if c.Alone, _, err = w.spans(ctx, win.selection(search.Query{Expr: part}, sought.Scope)); err != nil {
			return u, err
		}
		others, err := search.Parse(refined.without(part))
		if err != nil {
			return u, fmt.Errorf("read a query without its part %.100q: %w", part, err)
		}
		if c.Rest, _, err = w.spans(ctx, win.selection(others, sought.Scope)); err != nil {
			return u, err
		}
		u.Conditions = append(u.Conditions, c)
	}
	return u, nil
}

// elsewhere leaves out the window's time, its environment and, where neither
// is enough, both.
func (w *Web) elsewhere(ctx context.Context, p place, win window, sought searched) (found []elsewhere, err error) {
	timed, inEnv := win.From != 0 || win.To != 0, win.Env != ""
	time := []string{"range", "", "from", "", "to", ""}
	for _, try := range []struct {
		useful  bool
		where   string
		in      window
		without []string
	}{
		{timed, "At other times", window{Env: win.Env}, time},
		{inEnv, "In other environments", window{From: win.From, To: win.To}, []string{"env", ""}},
		{timed && inEnv, "At other times in other environments", window{}, append(time, "env", "")},
	} {
		if !try.useful || try.in == (window{}) && len(found) > 0 {
			continue
		}
		count, there, err := w.spans(ctx, try.in.selection(sought.parsed, sought.Scope))
		if err != nil {
			return nil, err
		}
		if count != "" {
			found = append(found, elsewhere{try.where, count, momentOf(there.First), momentOf(there.Last), p.With(try.without...)})
		}
	}
	return found, nil
}

// spans counts what a selection finds, in words; "" for none.
func (w *Web) spans(ctx context.Context, s search.Selection) (count string, found apm.Group, err error) {
	breakdown, err := w.figures(ctx, search.Breakdown{Selection: s})
	if err != nil {
		return "", found, err
	}
	if found = breakdown.Total; found.Requests > 0 {
		count = apm.FormatCount(found.Requests, "span", "spans")
	}
	return count, found, nil
}
