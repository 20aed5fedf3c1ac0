package explorer

import (
	"context"
	"slices"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A facetPanel shows the values of the matching spans. Each links to a narrower search.
type facetPanel struct {
	Facets []facet
	Names  []stats.Facet // more attributes; only if the reader asks for all
	Others int           // attributes past the limit of Names
}

type facet struct {
	stats.Facet
	Values []facetValue
	Added  bool // the reader added it to the panel
}

type facetValue struct {
	Value            string
	Spans            int    // that have it; 0 for a value of the query
	Chosen, Excluded bool   // the query has a term for it, or a negated one
	URL              string // adds the term or removes it; empty if the query would be too long
	Not              string // excludes the value; empty if it is in the query
}

// facets counts the values of the matching spans.
func (p pages) facets(ctx context.Context, data *tracesPage) (*facetPanel, error) {
	const few, many, names = 8, 100, 100 // values of a usual facet and of an added one; names of facets
	usual := []query.Field{{Name: "env"}, {Name: "service"}, {Name: "operation_name"}, {Name: "resource_name"},
		{Name: "status"}, {Name: "http.status_code", Tag: true}, {Name: "version"}}
	panel := &facetPanel{}
	refined := query.Refine(data.parsed, data.Query)
	known := func(f query.Field) bool { return slices.Contains(data.facets, f) }
	for _, part := range []struct {
		fields []query.Field
		most   int
	}{{data.facets, many}, {slices.DeleteFunc(slices.Clone(usual), known), few}} {
		if len(part.fields) == 0 {
			continue
		}
		counted, err := p.Traces.Facets(ctx, data.selection(), part.fields, part.most)
		if err != nil {
			return nil, err
		}
		for i, field := range part.fields {
			f := facet{counted[i], facetValues(counted[i], field, refined, data.URL), known(field)}
			if f.Added || len(f.Values) > 0 {
				panel.Facets = append(panel.Facets, f)
			}
		}
	}
	if !data.AllFacets {
		return panel, nil
	}
	all, err := p.Traces.Facets(ctx, data.selection(), nil, 1)
	panel.Names = slices.DeleteFunc(all, func(f stats.Facet) bool {
		field, err := query.ParseField(f.Name) // an error for a name that queries can't write
		return err != nil || known(field) || slices.Contains(usual, field)
	})
	panel.Others = max(0, len(panel.Names)-names)
	panel.Names = panel.Names[:len(panel.Names)-panel.Others]
	return panel, err
}

// facetValues returns the values of an attribute, followed by those that only the query
// has.
func facetValues(counted stats.Facet, field query.Field, refined query.Refinement, at page.URL) (values []facetValue) {
	narrowed := func(q string) string {
		if len(q) > page.MaxQueryLength {
			return ""
		}
		return at.With("query", q)
	}
	shown := map[string]bool{}
	for _, value := range counted.Values {
		term := query.Term{Field: field, Test: query.OneLine(value.Value)}
		shown[term.String()] = true
		v := facetValue{Value: value.Value, Spans: value.Spans, Chosen: refined.Has(term)}
		if v.Chosen {
			v.URL = at.With("query", refined.Without(term))
		} else {
			v.URL = narrowed(refined.With(term))
			v.Not = narrowed(refined.With(query.Not{Expr: term}))
		}
		values = append(values, v)
	}
	for _, part := range refined.Parts {
		not, excluded := part.(query.Not)
		expr := part
		if excluded {
			expr = not.Expr
		}
		term, ok := expr.(query.Term)
		if !ok || term.Field != field || shown[part.String()] {
			continue
		}
		shown[part.String()] = true
		values = append(values, facetValue{Value: term.Test.String(), Chosen: !excluded, Excluded: excluded,
			URL: at.With("query", refined.Without(part))})
	}
	return values
}

// FacetURL returns the address of the page with an attribute added to the panel, or
// removed if the reader added it.
func (p tracesPage) FacetURL(name string) string {
	at, added := p.URL.And("facets", "", "facet", ""), false
	for _, field := range p.facets {
		if field.String() == name {
			added = true
			continue
		}
		at.Query.Add("facet", field.String())
	}
	if !added {
		at.Query.Add("facet", name)
	}
	return at.With()
}
