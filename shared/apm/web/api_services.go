package web

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
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
	FirstSeen int64    `json:"first_seen"`
	LastSeen  int64    `json:"last_seen"`
	Versions  []string `json:"versions"` // the one that appeared last first
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
	const most, mostKinds = 1000, 10_000
	s, err := selectionWithin(r, search.ServiceEntrySpans)
	if err != nil {
		return err
	}
	by := func(limit int, names ...string) (apm.Breakdown, error) {
		b := search.Breakdown{Selection: s, Limit: limit}
		for _, name := range names {
			b.By = append(b.By, search.Field{Name: name})
		}
		found, err := w.Traces.Breakdown(r.Context(), b)
		if err != nil {
			return found, fmt.Errorf("break down spans: %w", err)
		}
		return found, nil
	}
	services, err := by(most, "service")
	if err != nil {
		return err
	}
	types, err := by(mostKinds, "service", "type")
	if err != nil {
		return err
	}
	versions, err := by(mostKinds, "service", "version")
	if err != nil {
		return err
	}
	answer := jsonServices{From: services.From, To: services.To, Services: []jsonService{}, Others: services.Others}
	for _, group := range services.Groups {
		name := group.Values[0]
		answer.Services = append(answer.Services, jsonService{
			Service: name, Type: firstOf(types, name), jsonFigures: toFigures(group.Figures),
			FirstSeen: group.First, LastSeen: group.Last, Versions: versionsOf(versions, name),
		})
	}
	return writeJSON(rw, answer)
}

// firstOf is the second value of the first group whose first value is the
// service: its most common one.
func firstOf(b apm.Breakdown, service string) string {
	for _, group := range b.Groups {
		if group.Values[0] == service {
			return group.Values[1]
		}
	}
	return ""
}

// versionsOf are the versions of a service; the latest to appear comes first.
func versionsOf(b apm.Breakdown, service string) []string {
	first := map[string]int64{}
	for _, group := range b.Groups {
		if version := group.Values[1]; group.Values[0] == service && version != "" {
			first[version] = group.First
		}
	}
	versions := slices.SortedFunc(maps.Keys(first), func(a, b string) int {
		return cmp.Or(cmp.Compare(first[b], first[a]), cmp.Compare(b, a))
	})
	return append([]string{}, versions...)
}

// apiResources serves GET /api/services/{service}/resources?query=&env=&scope=&from=&to=&operation=&limit=:
// what a service was asked for, the most common first.
func (w *Web) apiResources(rw http.ResponseWriter, r *http.Request) error {
	s, err := selectionWithin(r, search.ServiceEntrySpans)
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
	found, err := w.Traces.Breakdown(r.Context(), search.Breakdown{
		Selection: s, By: []search.Field{{Name: "resource_name"}, {Name: "operation_name"}}, Limit: int(limit),
	})
	if err != nil {
		return fmt.Errorf("break down spans: %w", err)
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
func perSecond(requests int, b apm.Breakdown) float64 {
	return float64(requests) / math.Max(1, time.Duration(b.To-b.From).Seconds())
}
