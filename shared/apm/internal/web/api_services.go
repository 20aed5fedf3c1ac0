package web

import (
	"math"
	"net/http"
	"time"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// A jsonServices is the answer to GET /api/services.
type jsonServices struct {
	From     int64         `json:"from"`
	To       int64         `json:"to"` // exclusive
	Services []jsonService `json:"services"`
	Others   int           `json:"others"` // services left out
}

type jsonService struct {
	Service string `json:"service"`
	Type    string `json:"type"` // the most common one of its spans
	jsonFigures
	Apdex      float64  `json:"apdex"` // from 0 to 1, with T = 500 ms
	FirstSeen  int64    `json:"first_seen"`
	LastSeen   int64    `json:"last_seen"`
	Versions   []string `json:"versions"`    // the one that appeared last first
	LastDeploy int64    `json:"last_deploy"` // when that one did; 0 without versions
}

// A jsonResources is the answer to GET /api/services/{service}/resources.
type jsonResources struct {
	Service   string         `json:"service"`
	From      int64          `json:"from"`
	To        int64          `json:"to"` // exclusive
	Resources []jsonResource `json:"resources"`
	Others    int            `json:"others"` // resources left out
}

type jsonResource struct {
	Resource  string `json:"resource"`
	Operation string `json:"operation"`
	jsonFigures
	RequestsPerSecond float64 `json:"requests_per_second"` // on average over the time
}

// apiServices serves GET /api/services?query=&env=&scope=&from=&to=: the
// services, those with most requests first.
func (w *Web) apiServices(rw http.ResponseWriter, r *http.Request) error {
	s, err := selectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return err
	}
	services, within, err := w.servicesOf(r.Context(), s)
	if err != nil {
		return err
	}
	answer := jsonServices{From: within.From, To: within.To, Services: []jsonService{}, Others: within.Others}
	for _, of := range services {
		service := jsonService{
			Service: of.Service, Type: of.Type, jsonFigures: toFigures(of.Figures), Apdex: of.Apdex,
			FirstSeen: of.First, LastSeen: of.Last, Versions: []string{},
		}
		for i, d := range of.Deployments {
			if i == 0 {
				service.LastDeploy = d.FirstSeen
			}
			service.Versions = append(service.Versions, d.Version)
		}
		answer.Services = append(answer.Services, service)
	}
	return writeJSON(rw, answer)
}

// apiResources serves GET /api/services/{service}/resources?query=&env=&scope=&from=&to=&operation=&limit=:
// what a service was asked for, the most common first.
func (w *Web) apiResources(rw http.ResponseWriter, r *http.Request) error {
	s, err := selectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return err
	}
	service := r.PathValue("service")
	s.Query = both(s.Query, "service", service)
	if err := narrow(&s, r, "operation", "operation_name"); err != nil {
		return err
	}
	limit, err := number(r, "limit", 100, 1, 1000)
	if err != nil {
		return err
	}
	found, err := w.figures(r.Context(), query.Breakdown{
		Selection: s, By: []query.Field{{Name: "resource_name"}, {Name: "operation_name"}}, Limit: int(limit),
	})
	if err != nil {
		return err
	}
	answer := jsonResources{Service: service, From: found.From, To: found.To, Resources: []jsonResource{}, Others: found.Others}
	for _, group := range found.Groups {
		answer.Resources = append(answer.Resources, jsonResource{
			Resource: group.Values[0], Operation: group.Values[1], jsonFigures: toFigures(group.Figures),
			RequestsPerSecond: perSecond(group.Requests, found),
		})
	}
	return writeJSON(rw, answer)
}

// perSecond is how many of the requests came in a second of the breakdown's
// time, which is not taken for less than one: a few requests at once are no
// thousands a second.
func perSecond(requests int, b stats.Breakdown) float64 {
	return float64(requests) / math.Max(1, time.Duration(b.To-b.From).Seconds())
}
