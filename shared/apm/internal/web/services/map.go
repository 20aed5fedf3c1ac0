package services

import (
	"context"
	"math"
	"slices"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A mapPage shows the services and the calls between them.
type mapPage struct {
	frame
	Map     *page.ServiceMap // nil if there is nothing to show
	Others  int              // services past the limit of the map
	Anatomy stats.Anatomy    // of the calls
}

// failedPart is the error rate from which the map shows a service or call in red.
const failedPart = 0.01

// loadMap reads the map.
func (p pages) loadMap(ctx context.Context, f frame) (any, error) {
	data := mapPage{frame: f}
	services, others, err := p.mappedServices(ctx, *f.Window)
	if err != nil || len(services) == 0 {
		return data, err
	}
	if data.Anatomy, err = p.Anatomy(ctx, f.selection(), 0); err != nil {
		return nil, err
	}
	least := math.Inf(1)
	for _, s := range services {
		least = min(least, float64(s.Requests))
	}
	count := f.counter(least)
	var nodes []page.MapNode
	for _, s := range services {
		nodes = append(nodes, f.node(s.Values[0], s.Figures, count))
	}
	edges := edgesOf(data.Anatomy, count)
	if others > 0 { // calls of services that are left out would bring them back
		onMap := func(service string) bool {
			return slices.ContainsFunc(nodes, func(n page.MapNode) bool { return n.Service == service })
		}
		edges = slices.DeleteFunc(edges, func(e page.MapEdge) bool { return !onMap(e.From) || !onMap(e.To) })
	}
	data.Map, data.Others = page.NewServiceMap("Service Map", nodes, edges), others
	return data, nil
}

// mappedServices returns the services of the window. Their figures are of service
// entry spans or, for a service without any, of all its spans.
func (p pages) mappedServices(ctx context.Context, win page.Window) (services []stats.Group, others int, err error) {
	const most = 200
	entered, err := page.FiguresBy(ctx, p.Traces, win.Selection(query.Query{}, query.ServiceEntrySpans), most, "service")
	if err != nil {
		return nil, 0, err
	}
	worked, err := page.FiguresBy(ctx, p.Traces, win.Selection(query.Query{}, query.AllSpans), most, "service")
	if err != nil {
		return nil, 0, err
	}
	services = entered.Groups
	for _, group := range worked.Groups {
		known := slices.ContainsFunc(entered.Groups, func(g stats.Group) bool { return g.Values[0] == group.Values[0] })
		if !known && entered.Others == 0 && len(services) < most {
			services = append(services, group)
		}
	}
	return services, max(entered.Others, len(worked.Groups)+worked.Others-len(services)), nil
}

// dependencies draws the upstream and downstream calls of a resource's requests; nil for
// none.
func (p resourcePage) dependencies() *page.ServiceMap {
	a := p.Anatomy
	if len(a.Edges) == 0 {
		return nil
	}
	least := float64(p.Total.Requests)
	called := map[string]stats.Edge{} // by service; without calls for one that only calls others
	for _, e := range a.Edges {
		least = min(least, a.Estimate(e.Calls))
		sum := called[e.To]
		sum.Calls, sum.Errors, sum.Total = sum.Calls+e.Calls, sum.Errors+e.Errors, apm.Plus(sum.Total, e.Total)
		called[e.To] = sum
		if _, known := called[e.From]; !known {
			called[e.From] = stats.Edge{}
		}
	}
	spent := map[string]stats.SpentTime{}
	for _, s := range a.Services {
		spent[s.Service] = s
	}
	count := p.counter(least)
	own := p.node(p.Service, p.Total, count)
	own.Current = true
	nodes := []page.MapNode{own}
	for service, calls := range called {
		if service == p.Service {
			continue
		}
		n := page.MapNode{Service: service, URL: p.ServiceURL(service)}
		if calls.Calls > 0 {
			n.Lines = []string{count(a.Estimate(calls.Calls), "call", "calls") + " · avg " + format.Duration(calls.Average())}
			n.Errors, n.Failed = errorsText(calls.ErrorRate()), calls.ErrorRate() >= failedPart
		}
		if s := spent[service]; s.Exec > 0 {
			n.Lines = append(n.Lines, page.Percent(s.Percent/100).String()+" of exec time")
		}
		nodes = append(nodes, n)
	}
	return page.NewServiceMap("Dependency map", nodes, edgesOf(a, count))
}

// A counter formats a count of something.
type counter func(times float64, one, several string) string

// counter returns the format for counts of at least the given one: rates per second, or
// totals if rates would be tiny.
func (f frame) counter(least float64) counter {
	const often = 0.1 // a second
	seconds := max(1, f.Window.Seconds())
	return func(times float64, one, several string) string {
		if least < often*seconds {
			return format.Count(int(math.Round(times)), one, several)
		}
		return page.RateOf(times/seconds, several+"/s").String()
	}
}

// node returns a service with the figures of its requests.
func (f frame) node(service string, of stats.Figures, count counter) page.MapNode {
	return page.MapNode{
		Service: service, URL: f.ServiceURL(service),
		Lines:  []string{count(float64(of.Requests), "req", "req") + " · " + f.Figures(of).slow()},
		Errors: errorsText(of.ErrorRate()), Failed: of.ErrorRate() >= failedPart,
	}
}

// errorsText formats an error rate; it is empty for 0.
func errorsText(rate float64) string {
	if rate == 0 {
		return ""
	}
	return page.Percent(rate).String() + " errors"
}

// edgesOf returns an anatomy's edges with their figures as text.
func edgesOf(a stats.Anatomy, count counter) (edges []page.MapEdge) {
	for _, e := range a.Edges {
		label := count(a.Estimate(e.Calls), "call", "calls")
		if a.Sampled() {
			label = "about " + label
		}
		label += " · avg " + format.Duration(e.Average()) + " · max " + format.Duration(e.Max)
		if failed := errorsText(e.ErrorRate()); failed != "" {
			label += " · " + failed
		}
		edges = append(edges, page.MapEdge{From: e.From, To: e.To, Label: label, Weight: float64(e.Calls),
			Failed: e.ErrorRate() >= failedPart})
	}
	return edges
}
