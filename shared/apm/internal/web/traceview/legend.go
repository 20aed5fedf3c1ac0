package traceview

import (
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/web/page"
)

// A legend names the services with their colours and their share of the trace.
type legend struct {
	Title             string
	Items             []legendItem
	Switch, SwitchURL string // the other figure that it can show
}

type legendItem struct {
	Service page.Service
	Value   page.Amount
	Exec    *page.Amount // nil if the legend counts spans
}

func (w room) legend(s *scene) legend {
	if s.Get(byLegend) == "spans" {
		return legend{"Spans", w.spanCounts(s.trace), "% Exec Time", s.With(byLegend, "")}
	}
	l := legend{Title: "% Exec Time", Switch: "Spans", SwitchURL: s.With(byLegend, "spans")}
	for _, part := range w.Breakdown(s.trace.SumByService(s.exec)).Parts {
		l.Items = append(l.Items, legendItem{part.Service, page.Amount{Value: part.Percent, Unit: "%"}, &part.Exec})
	}
	return l
}

// spanCounts counts spans by service. Past maxParts services it counts the rest as one.
func (w room) spanCounts(trace apm.Trace) (items []legendItem) {
	counts := map[string]int{}
	for i := range trace.Spans {
		counts[trace.Spans[i].Service]++
	}
	services, left := trace.Services(), len(trace.Spans)
	for i, name := range services {
		if i == page.MaxParts {
			return append(items, legendItem{Service: page.OtherServices(len(services) - i), Value: page.Amount{Value: format.Number(left)}})
		}
		items = append(items, legendItem{Service: w.Service(name), Value: page.Amount{Value: format.Number(counts[name])}})
		left -= counts[name]
	}
	return items
}
