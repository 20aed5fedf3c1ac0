package web

import (
	"net/http"
	"slices"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// facetPanel shows which values the spans that were found have, each a link to
// a narrower search.
type facetPanel struct {
	Facets []facet
	Names  []facetName // of further attributes; only where asked for
	Others int         // further attributes left out, being too many
	More   string      // address that asks for them; empty where it has been
	Fewer  string      // address that does not
}

type facet struct {
	Name   string // as queries write it
	Values []facetValue
	Others string // how many values are left out, being too many; empty for none
	All    string // address that shows more of its values; empty where it does
	Close  string // address without it; empty for a usual one
}

type facetValue struct {
	Value    string
	Colour   string // of a service; empty for anything else
	Spans    string // how many have it; empty where that is not known
	Chosen   bool   // the query asks for it
	Excluded bool   // the query asks for what does not have it
	URL      string // adds it to the query, or takes it out again; empty where the query would be too long
	Not      string // the same for leaving it out; empty where it is in the query
}

type facetName struct{ Name, Spans, URL string }

// usualFacets are those that the panel always has, in its order.
func usualFacets() []search.Field {
	return []search.Field{
		{Name: "env"}, {Name: "service"}, {Name: "operation_name"}, {Name: "resource_name"},
		{Name: "status"}, {Name: "http.status_code", Tag: true}, {Name: "version"},
	}
}

// facets counts the values of the selected spans. With ?facet=@name the panel
// has that attribute as well, with ?facets=all the names of all.
func (w *Web) facets(r *http.Request, p place, s search.Selection, refined refinement) (*facetPanel, error) {
	const (
		few  = 8   // values of an attribute
		many = 100 // values of one that was asked for
	)
	asked, err := fields(r, "facet", 10)
	if err != nil {
		return nil, err
	}
	counted, err := w.countValues(r.Context(), s, usualFacets(), few)
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
		if counted, err = w.countValues(r.Context(), s, asked, many); err != nil {
			return nil, err
		}
	}
	var chosen []facet
	for i, field := range asked {
		f := w.facet(counted[i], field, refined, p)
		f.Close = withFacets(p, slices.DeleteFunc(slices.Clone(asked), func(a search.Field) bool { return a == field }))
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

// nameFacets adds the names of all attributes that the panel does not show yet.
func (w *Web) nameFacets(r *http.Request, panel *facetPanel, p place, s search.Selection, asked []search.Field) error {
	const most = 100
	all, err := w.countValues(r.Context(), s, nil, 1)
	if err != nil {
		return err
	}
	for _, counted := range all {
		field, err := search.ParseField(counted.Name)
		switch {
		case err != nil: // a name that queries cannot write
		case slices.Contains(usualFacets(), field), slices.Contains(asked, field):
		case len(panel.Names) == most:
			panel.Others++
		default:
			panel.Names = append(panel.Names, facetName{short(counted.Name), apm.FormatNumber(counted.Spans), withFacets(p, append(slices.Clip(asked), field))})
		}
	}
	return nil
}

// facet shows the values of one attribute. What the query says of it stands
// below those that were counted, as far as it is not one of them.
func (w *Web) facet(counted apm.Facet, field search.Field, refined refinement, p place) facet {
	f := facet{Name: short(counted.Name)}
	if counted.Others > 0 {
		f.Others = apm.FormatNumber(counted.Others)
	}
	said := map[string]bool{} // by the query, and not shown yet
	for _, part := range refined.parts {
		if about(part, field) {
			said[part.String()] = true
		}
	}
	for _, value := range counted.Values {
		term := search.Term{Field: field, Test: search.OneLine(value.Value)}
		v := facetValue{Value: short(value.Value), Spans: apm.FormatNumber(value.Spans), Chosen: said[term.String()]}
		if field == (search.Field{Name: "service"}) {
			v.Colour = w.Palette.Of(value.Value).Hex()
		}
		if v.Chosen {
			v.URL = p.With("query", refined.without(term))
		} else {
			v.URL, v.Not = p.narrowed(refined.with(term)), p.narrowed(refined.with(search.Not{Expr: term}))
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
		not, excluded := part.(search.Not)
		if v.Chosen, v.Excluded = !excluded, excluded; excluded {
			part = not.Expr
		}
		v.Value = short(part.(search.Term).Test.String())
		f.Values = append(f.Values, v)
	}
	return f
}

// about reports whether a part of a query asks for values of an attribute, or
// for what does not have them.
func about(part search.Expr, field search.Field) bool {
	if not, ok := part.(search.Not); ok {
		part = not.Expr
	}
	term, ok := part.(search.Term)
	return ok && term.Field == field
}

// narrowed is the address of the same page with another query; empty where
// that is too long.
func (p place) narrowed(query string) string {
	if len(query) > longestQuery {
		return ""
	}
	return p.With("query", query)
}

// withFacets is the address of the same page with these attributes in its panel.
func withFacets(p place, fields []search.Field) string {
	p = p.and("facets", "", "facet", "")
	for _, field := range fields {
		p.query.Add("facet", field.String())
	}
	return p.With()
}
