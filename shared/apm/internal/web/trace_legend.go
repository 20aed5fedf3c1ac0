package web

import (
	"thinker/shared/apm"

	"thinker/shared/apm/format"
)

// A legend names the services with their colours and their share of the trace.
type legend struct {
	Title             string
	Items             []legendItem
	Switch, SwitchURL string // the other figure that it can show
}

type legendItem struct {
	Service service
	Value   amount
	Exec    *amount // nil if the legend counts spans
}

func (w *Web) legend(s *scene) legend {
	if s.Get(byLegend) == "spans" {
		return legend{"Spans", w.spanCounts(s.trace), "% Exec Time", s.With(byLegend, "")}
	}
	l := legend{Title: "% Exec Time", Switch: "Spans", SwitchURL: s.With(byLegend, "spans")}
	for _, part := range w.breakdown(s.trace.SumByService(s.exec)).Parts {
		l.Items = append(l.Items, legendItem{part.Service, amount{part.Percent, "%"}, &part.Exec})
	}
	return l
}

// spanCounts counts spans by service. Past maxParts services it counts the rest as one.
func (w *Web) spanCounts(trace apm.Trace) (items []legendItem) {
	counts := map[string]int{}
	for i := range trace.Spans {
		counts[trace.Spans[i].Service]++
	}
	services, left := trace.Services(), len(trace.Spans)
	for i, name := range services {
		if i == maxParts {
			return append(items, legendItem{Service: otherServices(len(services) - i), Value: amount{Value: format.Number(left)}})
		}
		items = append(items, legendItem{Service: w.service(name), Value: amount{Value: format.Number(counts[name])}})
		left -= counts[name]
	}
	return items
}
