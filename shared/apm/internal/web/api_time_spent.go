package web

import (
	"net/http"
	"time"

	"thinker/shared/apm/internal/stats"
)

// A jsonTimeSpent is the answer to GET /api/time-spent.
type jsonTimeSpent struct {
	jsonLookedAt
	Step     int64               `json:"step"`             // of the series, rounded down; 0 without
	Series   *jsonRequestsSeries `json:"series,omitempty"` // where buckets were asked for
	Services []jsonSpentTime     `json:"services"`
	Others   int                 `json:"others"` // services left out
}

type jsonRequestsSeries struct {
	Requests []int `json:"requests"` // looked at
}

type jsonSpentTime struct {
	Service    string         `json:"service"`
	ExecTime   int64          `json:"exec_time"`        // for all requests that were looked at
	PerRequest int64          `json:"per_request"`      // on average
	Percent    float64        `json:"percent"`          // of the execution time of all services
	Series     *jsonExecTimes `json:"series,omitempty"` // where buckets were asked for
}

// A jsonExecTimes has a number for each bucket. That for a request is null where
// there were none.
type jsonExecTimes struct {
	ExecTime   []int64  `json:"exec_time"`
	PerRequest []*int64 `json:"per_request"`
}

// apiTimeSpent serves GET /api/time-spent?query=&env=&scope=&from=&to=&buckets=:
// which services worked for the spans, by the execution time of these and of all
// spans below them.
func (w *Web) apiTimeSpent(rw http.ResponseWriter, r *http.Request) error {
	buckets, err := number(r, "buckets", 0, 0, 200)
	if err != nil {
		return err
	}
	anatomy, err := w.askedAnatomy(r, int(buckets))
	if err != nil {
		return err
	}
	answer := jsonTimeSpent{jsonLookedAt: toLookedAt(anatomy), Services: []jsonSpentTime{}, Others: anatomy.OtherServices}
	if buckets > 0 {
		answer.Step = (anatomy.To - anatomy.From) / int64(buckets)
		answer.Series = &jsonRequestsSeries{anatomy.SeriesRequests}
	}
	for _, service := range anatomy.Services {
		answer.Services = append(answer.Services, jsonSpentTime{
			service.Service, int64(service.Exec), int64(service.Exec / time.Duration(max(1, anatomy.Requests))), service.Percent, toExecTimes(service, anatomy),
		})
	}
	return writeJSON(rw, answer)
}

func toExecTimes(service stats.SpentTime, anatomy stats.Anatomy) *jsonExecTimes {
	if anatomy.SeriesRequests == nil {
		return nil
	}
	times := &jsonExecTimes{}
	for at, requests := range anatomy.SeriesRequests {
		exec := int64(service.Series[at])
		times.ExecTime = append(times.ExecTime, exec)
		var perRequest *int64
		if requests > 0 {
			average := exec / int64(requests)
			perRequest = &average
		}
		times.PerRequest = append(times.PerRequest, perRequest)
	}
	return times
}
