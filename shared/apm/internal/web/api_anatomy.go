package web

import (
	"net/http"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
	"time"
)

// selectedAnatomy returns which services and spans the selected requests consist of.
func (w *Web) selectedAnatomy(r *http.Request, buckets int) (stats.Anatomy, error) {
	s, err := page.ParseSelectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return stats.Anatomy{}, err
	}
	return w.Anatomy(r.Context(), s, buckets)
}

func sampleOf(a stats.Anatomy) api.Sample {
	return api.Sample{Requests: a.Requests, Of: a.Of, Traces: a.Traces, From: a.From, To: a.To}
}

// apiDependencies serves GET /api/dependencies?query=&env=&scope=&from=&to=: the calls
// between services above and below the selected spans.
func (w *Web) apiDependencies(rw http.ResponseWriter, r *http.Request) error {
	anatomy, err := w.selectedAnatomy(r, 0)
	if err != nil {
		return err
	}
	response := api.Dependencies{Sample: sampleOf(anatomy), Edges: []api.Edge{}, Others: anatomy.OtherEdges}
	for _, e := range anatomy.Edges {
		response.Edges = append(response.Edges, api.Edge{
			Caller: e.From, Callee: e.To, Calls: e.Calls, CallsPerSecond: anatomy.PerSecond(e.Calls),
			Errors: e.Errors, ErrorRate: e.ErrorRate(), Traces: e.Traces,
			Total: e.Total, Avg: e.Average(), Max: e.Max,
		})
	}
	return page.SendJSON(rw, response)
}

// apiSpanSummary serves GET /api/span-summary?query=&env=&scope=&from=&to=: the kinds of
// spans that the selected requests consist of.
func (w *Web) apiSpanSummary(rw http.ResponseWriter, r *http.Request) error {
	anatomy, err := w.selectedAnatomy(r, 0)
	if err != nil {
		return err
	}
	response := api.SpanSummary{Sample: sampleOf(anatomy), Spans: []api.SpanKind{}, Others: anatomy.OtherSpans}
	for _, s := range anatomy.Spans {
		response.Spans = append(response.Spans, api.SpanKind{
			Service: s.Service, Operation: s.Name, Resource: s.Resource, Type: s.Type,
			Spans: s.Spans, Errors: s.Errors, Traces: s.Traces,
			AvgSpans: s.PerTrace(), PercentTraces: s.TracesPercent(anatomy),
			AvgDuration: s.Average(), AvgExecPercent: s.ExecPercent, ExecTime: s.Exec,
		})
	}
	return page.SendJSON(rw, response)
}

// apiTimeSpent serves GET /api/time-spent?query=&env=&scope=&from=&to=&buckets=: the
// execution time of the selected spans and of all spans below them, by service.
func (w *Web) apiTimeSpent(rw http.ResponseWriter, r *http.Request) error {
	buckets, err := page.ParseNumber(r, "buckets", 0, 0, 200)
	if err != nil {
		return err
	}
	anatomy, err := w.selectedAnatomy(r, int(buckets))
	if err != nil {
		return err
	}
	response := api.TimeSpent{Sample: sampleOf(anatomy), Services: []api.ServiceTime{}, Others: anatomy.OtherServices}
	if buckets > 0 {
		response.Step = (anatomy.To - anatomy.From) / int64(buckets)
		response.Series = &api.RequestsSeries{Requests: anatomy.SeriesRequests}
	}
	for _, service := range anatomy.Services {
		response.Services = append(response.Services, api.ServiceTime{
			Service: service.Service, ExecTime: service.Exec,
			PerRequest: service.Exec / time.Duration(max(1, anatomy.Requests)),
			Percent:    service.Percent, Series: execTimeSeries(service, anatomy),
		})
	}
	return page.SendJSON(rw, response)
}

// execTimeSeries returns nil without buckets.
func execTimeSeries(service stats.SpentTime, anatomy stats.Anatomy) *api.ExecTimeSeries {
	if anatomy.SeriesRequests == nil {
		return nil
	}
	series := &api.ExecTimeSeries{}
	for at, requests := range anatomy.SeriesRequests {
		exec := service.Series[at]
		series.ExecTime = append(series.ExecTime, exec)
		var perRequest *time.Duration
		if requests > 0 {
			average := exec / time.Duration(requests)
			perRequest = &average
		}
		series.PerRequest = append(series.PerRequest, perRequest)
	}
	return series
}
