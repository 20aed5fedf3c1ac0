package web

import (
	"cmp"
	"context"
	"slices"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// serviceFigures is what is known of a service.
type serviceFigures struct {
	Service string
	Type    string // the most common one of its spans
	apm.Group
	Apdex       float64
	Deployments []deployment // the version that appeared last comes first
}

// A deployment is a version of a service.
type deployment struct {
	Version   string
	FirstSeen int64 // of all that is kept, whatever the time that is looked at
}

// mostKinds bounds breakdowns by service and something else.
const mostKinds = 10_000

// servicesOf gives the services of some spans, each with the figures of these;
// those with most requests come first. The breakdown says of which time, and how
// many were left out.
func (w *Web) servicesOf(ctx context.Context, s search.Selection) (services []serviceFigures, within apm.Breakdown, err error) {
	const most = 1000
	if within, err = w.figuresBy(ctx, s, most, "service"); err != nil {
		return nil, within, err
	}
	types, err := w.figuresBy(ctx, s, mostKinds, "service", "type")
	if err != nil {
		return nil, within, err
	}
	versions, err := w.versionsEver(ctx, s)
	if err != nil {
		return nil, within, err
	}
	latencies, err := w.latenciesBy(ctx, s, mostKinds, "service")
	if err != nil {
		return nil, within, err
	}
	for _, group := range within.Groups {
		name := group.Values[0]
		services = append(services, serviceFigures{
			Service: name, Type: firstOf(types, name), Group: group,
			Apdex:       apm.Apdex(latencies[name], group.Requests, apm.ApdexThreshold),
			Deployments: deploymentsIn(versions, name),
		})
	}
	return services, within, nil
}

// latenciesBy are those of the spans that did not fail, by an attribute.
func (w *Web) latenciesBy(ctx context.Context, s search.Selection, most int, by string) (map[string][]apm.Latency, error) {
	found, err := w.figures(ctx, search.Breakdown{
		Selection: s, By: []search.Field{{Name: by}, {Name: "status"}}, Distribution: true, Limit: most,
	})
	if err != nil {
		return nil, err
	}
	latencies := map[string][]apm.Latency{}
	for _, group := range found.Groups {
		if group.Values[1] != "error" {
			latencies[group.Values[0]] = group.Distribution
		}
	}
	return latencies, nil
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

// versionsEver sums up spans like the selected ones, of all time, by service and
// version.
func (w *Web) versionsEver(ctx context.Context, s search.Selection) (apm.Breakdown, error) {
	s.From, s.To = 0, 0
	return w.figuresBy(ctx, s, mostKinds, "service", "version")
}

// deploymentsOf are the versions that a service's spans in a selection have, of
// all time; the latest to appear comes first.
func (w *Web) deploymentsOf(ctx context.Context, s search.Selection, service string) ([]deployment, error) {
	versions, err := w.versionsEver(ctx, s)
	return deploymentsIn(versions, service), err
}

// deploymentsIn are the versions of a service in a breakdown by service and
// version.
func deploymentsIn(b apm.Breakdown, service string) (all []deployment) {
	for _, group := range b.Groups {
		if version := group.Values[1]; group.Values[0] == service && version != "" {
			all = append(all, deployment{version, group.First})
		}
	}
	slices.SortFunc(all, func(a, b deployment) int {
		return cmp.Or(cmp.Compare(b.FirstSeen, a.FirstSeen), cmp.Compare(b.Version, a.Version))
	})
	return all
}
