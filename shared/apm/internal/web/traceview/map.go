package traceview

import (
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
)

// newMap draws the services of a trace with their share of the execution time, and the
// calls between them. A service links to its longest span.
func newMap(s *scene) *page.ServiceMap {
	dissection := stats.NewDissection(0, 0, 0)
	dissection.Add(s.Trace, func(*apm.Span) bool { return true })
	anatomy := dissection.Anatomy(0)
	spans, errors, longest := map[string]int{}, map[string]int{}, map[string]*apm.Span{}
	for i := range s.Spans {
		span := &s.Spans[i]
		spans[span.Service]++
		if span.Error {
			errors[span.Service]++
		}
		if known := longest[span.Service]; known == nil || span.Duration > known.Duration {
			longest[span.Service] = span
		}
	}
	var nodes []page.MapNode
	for _, service := range anatomy.Services {
		name := service.Service
		n := page.MapNode{
			Service: name, URL: s.choose(page.FormatID(longest[name].SpanID)), Failed: errors[name] > 0,
			Lines: []string{page.Percent(service.Percent/100).String() + " of exec time",
				format.Count(spans[name], "span", "spans")},
		}
		if n.Failed {
			n.Errors = format.Count(errors[name], "error", "errors")
		}
		nodes = append(nodes, n)
	}
	var edges []page.MapEdge
	for _, e := range anatomy.Edges {
		label := format.Count(e.Calls, "call", "calls") + " · avg " + format.Duration(e.Average()) +
			" · max " + format.Duration(e.Max)
		if e.Errors > 0 {
			label += " · " + format.Count(e.Errors, "error", "errors")
		}
		edges = append(edges, page.MapEdge{From: e.From, To: e.To, Label: label, Weight: float64(e.Calls),
			Failed: e.Errors > 0})
	}
	return page.NewServiceMap("Trace map", nodes, edges)
}
