package web

import (
	"net/http"
	"slices"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// facetPanel shows the values of the spans found; each links to a narrower search.
type facetPanel struct {
	Facets []facet
	Names  []facetName // names of more attributes; only with ?facets=all
	Others int         // attributes past the limit of Names
	More   string      // shows Names; empty if they are shown
	Fewer  string      // hides Names
}

type facet struct {
	Name   string // in query syntax
	Values []facetValue
	Others string // number of values left out; empty for none
	All    string // shows more values; empty if they are shown
	Close  string // hides the facet; empty for a usual one
}

type facetValue struct {
	Value    string
	Colour   string // of a service; empty for anything else
	Spans    string // number of spans that have it; empty if unknown
	Chosen   bool   // the query has a term for it
	Excluded bool   // the query has a negated term for it
	URL      string // adds it to the query or removes it; empty if the query would be too long
	Not      string // excludes it; empty if it is in the query
}

type facetName struct{ Name, Spans, URL string }

// usualFacets returns the facets that the panel always has, in order.
func usualFacets() []query.Field {
	return []query.Field{
		{Name: "env"}, {Name: "service"}, {Name: "operation_name"}, {Name: "resource_name"},
		{Name: "status"}, {Name: "http.status_code", Tag: true}, {Name: "version"},
	}
}

// facets counts the values of the selected spans. ?facet=@name adds an attribute to the
// panel, and ?facets=all lists the names of all attributes.
func (w *Web) facets(r *http.Request, p page.URL, s query.Selection, refined refinement) (*facetPanel, error) {
	const (
		few  = 8   // values of an attribute
		many = 100 // values of one that was asked for
	)
	asked, err := page.ParseFields(r, "facet", 10)
	if err != nil {
		return nil, err
	}
	counted, err := w.CountValues(r.Context(), s, usualFacets(), few)
	if err != nil {
		return nil, err
	}
	panel := &facetPanel{}
	for i, field := range usualFacets() {
		if slices.Contains(asked, field) {
			continue
		}
		f := w.facet(counted[i], field, refined, p)
		f.All = withFacets(p, append(slices.Clip(asked), field))
		if len(f.Values) > 0 {
			panel.Facets = append(panel.Facets, f)
		}
	}
	if len(asked) > 0 {
		if counted, err = w.CountValues(r.Context(), s, asked, many); err != nil {
			return nil, err
		}
	}
	var chosen []facet
	for i, field := range asked {
		f := w.facet(counted[i], field, refined, p)
		f.Close = withFacets(p, slices.DeleteFunc(slices.Clone(asked), func(a query.Field) bool { return a == field }))
		chosen = append(chosen, f)
	}
	panel.Facets = append(chosen, panel.Facets...)
	if p.Get("facets") != "all" {
		panel.More = p.With("facets", "all")
		return panel, nil
	}
	panel.Fewer = p.With("facets", "")
	return panel, w.nameFacets(r, panel, p, s, asked)
}

// nameFacets adds the names of the attributes that the panel doesn't show yet.
func (w *Web) nameFacets(r *http.Request, panel *facetPanel, p page.URL, s query.Selection, asked []query.Field) error {
	const most = 100
	all, err := w.CountValues(r.Context(), s, nil, 1)
	if err != nil {
		return err
	}
	for _, counted := range all {
		field, err := query.ParseField(counted.Name)
		switch {
		case err != nil: // a name that queries cannot write
		case slices.Contains(usualFacets(), field), slices.Contains(asked, field):
		case len(panel.Names) == most:
			panel.Others++
		default:
			panel.Names = append(panel.Names, facetName{page.Short(counted.Name), format.Number(counted.Spans), withFacets(p, append(slices.Clip(asked), field))})
		}
	}
	return nil
}

// facet returns the values of an attribute, followed by those that only the query has.
func (w *Web) facet(counted stats.Facet, field query.Field, refined refinement, p page.URL) facet {
	f := facet{Name: page.Short(counted.Name)}
	if counted.Others > 0 {
		f.Others = format.Number(counted.Others)
	}
	said := map[string]bool{} // by the query, and not shown yet
	for _, part := range refined.parts {
		if about(part, field) {
			said[part.String()] = true
		}
	}
	for _, value := range counted.Values {
		term := query.Term{Field: field, Test: query.OneLine(value.Value)}
		v := facetValue{Value: page.Short(value.Value), Spans: format.Number(value.Spans), Chosen: said[term.String()]}
		if field == (query.Field{Name: "service"}) {
			v.Colour = w.Palette.Of(value.Value).Hex()
		}
		if v.Chosen {
			v.URL = p.With("query", refined.without(term))
		} else {
			v.URL, v.Not = narrowed(p, refined.with(term)), narrowed(p, refined.with(query.Not{Expr: term}))
		}
		delete(said, term.String())
		f.Values = append(f.Values, v)
	}
	for _, part := range refined.parts {
		if !said[part.String()] {
			continue
		}
		delete(said, part.String())
		v := facetValue{URL: p.With("query", refined.without(part))}
		not, excluded := part.(query.Not)
		if v.Chosen, v.Excluded = !excluded, excluded; excluded {
			part = not.Expr
		}
		v.Value = page.Short(part.(query.Term).Test.String())
		f.Values = append(f.Values, v)
	}
	return f
}

// about reports whether a part of a query is a term for an attribute, negated or not.
func about(part query.Expr, field query.Field) bool {
	if not, ok := part.(query.Not); ok {
		part = not.Expr
	}
	term, ok := part.(query.Term)
	return ok && term.Field == field
}

// narrowed returns the address of the same page with another query; it is empty if the
// query is too long.
func narrowed(p page.URL, q string) string {
	if len(q) > page.MaxQueryLength {
		return ""
	}
	return p.With("query", q)
}

// withFacets returns the address of the same page with these attributes in the panel.
func withFacets(p page.URL, fields []query.Field) string {
	p = p.And("facets", "", "facet", "")
	for _, field := range fields {
		p.Query.Add("facet", field.String())
	}
	return p.With()
}
