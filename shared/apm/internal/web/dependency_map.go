package web

import (
	"math"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A dependency is a service upstream or downstream of another service's requests.
type dependency struct {
	calls, errors int             // to the service, in the sample; 0 for one that only calls
	total         float64         // nanoseconds of these calls
	exec          stats.SpentTime // for the requests
}

// dependencies draws the upstream and downstream calls of a service's requests; nil if
// there are none.
func (w *Web) dependencies(f page.Frame, a stats.Anatomy, service string, own stats.Figures, win page.Window) *page.ServiceMap {
	if len(a.Edges) == 0 {
		return nil
	}
	least := float64(own.Requests)
	all := map[string]dependency{}
	for _, e := range a.Edges {
		least = min(least, a.Estimate(e.Calls))
		called := all[e.To]
		called.calls += e.Calls
		called.errors += e.Errors
		called.total += float64(e.Total)
		all[e.To] = called
		if _, known := all[e.From]; !known {
			all[e.From] = dependency{}
		}
	}
	for _, spent := range a.Services {
		if d, linked := all[spent.Service]; linked {
			d.exec = spent
			all[spent.Service] = d
		}
	}
	often := frequencyOf(least, win)
	nodes := []page.MapNode{requestsNode(service, own, often)}
	nodes[0].Current = true
	for name, d := range all {
		if name != service {
			nodes = append(nodes, d.node(name, a, often))
		}
	}
	for i, n := range nodes {
		nodes[i].URL = f.ServiceURL(n.Service)
	}
	return page.NewServiceMap(w.Site, "Dependency map", nodes, edgesOf(a, often))
}

func (d dependency) node(service string, a stats.Anatomy, often frequency) page.MapNode {
	n := page.MapNode{Service: service}
	if d.calls > 0 {
		average := time.Duration(min(d.total/float64(d.calls), math.Nextafter(math.MaxInt64, 0)))
		rate := float64(d.errors) / float64(d.calls)
		n.Lines = []string{often.text(a.Estimate(d.calls), "call", "calls") + " · avg " + page.Duration(average).String()}
		n.Errors, n.Failed = errorsText(rate), rate >= failedPart
	}
	if d.exec.Exec > 0 {
		n.Lines = append(n.Lines, page.Percent(d.exec.Percent/100).String()+" of exec time")
	}
	return n
}
