package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// A mapPage shows the services and the calls between them.
type mapPage struct {
	page.Frame
	Map      *page.ServiceMap // nil if there is nothing to show
	Services int              // on the map
	Others   int              // services past the limit of the map
	Anatomy  stats.Anatomy    // of the calls
}

// failedPart is the error rate from which the map shows a service or call in red.
const failedPart = 0.01

// showMap serves GET /map.
func (w *Web) showMap(rw http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	data := mapPage{Frame: w.Frame(r, "map", "Service Map", page.Docs{
		Name: "Service Map", URL: "https://docs.datadoghq.com/tracing/services/services_map/", Lacks: "monitors and teams",
	})}
	win, err := w.Open(r, &data.Frame, query.Query{})
	if err != nil {
		return err
	}
	services, others, err := w.mappedServices(ctx, win)
	if err != nil {
		return err
	}
	if len(services) == 0 {
		return w.Render(rw, http.StatusOK, "map.html", data)
	}
	data.Anatomy, err = w.Anatomy(ctx, win.Selection(query.Query{}, query.ServiceEntrySpans), 0)
	if err != nil {
		return err
	}
	least := math.Inf(1)
	for _, s := range services {
		least = min(least, float64(s.Requests))
	}
	often := frequencyOf(least, win)
	var nodes []page.MapNode
	for _, s := range services {
		n := requestsNode(s.Values[0], s.Figures, often)
		n.URL = data.ServiceURL(n.Service)
		nodes = append(nodes, n)
	}
	edges := edgesOf(data.Anatomy, often)
	if others > 0 { // calls of services that are left out would bring them back
		onMap := func(service string) bool {
			return slices.ContainsFunc(nodes, func(n page.MapNode) bool { return n.Service == service })
		}
		edges = slices.DeleteFunc(edges, func(e page.MapEdge) bool { return !onMap(e.From) || !onMap(e.To) })
	}
	data.Map = page.NewServiceMap(w.Site, "Service Map", nodes, edges)
	data.Services, data.Others = len(data.Map.Nodes), others
	return w.Render(rw, http.StatusOK, "map.html", data)
}

// mappedServices returns the services of the window. Their figures are of service
// entry spans or, for a service without any, of all its spans.
func (w *Web) mappedServices(ctx context.Context, win page.Window) (services []stats.Group, others int, err error) {
	const most = 200
	entered, err := w.FiguresBy(ctx, win.Selection(query.Query{}, query.ServiceEntrySpans), most, "service")
	if err != nil {
		return nil, 0, err
	}
	worked, err := w.FiguresBy(ctx, win.Selection(query.Query{}, query.AllSpans), most, "service")
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

// A frequency formats counts: as a rate per second, or as a total if rates would be
// tiny.
type frequency struct {
	seconds float64
	inAll   bool
}

// frequencyOf returns the form that suits counts of at least the given one.
func frequencyOf(least float64, win page.Window) frequency {
	const often = 0.1 // a second
	seconds := max(1, win.Seconds())
	return frequency{seconds: seconds, inAll: least < often*seconds}
}

func (f frequency) text(times float64, one, several string) string {
	if f.inAll {
		return format.Count(int(math.Round(times)), one, several)
	}
	return page.RateOf(times/f.seconds, several+"/s").String()
}

// requestsNode returns a service with the figures of its requests.
func requestsNode(service string, f stats.Figures, often frequency) page.MapNode {
	return page.MapNode{
		Service: service,
		Lines:   []string{often.text(float64(f.Requests), "req", "req") + " · " + slowText(f)},
		Errors:  errorsText(f.ErrorRate()),
		Failed:  f.ErrorRate() >= failedPart,
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
func edgesOf(a stats.Anatomy, often frequency) (edges []page.MapEdge) {
	for _, e := range a.Edges {
		label := often.text(a.Estimate(e.Calls), "call", "calls")
		if a.Sampled() {
			label = "about " + label
		}
		label += " · avg " + page.Duration(e.Average()).String() + " · max " + page.Duration(e.Max).String()
		if failed := errorsText(e.ErrorRate()); failed != "" {
			label += " · " + failed
		}
		edges = append(edges, page.MapEdge{From: e.From, To: e.To, Label: label, Weight: float64(e.Calls),
			Failed: e.ErrorRate() >= failedPart})
	}
	return edges
}

// SampleText returns how many requests the calls come from, if that isn't all.
func (p mapPage) SampleText() string {
	if !p.Anatomy.Sampled() {
		return ""
	}
	return fmt.Sprintf("Calls come from a sample of %s of %s requests.", format.Number(p.Anatomy.Requests),
		format.Number(p.Anatomy.Of))
}

// OthersText counts the services that the map leaves out.
func (p mapPage) OthersText() string {
	if p.Others == 0 {
		return ""
	}
	return format.Count(p.Others, "service with fewer requests is", "services with fewer requests are") + " not shown."
}
