package jsonapi

import (
	"net/http"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// anatomy returns which services and spans the selected requests consist of.
func (s server) anatomy(r *http.Request, buckets uint64) (stats.Anatomy, error) {
	selected, err := page.ParseSelectionWithin(r, query.ServiceEntrySpans)
	if err != nil {
		return stats.Anatomy{}, err
	}
	return s.Anatomy(r.Context(), selected, int(buckets))
}

func sampleOf(a stats.Anatomy) api.Sample {
	return api.Sample{Requests: a.Requests, Of: a.Of, Traces: a.Traces, From: a.From, To: a.To}
}

// dependencies returns the calls between services above and below the selected spans.
func (s server) dependencies(r *http.Request) (any, error) {
	anatomy, err := s.anatomy(r, 0)
	edges := convert(anatomy.Edges, func(e stats.Edge) api.Edge {
		return api.Edge{
			Caller: e.From, Callee: e.To, Calls: e.Calls, CallsPerSecond: anatomy.PerSecond(e.Calls),
			Errors: e.Errors, ErrorRate: e.ErrorRate(), Traces: e.Traces,
			Total: e.Total, Avg: e.Average(), Max: e.Max,
		}
	})
	return api.Dependencies{Sample: sampleOf(anatomy), Edges: edges, Others: anatomy.OtherEdges}, err
}

// spanSummary returns the kinds of spans that the selected requests consist of.
func (s server) spanSummary(r *http.Request) (any, error) {
	anatomy, err := s.anatomy(r, 0)
	spans := convert(anatomy.Spans, func(k stats.SpanSummary) api.SpanKind {
		return api.SpanKind{
			Service: k.Service, Operation: k.Name, Resource: k.Resource, Type: k.Type,
			Spans: k.Spans, Errors: k.Errors, Traces: k.Traces,
			AvgSpans: k.PerTrace(), PercentTraces: k.TracesPercent(anatomy),
			AvgDuration: k.Average(), AvgExecPercent: k.ExecPercent, ExecTime: k.Exec,
		}
	})
	return api.SpanSummary{Sample: sampleOf(anatomy), Spans: spans, Others: anatomy.OtherSpans}, err
}

// timeSpent returns the execution time of the selected spans and of all spans below them,
// by service.
func (s server) timeSpent(r *http.Request) (any, error) {
	buckets, err := page.ParseNumber(r, "buckets", 0, 0, 200)
	if err != nil {
		return nil, err
	}
	anatomy, err := s.anatomy(r, buckets)
	response := api.TimeSpent{
		Sample: sampleOf(anatomy), Others: anatomy.OtherServices,
		Services: convert(anatomy.Services, func(of stats.SpentTime) api.ServiceTime {
			return api.ServiceTime{
				Service: of.Service, ExecTime: of.Exec, PerRequest: of.Exec / time.Duration(max(1, anatomy.Requests)),
				Percent: of.Percent, Series: execTimeSeries(of, anatomy),
			}
		}),
	}
	if buckets > 0 {
		response.Step = (anatomy.To - anatomy.From) / int64(buckets)
		response.Series = &api.RequestsSeries{Requests: anatomy.SeriesRequests}
	}
	return response, err
}

// execTimeSeries returns nil without buckets.
func execTimeSeries(service stats.SpentTime, anatomy stats.Anatomy) *api.ExecTimeSeries {
	if anatomy.SeriesRequests == nil {
		return nil
	}
	series := &api.ExecTimeSeries{ExecTime: service.Series}
	for at, requests := range anatomy.SeriesRequests {
		var perRequest *time.Duration
		if requests > 0 {
			perRequest = new(service.Series[at] / time.Duration(requests))
		}
		series.PerRequest = append(series.PerRequest, perRequest)
	}
	return series
}
