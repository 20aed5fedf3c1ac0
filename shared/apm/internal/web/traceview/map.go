package traceview

import (
	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
)

// traceMap draws the services of a trace with their share of the execution time, and
// the calls between them. url returns a service's link.
func (w room) traceMap(trace apm.Trace, url func(service string) string) *page.ServiceMap {
	dissection := stats.NewDissection(0, 0, 0)
	dissection.Add(trace, func(*apm.Span) bool { return true })
	anatomy := dissection.Anatomy(0)
	spans, errors := map[string]int{}, map[string]int{}
	for i := range trace.Spans {
		s := &trace.Spans[i]
		spans[s.Service]++
		if s.Error {
			errors[s.Service]++
		}
	}
	var nodes []page.MapNode
	for _, service := range anatomy.Services {
		name := service.Service
		n := page.MapNode{
			Service: name, URL: url(name), Failed: errors[name] > 0,
			Lines: []string{page.Percent(service.Percent/100).String() + " of exec time", format.Count(spans[name], "span",
				"spans")},
		}
		if n.Failed {
			n.Errors = format.Count(errors[name], "error", "errors")
		}
		nodes = append(nodes, n)
	}
	var edges []page.MapEdge
	for _, e := range anatomy.Edges {
		label := format.Count(e.Calls, "call",
			"calls") + " · avg " + page.Duration(e.Average()).String() + " · max " + page.Duration(e.Max).String()
		if e.Errors > 0 {
			label += " · " + format.Count(e.Errors, "error", "errors")
		}
		edges = append(edges, page.MapEdge{From: e.From, To: e.To, Label: label, Weight: float64(e.Calls),
			Failed: e.Errors > 0})
	}
	return page.NewServiceMap(w.Site, "Trace map", nodes, edges)
}

// longestOf returns the addresses of the page with a service's longest span chosen.
func (s *scene) longestOf() func(service string) string {
	longest := map[string]*apm.Span{}
	for i := range s.trace.Spans {
		span := &s.trace.Spans[i]
		if known := longest[span.Service]; known == nil || span.Duration > known.Duration {
			longest[span.Service] = span
		}
	}
	choose := s.Each(bySpan)
	return func(service string) string { return choose(page.FormatID(longest[service].SpanID)) }
}
