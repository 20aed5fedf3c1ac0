// Package services serves the pages about services: their list, a service, a resource,
// and the map of who calls whom.
package services

import (
	"cmp"
	"context"
	"embed"
	"net/http"

	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

//go:embed templates
var templates embed.FS

// pages serves the pages on a site.
type pages struct{ *page.Site }

// A view is one of the pages.
type view struct {
	name    string // of its address and its template
	section string // of the top bar
	title   string // empty for the name of the service or resource
	docs    page.Docs
	about   subject
	load    func(context.Context, frame) (any, error) // returns the template's data
}

// A subject is what a page is about.
type subject int

const (
	allServices subject = iota
	oneService
	oneResource
)

// Routes returns the pages about services.
func Routes(site *page.Site) (routes []page.Route) {
	p := pages{site.With(templates, "templates/*.html")}
	const docs = "https://docs.datadoghq.com/tracing/services/"
	for _, v := range []view{
		{"services", "services", "Services", page.Docs{Name: "Service Catalog", URL: docs + "service_list/",
			Lacks: "owners, monitors and scorecards"}, allServices, p.loadServices},
		{"service", "services", "", page.Docs{Name: "Service page", URL: docs + "service_page/",
			Lacks: "monitors, infrastructure, logs and profiles"}, oneService, p.loadService},
		{"resource", "services", "", page.Docs{Name: "Resource page", URL: docs + "resource_page/",
			Lacks: "monitors, infrastructure, logs and profiles"}, oneResource, p.loadResource},
		{"map", "map", "Service Map", page.Docs{Name: "Service Map", URL: docs + "services_map/",
			Lacks: "monitors and teams"}, allServices, p.loadMap},
	} {
		routes = append(routes, page.Route{Pattern: "GET /" + v.name, Serve: p.show(v)})
	}
	return routes
}

// show serves a page.
func (p pages) show(v view) page.Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		request, err := parseRequest(r, v.about)
		if err != nil {
			return err
		}
		f := frame{p.Frame(r, v.section, cmp.Or(v.title, request.title), v.docs), request, stats.Figures{}}
		settled, err := p.Settle(r.Context(), request.window, request.Query, query.ServiceEntrySpans)
		if err != nil {
			return err
		}
		f.Window = &settled
		data, err := v.load(r.Context(), f)
		if err != nil {
			return err
		}
		return p.Render(rw, http.StatusOK, v.name+".html", data)
	}
}

// A request is a request for one of the pages.
type request struct {
	Service, Resource, Operation string

	Filter   string // of the list of services
	allKinds bool   // list all kinds of spans

	Query  query.Query // for the requests that the page is about
	title  string
	window page.Window
}

// parseRequest parses a request: ?filter= for all services, ?service=&operation= for one
// service, and with &resource=&kinds=all for a resource.
func parseRequest(r *http.Request, about subject) (request request, err error) {
	values := r.URL.Query()
	request.Service, request.Resource = values.Get("service"), values.Get("resource")
	request.Operation, request.Filter = values.Get("operation"), values.Get("filter")
	request.allKinds = values.Get("kinds") == "all"
	request.title = cmp.Or(page.Short(request.Service), "no service")
	if about == oneResource {
		request.title = cmp.Or(page.Short(request.Resource), "no resource")
		request.Query = page.And(request.Query, "resource_name", request.Resource)
	}
	if about != allServices {
		request.Query = page.And(request.Query, "service", request.Service)
		if request.Operation != "" {
			request.Query = page.And(request.Query, "operation_name", request.Operation)
		}
	}
	request.window, err = page.ParseWindow(r)
	return request, err
}

// A frame is what all pages about requests have.
type frame struct {
	page.Frame
	request
	largest stats.Figures // of the rows of the page's list
}

// selection returns the spans that the page is about.
func (f frame) selection() query.Selection {
	return f.Window.Selection(f.Query, query.ServiceEntrySpans)
}
