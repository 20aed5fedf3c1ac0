package web

import (
	"net/http"

	"thinker/shared/apm/query"
)

// A jsonFacets is the answer to GET /api/facets.
type jsonFacets struct {
	Facets []jsonFacet `json:"facets"`
	Others int         `json:"others"` // attributes left out
}

type jsonFacet struct {
	Field  string           `json:"field"` // as queries write it
	Spans  int              `json:"spans"` // that have it
	Values []jsonFacetValue `json:"values"`
	Others int              `json:"others"` // values left out
}

type jsonFacetValue struct {
	Value string `json:"value"`
	Spans int    `json:"spans"`
}

// apiFacets serves GET /api/facets?query=&env=&scope=&from=&to=&field=&limit=:
// which values attributes have, the most common first.
func (w *Web) apiFacets(rw http.ResponseWriter, r *http.Request) error {
	const most = 100 // attributes, where none are asked for
	s, err := selectionWithin(r, query.AllSpans)
	if err != nil {
		return err
	}
	asked, err := fields(r, "field", 20)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit", 10, 1, 1000)
	if err != nil {
		return err
	}
	facets, err := w.countValues(r.Context(), s, asked, int(limit))
	if err != nil {
		return err
	}
	answer := jsonFacets{Facets: []jsonFacet{}, Others: max(0, len(facets)-most)}
	for _, f := range facets[:min(most, len(facets))] {
		facet := jsonFacet{Field: f.Name, Spans: f.Spans, Values: []jsonFacetValue{}, Others: f.Others}
		for _, value := range f.Values {
			facet.Values = append(facet.Values, jsonFacetValue(value))
		}
		answer.Facets = append(answer.Facets, facet)
	}
	return writeJSON(rw, answer)
}
