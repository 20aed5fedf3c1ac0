package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// servicesPage lists services and their figures.
type servicesPage struct {
	page.Frame
	Filter   string
	Headings []page.Heading
	Rows     []serviceRow
	All      int // services before filtering
	Others   int // services past the limit of the list
}

type serviceRow struct {
	page.ServiceFigures
	Service page.Service
	URL     string
	Kind    string // Web, DB, Cache, Custom
	Share   string // of the largest number of requests in the list, in percent
	Figures figureCells
	Apdex   string

	Version  string // the newest
	Deployed *page.Moment
}

// showServices serves GET /services?filter=&sort=.
func (w *Web) showServices(rw http.ResponseWriter, r *http.Request) error {
	data := servicesPage{Filter: r.URL.Query().Get("filter"), Frame: w.Frame(r, "services", "Services", page.Docs{
		Name: "Service Catalog", URL: "https://docs.datadoghq.com/tracing/services/service_list/", Lacks: "owners, monitors and scorecards",
	})}
	win, err := w.Open(r, &data.Frame, query.Query{})
	if err != nil {
		return err
	}
	services, within, err := w.Services(r.Context(), win.Selection(query.Query{}, query.ServiceEntrySpans))
	if err != nil {
		return err
	}
	data.All, data.Others = len(services), within.Others
	most := 1
	for _, s := range services {
		most = max(most, s.Requests)
	}
	var shown []page.ServiceFigures
	for _, s := range services {
		if strings.Contains(strings.ToLower(s.Service), strings.ToLower(data.Filter)) {
			shown = append(shown, s)
		}
	}
	data.Headings = page.Sort(shown, serviceColumns(), data.Place, "sort", "-requests")
	for _, s := range shown {
		row := serviceRow{
			ServiceFigures: s,
			Service:        w.Service(s.Service),
			URL:            data.ServiceURL(s.Service),
			Kind:           serviceKind(s.Type),
			Share:          page.Coordinate(100 * float64(s.Requests) / float64(most)),
			Figures:        cellsOf(s.Figures, win.Seconds()),
			Apdex:          apdexText(s.Apdex, s.Requests),
		}
		if len(s.Deployments) > 0 {
			row.Version, row.Deployed = page.Short(s.Deployments[0].Version), page.MomentOrNone(s.Deployments[0].FirstSeen)
		}
		data.Rows = append(data.Rows, row)
	}
	return w.Render(rw, http.StatusOK, "services.html", data)
}

func serviceColumns() []page.Column[page.ServiceFigures] {
	type row = page.ServiceFigures
	return slices.Concat(
		[]page.Column[row]{
			{Name: "type", Title: "Type", Text: true, Compare: page.By(func(s row) string { return serviceKind(s.Type) })},
			{Name: "service", Title: "Service", Text: true, Compare: page.By(func(s row) string { return s.Service })},
			{Name: "deploy", Title: "Last deploy", Means: "The newest version, and when its first span started", Compare: page.By(func(s row) int64 {
				if len(s.Deployments) == 0 {
					return 0
				}
				return s.Deployments[0].FirstSeen
			})},
			{Name: "requests", Title: "Requests", Compare: page.By(func(s row) int { return s.Requests })},
		},
		latencyColumns(func(s row) stats.Figures { return s.Figures }),
		[]page.Column[row]{
			{Name: "error-rate", Title: "Error rate", Compare: page.By(func(s row) float64 { return s.ErrorRate() })},
			{Name: "apdex", Title: "Apdex", Means: "Apdex, from 0 to 1: requests under 0.5 s count fully, under 2 s count half", Compare: page.By(func(s row) float64 { return s.Apdex })},
		})
}

// apdexText formats an Apdex with two decimals, as Datadog does.
func apdexText(apdex float64, requests int) string {
	if requests == 0 {
		return "–"
	}
	return strconv.FormatFloat(apdex, 'f', 2, 64)
}

// serviceKind returns Datadog's name for the type of a service.
func serviceKind(spanType string) string {
	switch spanType {
	case "web", "http", "rpc", "grpc", "proxy", "serverless":
		return "Web"
	case "sql", "db", "mongodb", "cassandra", "elasticsearch", "opensearch", "leveldb", "consul", "dynamodb":
		return "DB"
	case "cache", "redis", "memcached", "valkey":
		return "Cache"
	default:
		return "Custom"
	}
}

// ShownText counts the services, and those that the filter leaves.
func (p servicesPage) ShownText() string {
	all := format.Count(p.All+p.Others, "service", "services")
	if len(p.Rows) == p.All {
		return all
	}
	return format.Number(len(p.Rows)) + " of " + all
}
