package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"thinker/shared/apm/search"
)

// searched is what a page says about the search that it answers.
type searched struct {
	Query   string // as it was typed
	Scope   search.Scope
	Wrong   *search.SyntaxError // why the query cannot be read; nil where it can
	Without []string            // parts of a query without a result that by themselves have none
}

// readSearch reads the search that the list's form has sent. A query that
// cannot be read is not an error here: the page shows what is wrong with it.
func readSearch(r *http.Request) (searched, search.Request, error) {
	s := searched{Query: r.URL.Query().Get("query")}
	query, err := query(r)
	if err != nil && !errors.As(err, &s.Wrong) {
		return s, search.Request{}, err
	}
	s.Scope, err = scope(r)
	return s, search.Request{Selection: search.Selection{Query: query, Scope: s.Scope}}, err
}

// withoutMatch gives the parts of a query, joined by AND, that match nothing
// even by themselves: they are why the whole finds nothing.
func (w *Web) withoutMatch(ctx context.Context, r search.Request) (without []string, err error) {
	const most = 8 // each is a search
	parts, ok := r.Query.Expr.(search.And)
	if !ok || len(parts) > most {
		return nil, nil
	}
	for _, part := range parts {
		alone := search.Request{Selection: search.Selection{Query: search.Query{Expr: part}, Scope: r.Scope}, Limit: 1}
		found, _, err := w.Traces.Search(ctx, alone)
		if err != nil {
			return nil, fmt.Errorf("search traces: %w", err)
		}
		if len(found) == 0 {
			without = append(without, part.String())
		}
	}
	return without, nil
}

// Searching tells whether the page shows less than all traces.
func (s searched) Searching() bool { return s.Query != "" || s.Scope != search.AllSpans }

// Scopes are what may be searched.
func (s searched) Scopes() []search.Scope { return search.Scopes() }

// Newest is the address of the search's first page.
func (s searched) Newest() string { return s.address(0) }

// AllSpans is the address of the same search in every span.
func (s searched) AllSpans() string {
	s.Scope = search.AllSpans
	return s.address(0)
}

// address is where the search goes on from a cursor, or begins.
func (s searched) address(before uint64) string {
	values := url.Values{}
	if before != 0 {
		values.Set("before", decimal(before))
	}
	if s.Query != "" {
		values.Set("query", s.Query)
	}
	if s.Scope != search.AllSpans {
		values.Set("scope", s.Scope.String())
	}
	if len(values) == 0 {
		return "/traces"
	}
	return "/traces?" + values.Encode()
}
