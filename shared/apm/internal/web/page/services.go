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
func Services(
	ctx context.Context, traces Traces, s query.Selection,
) (services []ServiceFigures, within stats.Breakdown, err error) {
	const most = 1000
	if within, err = FiguresBy(ctx, traces, s, most, "service"); err != nil {
		return nil, within, err
	}
	byType, err := FiguresBy(ctx, traces, s, mostKinds, "service", "type")
	if err != nil {
		return nil, within, err
	}
	types := map[string]string{}
	for _, group := range slices.Backward(byType.Groups) { // the most common type comes first
		types[group.Values[0]] = group.Values[1]
	}
	byStatus, err := traces.Breakdown(ctx, query.Breakdown{Selection: s, Limit: mostKinds,
		By: []query.Field{{Name: "service"}, {Name: "status"}}, Distribution: true})
	if err != nil {
		return nil, within, err
	}
	latencies := map[string][]stats.Latency{} // of requests without an error
	for _, group := range byStatus.Groups {
		if group.Values[1] != "error" {
			latencies[group.Values[0]] = group.Distribution
		}
	}
	deployments, err := Deployments(ctx, traces, s)
	for _, group := range within.Groups {
		name := group.Values[0]
		services = append(services, ServiceFigures{Service: name, Type: types[name], Group: group,
			Apdex:       stats.Apdex(latencies[name], group.Requests, stats.ApdexThreshold),
			Deployments: deployments[name]})
	}
	return services, within, err
}

// Deployments returns the versions of each service in a selection, over all time; the
// newest comes first.
func Deployments(ctx context.Context, traces Traces, s query.Selection) (map[string][]Deployment, error) {
	s.From, s.To = 0, 0
	found, err := FiguresBy(ctx, traces, s, mostKinds, "service", "version")
	all := map[string][]Deployment{}
	for _, group := range found.Groups {
		if service, version := group.Values[0], group.Values[1]; version != "" {
			all[service] = append(all[service], Deployment{version, group.First})
		}
	}
	for _, versions := range all {
		slices.SortFunc(versions, func(a, b Deployment) int {
			return cmp.Or(cmp.Compare(b.FirstSeen, a.FirstSeen), cmp.Compare(b.Version, a.Version))
		})
	}
	return all, err
}
