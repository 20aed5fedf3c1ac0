package jsonapi

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// services returns the services; the one with the most requests comes first.
func (s server) services(r *http.Request) (any, error) {
	selected, err := page.ParseSelectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return nil, err
	}
	services, within, err := page.Services(r.Context(), s.Traces, selected)
	response := convert(services, func(of page.ServiceFigures) api.Service {
		service := api.Service{
			Service: of.Service, Type: of.Type, Figures: figuresOf(of.Figures), Apdex: of.Apdex,
			FirstSeen: of.First, LastSeen: of.Last,
			Versions: convert(of.Deployments, func(d page.Deployment) string { return d.Version }),
		}
		if len(of.Deployments) > 0 {
			service.LastDeploy = of.Deployments[0].FirstSeen
		}
		return service
	})
	return api.Services{From: within.From, To: within.To, Services: response, Others: within.Others}, err
}

// resources returns the resources of a service; the most common comes first.
func (s server) resources(r *http.Request) (any, error) {
	b := query.Breakdown{By: []query.Field{{Name: "resource_name"}, {Name: "operation_name"}}}
	service := r.PathValue("service")
	var err error
	if b.Selection, err = page.ParseSelectionWithin(r, query.ServiceEntrySpans); err != nil {
		return nil, err
	}
	b.Query = page.And(b.Query, "service", service)
	if err := page.NarrowBy(&b.Selection, r, "operation", "operation_name"); err != nil {
		return nil, err
	}
	if b.Limit, err = parseLimit(r, 100); err != nil {
		return nil, err
	}
	found, err := s.Traces.Breakdown(r.Context(), b)
	// A time range shorter than a second counts as one: a few simultaneous requests aren't
	// thousands per second.
	seconds := math.Max(1, time.Duration(found.To-found.From).Seconds())
	resources := convert(found.Groups, func(g stats.Group) api.Resource {
		return api.Resource{Resource: g.Values[0], Operation: g.Values[1], Figures: figuresOf(g.Figures),
			RequestsPerSecond: float64(g.Requests) / seconds}
	})
	return api.Resources{
		Service: service, From: found.From, To: found.To, Resources: resources, Others: found.Others,
	}, err
}

// figures returns figures of the selected spans, in total and by up to three attributes.
func (s server) figures(r *http.Request) (any, error) {
	b, err := parseBreakdown(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Traces.Breakdown(r.Context(), b)
	group := func(g stats.Group) api.Group { return groupOf(g, b.Buckets > 0) }
	response := api.Breakdown{
		From: found.From, To: found.To, By: convert(b.By, query.Field.String),
		Total: group(found.Total), Groups: convert(found.Groups, group), Others: found.Others,
	}
	if b.Buckets > 0 {
		response.Step = (found.To - found.From) / int64(b.Buckets)
	}
	return response, err
}

func parseBreakdown(r *http.Request) (b query.Breakdown, err error) {
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
	if b.Limit, err = parseLimit(r, 20); err != nil {
		return b, err
	}
	if b.Buckets = int(buckets); len(b.By) > 0 && b.Buckets*b.Limit > mostTogether {
		return b, page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf(
			"Too many buckets: %d for each of %d groups. All groups together can have %s.",
			b.Buckets, b.Limit, format.Number(mostTogether))}
	}
	b.Distribution, err = page.ParseBool(r, "distribution")
	return b, err
}

func groupOf(g stats.Group, series bool) api.Group {
	group := api.Group{
		Values: append([]string{}, g.Values...), Figures: figuresOf(g.Figures), FirstSeen: g.First, LastSeen: g.Last,
		Distribution: convert(g.Distribution, func(l stats.Latency) api.Latency { return api.Latency(l) }),
	}
	if series {
		group.Series = seriesOf(g.Buckets)
	}
	return group
}

func figuresOf(f stats.Figures) api.Figures {
	return api.Figures{
		Requests: f.Requests, Errors: f.Errors, ErrorRate: f.ErrorRate(), Total: f.Total, Avg: f.Average(),
		P50: f.P50, P75: f.P75, P90: f.P90, P95: f.P95, P99: f.P99, Max: f.Max,
	}
}

func seriesOf(buckets []stats.Figures) *api.Series {
	s := &api.Series{}
	for _, f := range buckets {
		latency := func(value time.Duration) *time.Duration {
			if f.Requests == 0 {
				return nil
			}
			return &value
		}
		s.Requests, s.Errors = append(s.Requests, f.Requests), append(s.Errors, f.Errors)
		s.Avg = append(s.Avg, latency(f.Average()))
		s.P50 = append(s.P50, latency(f.P50))
		s.P75 = append(s.P75, latency(f.P75))
		s.P90 = append(s.P90, latency(f.P90))
		s.P95 = append(s.P95, latency(f.P95))
		s.P99 = append(s.P99, latency(f.P99))
		s.Max = append(s.Max, latency(f.Max))
	}
	return s
}

// facets returns the values of attributes; the most common comes first.
func (s server) facets(r *http.Request) (any, error) {
	const most = 100 // attributes, without the parameter field
	selected, err := page.ParseSelectionWithin(r, query.AllSpans)
	if err != nil {
		return nil, err
	}
	fields, err := page.ParseFields(r, "field", 20)
	if err != nil {
		return nil, err
	}
	limit, err := parseLimit(r, 10)
	if err != nil {
		return nil, err
	}
	found, err := s.Traces.Facets(r.Context(), selected, fields, limit)
	shown := convert(found[:min(most, len(found))], func(f stats.Facet) api.Facet {
		values := convert(f.Values, func(v stats.FacetValue) api.FacetValue { return api.FacetValue(v) })
		return api.Facet{Field: f.Name, Spans: f.Spans, Values: values, Others: f.Others}
	})
	return api.Facets{Facets: shown, Others: len(found) - len(shown)}, err
}
