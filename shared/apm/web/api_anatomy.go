package web

import (
	"fmt"
	"net/http"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// A jsonLookedAt says which requests an answer is of.
type jsonLookedAt struct {
	Requests int   `json:"requests"` // looked at: of very many, a sample
	Of       int   `json:"of"`       // requests in all
	Traces   int   `json:"traces"`   // that those looked at are in
	From     int64 `json:"from"`
	To       int64 `json:"to"` // exclusive
}

// anatomy is that of the spans which a request to the API is about.
func (w *Web) anatomy(r *http.Request, buckets int) (apm.Anatomy, error) {
	s, err := selectionWithin(r, search.ServiceEntrySpans)
	if err != nil {
		return apm.Anatomy{}, err
	}
	anatomy, err := w.Traces.Anatomy(r.Context(), s, buckets)
	if err != nil {
		return apm.Anatomy{}, fmt.Errorf("take requests apart: %w", err)
	}
	return anatomy, nil
}

func toLookedAt(a apm.Anatomy) jsonLookedAt {
	return jsonLookedAt{a.Requests, a.Of, a.Traces, a.From, a.To}
}
