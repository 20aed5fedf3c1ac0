package services

import (
	"net/http"
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

// showServices serves GET /services?filter=&sort=.
func (p pages) showServices(rw http.ResponseWriter, r *http.Request) error {
	request, err := parseRequest(r)
	if err != nil {
		return err
	}
	data := servicesPage{frame: frame{request: request, Frame: p.Frame(r, "services", "Services", page.Docs{
		Name: "Service Catalog", URL: "https://docs.datadoghq.com/tracing/services/service_list/",
		Lacks: "owners, monitors and scorecards",
	})}}
	if err := p.settle(r.Context(), &data.frame); err != nil {
		return err
	}
	services, within, err := page.Services(r.Context(), p.Traces, data.selection())
	if err != nil {
		return err
	}
	data.All, data.Others = len(services), within.Others
	for _, s := range services {
		data.largest.Requests = max(data.largest.Requests, s.Requests)
	}
	data.Rows = slices.DeleteFunc(services, func(s page.ServiceFigures) bool {
		return !strings.Contains(strings.ToLower(s.Service), strings.ToLower(data.Filter))
	})
	data.Headings = page.Sort(data.Rows, data.columns(), data.Place, "sort", "-requests")
	return p.Render(rw, http.StatusOK, "services.html", data)
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
			{Name: "type", Title: "Type", Text: true, Compare: page.By(func(s row) string { return p.Kind(s.Type) })},
			{Name: "service", Title: "Service", Text: true, Compare: page.By(func(s row) string { return s.Service })},
			{Name: "deploy", Title: "Last deploy", Means: "The newest version, and when its first span started",
				Compare: page.By(lastDeploy)},
			{Name: "requests", Title: "Requests", Compare: page.By(func(s row) int { return s.Requests })},
		},
		latencyColumns(func(s row) stats.Figures { return s.Figures }),
		[]page.Column[row]{
			{Name: "error-rate", Title: "Error rate", Compare: page.By(func(s row) float64 { return s.ErrorRate() })},
			{Name: "apdex", Title: "Apdex", Means: "Apdex, from 0 to 1: requests under 0.5 s count fully, under 2 s count half",
				Compare: page.By(func(s row) float64 { return s.Apdex })},
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
