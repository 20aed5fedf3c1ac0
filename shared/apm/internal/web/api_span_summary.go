package web

import "net/http"

// A jsonSpanSummaries is the answer to GET /api/span-summary.
type jsonSpanSummaries struct {
	jsonLookedAt
	Spans  []jsonSpanSummary `json:"spans"`  // the kind with most execution time first
	Others int               `json:"others"` // kinds left out
}

// A jsonSpanSummary is of the spans of one kind in the requests that were looked
// at. Averages are over the traces that have such a span.
type jsonSpanSummary struct {
	Service        string  `json:"service"`
	Operation      string  `json:"operation"`
	Resource       string  `json:"resource"`
	Type           string  `json:"type"`
	Spans          int     `json:"spans"`
	Errors         int     `json:"errors"` // of these spans
	Traces         int     `json:"traces"` // that have one
	AvgSpans       float64 `json:"avg_spans"`
	PercentTraces  float64 `json:"percent_of_traces"`
	AvgDuration    int64   `json:"avg_duration"`
	AvgExecPercent float64 `json:"avg_exec_percent"`
	ExecTime       int64   `json:"exec_time"` // of all of them
}

// apiSpanSummary serves GET /api/span-summary?query=&env=&scope=&from=&to=: the
// kinds of spans that requests are made of.
func (w *Web) apiSpanSummary(rw http.ResponseWriter, r *http.Request) error {
	anatomy, err := w.askedAnatomy(r, 0)
	if err != nil {
		return err
	}
	answer := jsonSpanSummaries{jsonLookedAt: toLookedAt(anatomy), Spans: []jsonSpanSummary{}, Others: anatomy.OtherSpans}
	for _, s := range anatomy.Spans {
		answer.Spans = append(answer.Spans, jsonSpanSummary{
			s.Service, s.Name, s.Resource, s.Type, s.Spans, s.Errors, s.Traces,
			s.PerTrace(), s.TracesPercent(anatomy), int64(s.Average()), s.ExecPercent, int64(s.Exec),
		})
	}
	return writeJSON(rw, answer)
}
