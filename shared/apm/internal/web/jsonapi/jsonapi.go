// Package jsonapi serves the JSON API, and its documentation at /api. Package api defines
// the API's types.
package jsonapi

import (
	"net/http"

	"thinker/shared/apm/internal/web/page"
)

// Routes returns the endpoints that wait for their turn, since they read traces, and the
// page that documents all endpoints.
func Routes(site *page.Site) []page.Route {
	s := server{site}
	return []page.Route{
		{Pattern: "GET /api", Serve: newReference(site).show},
		{Pattern: "GET /api/traces", Serve: respond(s.traces)},
		{Pattern: "GET /api/traces/{id}", Serve: s.trace},
		{Pattern: "DELETE /api/traces", Serve: s.clear},
		{Pattern: "GET /api/services", Serve: respond(s.services)},
		{Pattern: "GET /api/services/{service}/resources", Serve: respond(s.resources)},
		{Pattern: "GET /api/figures", Serve: respond(s.figures)},
		{Pattern: "GET /api/facets", Serve: respond(s.facets)},
		{Pattern: "GET /api/time-spent", Serve: respond(s.timeSpent)},
		{Pattern: "GET /api/dependencies", Serve: respond(s.dependencies)},
		{Pattern: "GET /api/span-summary", Serve: respond(s.spanSummary)},
	}
}

type server struct{ *page.Site }

// respond returns a handler that sends a response as JSON.
func respond(read func(r *http.Request) (any, error)) page.Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		response, err := read(r)
		if err != nil {
			return err
		}
		return page.SendJSON(rw, response)
	}
}

// convert converts each element of a list. In JSON, an empty list isn't null.
func convert[From, To any](list []From, element func(From) To) []To {
	all := make([]To, len(list))
	for i, from := range list {
		all[i] = element(from)
	}
	return all
}
