package web

import "net/http"

// A jsonDependencies is the answer to GET /api/dependencies.
type jsonDependencies struct {
	jsonLookedAt
	Edges  []jsonEdge `json:"edges"`  // by caller, then by who was called
	Others int        `json:"others"` // edges left out
}

// A jsonEdge is calls from one service to another, those of the requests that
// were looked at.
type jsonEdge struct {
	Caller         string  `json:"caller"`
	Callee         string  `json:"callee"`
	Calls          int     `json:"calls"`
	CallsPerSecond float64 `json:"calls_per_second"` // of all requests, which a sample stands for
	Errors         int     `json:"errors"`
	ErrorRate      float64 `json:"error_rate"`
	Traces         int     `json:"traces"` // that have such a call
	Total          int64   `json:"total"`
	Avg            int64   `json:"avg"`
	Max            int64   `json:"max"`
}

// apiDependencies serves GET /api/dependencies?query=&env=&scope=&from=&to=: who
// calls whom, above and below the spans.
func (w *Web) apiDependencies(rw http.ResponseWriter, r *http.Request) error {
	anatomy, err := w.askedAnatomy(r, 0)
	if err != nil {
		return err
	}
	answer := jsonDependencies{jsonLookedAt: toLookedAt(anatomy), Edges: []jsonEdge{}, Others: anatomy.OtherEdges}
	for _, e := range anatomy.Edges {
		answer.Edges = append(answer.Edges, jsonEdge{
			e.From, e.To, e.Calls, anatomy.PerSecond(e.Calls), e.Errors, e.ErrorRate(), e.Traces, int64(e.Total), int64(e.Average()), int64(e.Max),
		})
	}
	return writeJSON(rw, answer)
}
