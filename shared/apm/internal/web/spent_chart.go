package web

import (
	"fmt"
	"math"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/chart"
	"thinker/shared/apm/internal/web/page"
)

// spent returns the graph of time spent by downstream service. A leaf service has no
// such graph.
func (w *Web) spent(m measured, a stats.Anatomy) (*chart.Chart, bool) {
	const most = 11 // services; what others took is one
	if len(a.Services) < 2 {
		return nil, false
	}
	c := chart.New("spent", "Time spent", m.window.TimeRange())
	var chosen string
	c.Choices, chosen = m.choices(c.ID, "% of time spent", "Avg time per request")
	value, write := share(a), chart.Percent
	if chosen == "Avg time per request" {
		value, write = perRequest(a), chart.Duration
	}
	var all []chart.Series
	for i, service := range a.Services {
		if i < most {
			shown := w.Service(service.Service)
			all = append(all, chart.Series{Name: shown.Name, Colour: shown.Colour, Values: make([]float64,
				len(a.SeriesRequests))})
		} else if i == most {
			all = append(all, chart.Series{Name: "others", Class: "others", Values: make([]float64, len(a.SeriesRequests))})
		}
		for bucket := range a.SeriesRequests {
			all[min(i, most)].Values[bucket] += value(service, bucket)
		}
	}
	c.Named = true
	c.Stack(all, write)
	first := a.Services[0]
	c.Summary = fmt.Sprintf("%s: %s %% of exec time", page.Short(first.Service), format.Significant(first.Percent))
	if a.Sampled() {
		c.Summary += fmt.Sprintf(" · from %s of %s requests", format.Number(a.Requests), format.Number(a.Of))
	}
	return c, true
}

// share returns a service's part of a bucket's execution time, in percent.
func share(a stats.Anatomy) func(stats.SpentTime, int) float64 {
	totals := make([]float64, len(a.SeriesRequests))
	for _, service := range a.Services {
		for bucket, exec := range service.Series {
			totals[bucket] += float64(exec)
		}
	}
	return func(s stats.SpentTime, bucket int) float64 {
		if totals[bucket] == 0 {
			return math.NaN()
		}
		return 100 * float64(s.Series[bucket]) / totals[bucket]
	}
}

// perRequest returns a service's average execution time per request in nanoseconds.
func perRequest(a stats.Anatomy) func(stats.SpentTime, int) float64 {
	return func(s stats.SpentTime, bucket int) float64 {
		if a.SeriesRequests[bucket] == 0 {
			return math.NaN()
		}
		return float64(s.Series[bucket]) / float64(a.SeriesRequests[bucket])
	}
}
