package web

import (
	"fmt"
	"math"
	"net/http"
	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// apiServices serves GET /api/services?query=&env=&scope=&from=&to=: the
// services; the one with the most requests comes first.
func (w *Web) apiServices(rw http.ResponseWriter, r *http.Request) error {
	s, err := page.ParseSelectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return err
	}
	services, within, err := w.Services(r.Context(), s)
	if err != nil {
		return err
	}
	response := api.Services{From: within.From, To: within.To, Services: []api.Service{}, Others: within.Others}
	for _, of := range services {
		service := api.Service{
			Service: of.Service, Type: of.Type, Figures: toFigures(of.Figures), Apdex: of.Apdex,
			FirstSeen: of.First, LastSeen: of.Last, Versions: []string{},
		}
		for i, d := range of.Deployments {
			if i == 0 {
				service.LastDeploy = d.FirstSeen
			}
			service.Versions = append(service.Versions, d.Version)
		}
		response.Services = append(response.Services, service)
	}
	return page.SendJSON(rw, response)
}

// apiResources serves GET /api/services/{service}/resources?query=&env=&scope=&from=&to=&operation=&limit=:
// the resources of a service; the most common comes first.
func (w *Web) apiResources(rw http.ResponseWriter, r *http.Request) error {
	s, err := page.ParseSelectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return err
	}
	service := r.PathValue("service")
	s.Query = page.And(s.Query, "service", service)
	if err := page.NarrowBy(&s, r, "operation", "operation_name"); err != nil {
		return err
	}
	limit, err := page.ParseNumber(r, "limit", 100, 1, 1000)
	if err != nil {
		return err
	}
	found, err := w.Figures(r.Context(), query.Breakdown{
		Selection: s, By: []query.Field{{Name: "resource_name"}, {Name: "operation_name"}}, Limit: int(limit),
	})
	if err != nil {
		return err
	}
	response := api.Resources{
		Service: service, From: found.From, To: found.To, Resources: []api.Resource{}, Others: found.Others,
	}
	for _, group := range found.Groups {
		response.Resources = append(response.Resources, api.Resource{
			Resource: group.Values[0], Operation: group.Values[1], Figures: toFigures(group.Figures),
			RequestsPerSecond: perSecond(group.Requests, found),
		})
	}
	return page.SendJSON(rw, response)
}

// perSecond returns the average number of requests per second. A time range shorter than
// a second counts as one: a few simultaneous requests aren't thousands per second.
func perSecond(requests int, b stats.Breakdown) float64 {
	return float64(requests) / math.Max(1, time.Duration(b.To-b.From).Seconds())
}

// apiFigures serves GET /api/figures?query=&env=&scope=&from=&to=&by=&buckets=&distribution=&limit=:
// figures of the selected spans, in total and by up to three attributes.
func (w *Web) apiFigures(rw http.ResponseWriter, r *http.Request) error {
	b, err := breakdownOf(r)
	if err != nil {
		return err
	}
	found, err := w.Figures(r.Context(), b)
	if err != nil {
		return err
	}
	response := api.Breakdown{
		From: found.From, To: found.To, By: []string{},
		Total: toGroup(found.Total, b), Groups: []api.Group{}, Others: found.Others,
	}
	if b.Buckets > 0 {
		response.Step = (found.To - found.From) / int64(b.Buckets)
	}
	for _, field := range b.By {
		response.By = append(response.By, field.String())
	}
	for _, group := range found.Groups {
		response.Groups = append(response.Groups, toGroup(group, b))
	}
	return page.SendJSON(rw, response)
}

// breakdownOf reads the parameters of GET /api/figures.
func breakdownOf(r *http.Request) (b query.Breakdown, err error) {
	const mostTogether = 60_000 // buckets of all groups
	if b.Selection, err = page.ParseSelectionWithin(r, query.ServiceEntrySpans); err != nil {
		return b, err
	}
	if b.By, err = page.ParseFields(r, "by", 3); err != nil {
		return b, err
	}
	buckets, err := page.ParseNumber(r, "buckets", 0, 0, 1000)
	if err != nil {
		return b, err
	}
	limit, err := page.ParseNumber(r, "limit", 20, 1, 1000)
	if err != nil {
		return b, err
	}
	if len(b.By) > 0 && buckets*limit > mostTogether {
		return b, page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf(
			"Too many buckets: %d for each of %d groups. All groups together can have %s.",
			buckets, limit, format.Number(mostTogether))}
	}
	b.Buckets, b.Limit = int(buckets), int(limit)
	b.Distribution, err = page.ParseBool(r, "distribution")
	return b, err
}

func toGroup(g stats.Group, b query.Breakdown) api.Group {
	group := api.Group{Values: g.Values, Figures: toFigures(g.Figures), FirstSeen: g.First, LastSeen: g.Last}
	if group.Values == nil {
		group.Values = []string{}
	}
	if b.Buckets > 0 {
		group.Series = toSeries(g.Buckets)
	}
	for _, latency := range g.Distribution {
		group.Distribution = append(group.Distribution, api.Latency(latency))
	}
	return group
}

func toFigures(f stats.Figures) api.Figures {
	return api.Figures{
		Requests: f.Requests, Errors: f.Errors, ErrorRate: f.ErrorRate(), Total: f.Total, Avg: f.Average(),
		P50: f.P50, P75: f.P75, P90: f.P90, P95: f.P95, P99: f.P99, Max: f.Max,
	}
}

func toSeries(buckets []stats.Figures) *api.Series {
	s := &api.Series{}
	for _, f := range buckets {
		latency := func(series *[]*time.Duration, value time.Duration) {
			if f.Requests == 0 {
				*series = append(*series, nil)
				return
			}
			*series = append(*series, &value)
		}
		s.Requests, s.Errors = append(s.Requests, f.Requests), append(s.Errors, f.Errors)
		latency(&s.Avg, f.Average())
		latency(&s.P50, f.P50)
		latency(&s.P75, f.P75)
		latency(&s.P90, f.P90)
		latency(&s.P95, f.P95)
		latency(&s.P99, f.P99)
		latency(&s.Max, f.Max)
	}
	return s
}

// apiFacets serves GET /api/facets?query=&env=&scope=&from=&to=&field=&limit=:
// the values of attributes; the most common comes first.
func (w *Web) apiFacets(rw http.ResponseWriter, r *http.Request) error {
	const most = 100 // attributes, without the parameter field
	s, err := page.ParseSelectionWithin(r, query.AllSpans)
	if err != nil {
		return err
	}
	counted, err := page.ParseFields(r, "field", 20)
	if err != nil {
		return err
	}
	limit, err := page.ParseNumber(r, "limit", 10, 1, 1000)
	if err != nil {
		return err
	}
	facets, err := w.CountValues(r.Context(), s, counted, int(limit))
	if err != nil {
		return err
	}
	response := api.Facets{Facets: []api.Facet{}, Others: max(0, len(facets)-most)}
	for _, f := range facets[:min(most, len(facets))] {
		facet := api.Facet{Field: f.Name, Spans: f.Spans, Values: []api.FacetValue{}, Others: f.Others}
		for _, value := range f.Values {
			facet.Values = append(facet.Values, api.FacetValue(value))
		}
		response.Facets = append(response.Facets, facet)
	}
	return page.SendJSON(rw, response)
}
