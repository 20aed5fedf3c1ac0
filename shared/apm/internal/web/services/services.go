package services

import (
	"context"
	"slices"
	"strings"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
)

// A servicesPage lists services and their figures.
type servicesPage struct {
	frame
	Headings []page.Heading
	Rows     []page.ServiceFigures
	All      int // services before filtering
	Others   int // services past the limit of the list
}

// loadServices reads the list for ?filter=&sort=.
func (p pages) loadServices(ctx context.Context, f frame) (any, error) {
	services, within, err := page.Services(ctx, p.Traces, f.selection())
	if err != nil {
		return nil, err
	}
	data := servicesPage{frame: f, All: len(services), Others: within.Others}
	for _, s := range services {
		data.largest.Requests = max(data.largest.Requests, s.Requests)
	}
	data.Rows = slices.DeleteFunc(services, func(s page.ServiceFigures) bool {
		return !strings.Contains(strings.ToLower(s.Service), strings.ToLower(f.Filter))
	})
	data.Headings = page.Sort(data.Rows, data.columns(), f.URL, "sort", "-requests")
	return data, nil
}

func (p servicesPage) columns() []page.Column[page.ServiceFigures] {
	type row = page.ServiceFigures
	lastDeploy := func(s row) int64 {
		if len(s.Deployments) == 0 {
			return 0
		}
		return s.Deployments[0].FirstSeen
	}
	return slices.Concat(
		[]page.Column[row]{
			page.NewColumn("type", "Type", "", func(s row) string { return p.Kind(s.Type) }),
			page.NewColumn("service", "Service", "", func(s row) string { return s.Service }),
			page.NewColumn("deploy", "Last deploy", "The newest version, and when its first span started", lastDeploy),
			page.NewColumn("requests", "Requests", "", func(s row) int { return s.Requests }),
		},
		latencyColumns(func(s row) stats.Figures { return s.Figures }),
		[]page.Column[row]{
			page.NewColumn("error-rate", "Error rate", "", row.ErrorRate),
			page.NewColumn("apdex", "Apdex", "Apdex, from 0 to 1: requests under 0.5 s count fully, under 2 s count half",
				func(s row) float64 { return s.Apdex }),
		})
}

// ShownText counts the services, and those that the filter leaves.
func (p servicesPage) ShownText() string {
	all := format.Count(p.All+p.Others, "service", "services")
	if len(p.Rows) == p.All {
		return all
	}
	return format.Number(len(p.Rows)) + " of " + all
}
