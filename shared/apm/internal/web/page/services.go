package page

import (
	"cmp"
	"context"
	"slices"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// ServiceFigures are the figures and versions of a service.
type ServiceFigures struct {
	Service string
	Type    string // most common type of its spans
	stats.Group
	Apdex       float64
	Deployments []Deployment // the newest version first
}

// A Deployment is a version of a service.
type Deployment struct {
	Version   string
	FirstSeen int64 // over all time
}

// mostKinds limits breakdowns by service and another attribute.
const mostKinds = 10_000

// Services returns the services of the selected spans with their figures; the service
// with the most requests comes first. within has the time range and the number of
// services left out.
func (site *Site) Services(ctx context.Context, s query.Selection) (services []ServiceFigures, within stats.Breakdown, err error) {
	const most = 1000
	if within, err = site.FiguresBy(ctx, s, most, "service"); err != nil {
		return nil, within, err
	}
	types, err := site.FiguresBy(ctx, s, mostKinds, "service", "type")
	if err != nil {
		return nil, within, err
	}
	versions, err := site.versionsEver(ctx, s)
	if err != nil {
		return nil, within, err
	}
	latencies, err := site.latenciesBy(ctx, s, mostKinds, "service")
	if err != nil {
		return nil, within, err
	}
	for _, group := range within.Groups {
		name := group.Values[0]
		services = append(services, ServiceFigures{
			Service: name, Type: firstOf(types, name), Group: group,
			Apdex:       stats.Apdex(latencies[name], group.Requests, stats.ApdexThreshold),
			Deployments: deploymentsIn(versions, name),
		})
	}
	return services, within, nil
}

// latenciesBy returns the latencies of spans without an error, by an attribute.
func (site *Site) latenciesBy(ctx context.Context, s query.Selection, most int, by string) (map[string][]stats.Latency, error) {
	found, err := site.Figures(ctx, query.Breakdown{
		Selection: s, By: []query.Field{{Name: by}, {Name: "status"}}, Distribution: true, Limit: most,
	})
	if err != nil {
		return nil, err
	}
	latencies := map[string][]stats.Latency{}
	for _, group := range found.Groups {
		if group.Values[1] != "error" {
			latencies[group.Values[0]] = group.Distribution
		}
	}
	return latencies, nil
}

// firstOf returns the most common second value of the groups of a service.
func firstOf(b stats.Breakdown, service string) string {
	for _, group := range b.Groups {
		if group.Values[0] == service {
			return group.Values[1]
		}
	}
	return ""
}

// versionsEver sums up the selected spans by service and version, over all time.
func (site *Site) versionsEver(ctx context.Context, s query.Selection) (stats.Breakdown, error) {
	s.From, s.To = 0, 0
	return site.FiguresBy(ctx, s, mostKinds, "service", "version")
}

// Deployments returns the versions of a service in a selection, over all time; the
// newest comes first.
func (site *Site) Deployments(ctx context.Context, s query.Selection, service string) ([]Deployment, error) {
	versions, err := site.versionsEver(ctx, s)
	return deploymentsIn(versions, service), err
}

// deploymentsIn returns the versions of a service in a breakdown by service and version.
func deploymentsIn(b stats.Breakdown, service string) (all []Deployment) {
	for _, group := range b.Groups {
		if version := group.Values[1]; group.Values[0] == service && version != "" {
			all = append(all, Deployment{version, group.First})
		}
	}
	slices.SortFunc(all, func(a, b Deployment) int {
		return cmp.Or(cmp.Compare(b.FirstSeen, a.FirstSeen), cmp.Compare(b.Version, a.Version))
	})
	return all
}
