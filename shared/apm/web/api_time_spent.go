package web

import (
	"fmt"
	"net/http"
	"time"

	"thinker/shared/apm/search"
)

// A jsonTimeSpent is the answer to GET /api/time-spent.
type jsonTimeSpent struct {
	Requests int             `json:"requests"` // looked at: of very many, a sample
	Of       int             `json:"of"`       // requests in all
	Services []jsonSpentTime `json:"services"`
}

type jsonSpentTime struct {
	Service    string  `json:"service"`
	ExecTime   int64   `json:"exec_time"`   // for all requests that were looked at
	PerRequest int64   `json:"per_request"` // on average
	Percent    float64 `json:"percent"`     // of the execution time of all services
}

// apiTimeSpent serves GET /api/time-spent?query=&env=&scope=&from=&to=: which
// services worked for the spans, by the execution time of these and of all
// spans below them.
func (w *Web) apiTimeSpent(rw http.ResponseWriter, r *http.Request) error {
	s, err := selectionWithin(r, search.ServiceEntrySpans)
	if err != nil {
		return err
	}
	spent, err := w.Traces.TimeSpent(r.Context(), s)
	if err != nil {
		return fmt.Errorf("sum up execution time: %w", err)
	}
	answer := jsonTimeSpent{Requests: spent.Requests, Of: spent.Of, Services: []jsonSpentTime{}}
	for _, service := range spent.Services {
		answer.Services = append(answer.Services, jsonSpentTime{
			service.Service, int64(service.Exec), int64(service.Exec / time.Duration(max(1, spent.Requests))), service.Percent,
		})
	}
	return writeJSON(rw, answer)
}
