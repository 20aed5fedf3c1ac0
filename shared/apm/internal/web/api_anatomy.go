package web

import (
	"net/http"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// A jsonLookedAt says which requests an answer is of.
type jsonLookedAt struct {
	Requests int   `json:"requests"` // looked at: of very many, a sample
	Of       int   `json:"of"`       // requests in all
	Traces   int   `json:"traces"`   // that those looked at are in
	From     int64 `json:"from"`
	To       int64 `json:"to"` // exclusive
}

// askedAnatomy is that of the spans which a request to the API is about.
func (w *Web) askedAnatomy(r *http.Request, buckets int) (stats.Anatomy, error) {
	s, err := selectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return stats.Anatomy{}, err
	}
	return w.anatomy(r.Context(), s, buckets)
}

func toLookedAt(a stats.Anatomy) jsonLookedAt {
	return jsonLookedAt{a.Requests, a.Of, a.Traces, a.From, a.To}
}
