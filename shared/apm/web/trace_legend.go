package web

import "thinker/shared/apm"

// A legend says which service has which colour, and what part of the trace.
type legend struct {
	Title             string
	Items             []legendItem
	Switch, SwitchURL string // what else it can tell
}

type legendItem struct {
	Service service
	Value   amount
	Exec    *amount // nil where spans are counted
}

func (w *Web) legend(s *scene) legend {
	if s.Get(byLegend) == "spans" {
		return legend{"Spans", w.spanCounts(s.trace), "% exec time", s.With(byLegend, "")}
	}
	l := legend{Title: "% exec time", Switch: "spans", SwitchURL: s.With(byLegend, "spans")}
	for _, part := range w.breakdown(s.trace.SumByService(s.exec)).Parts {
		l.Items = append(l.Items, legendItem{part.Service, amount{part.Percent, "%"}, &part.Exec})
	}
	return l
}

// spanCounts counts spans by service, past the first services all others as one.
func (w *Web) spanCounts(trace apm.Trace) (items []legendItem) {
	counts := map[string]int{}
	for i := range trace.Spans {
		counts[trace.Spans[i].Service]++
	}
	services, left := trace.Services(), len(trace.Spans)
	for i, name := range services {
		if i == maxParts {
			return append(items, legendItem{Service: otherServices(len(services) - i), Value: amount{Value: apm.FormatNumber(left)}})
		}
		items = append(items, legendItem{Service: w.service(name), Value: amount{Value: apm.FormatNumber(counts[name])}})
		left -= counts[name]
	}
	return items
}
