// Package services serves the pages about services: their list, a service, a resource,
// and the map of who calls whom.
package services

import (
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

// Routes returns the pages about services.
func Routes(site *page.Site) []page.Route {
	p := pages{site.With(templates, "templates/*.html")}
	return []page.Route{
		{Pattern: "GET /services", Serve: p.showServices},
		{Pattern: "GET /service", Serve: p.showService},
		{Pattern: "GET /resource", Serve: p.showResource},
		{Pattern: "GET /map", Serve: p.showMap},
	}
}

// A request is a request for one of the pages.
type request struct {
	Service, Resource, Operation string

	Filter   string // of the list of services
	allKinds bool   // list all kinds of spans

	Query  query.Query // for the requests that the page is about
	window page.Window
}

// parseRequest parses a request for a page about all services, ?filter=.
func parseRequest(r *http.Request) (request request, err error) {
	values := r.URL.Query()
	request.Service, request.Resource = values.Get("service"), values.Get("resource")
	request.Operation, request.Filter = values.Get("operation"), values.Get("filter")
	request.allKinds = values.Get("kinds") == "all"
	request.window, err = page.ParseWindow(r)
	return request, err
}

// parseServiceRequest parses a request for a page about one service,
// ?service=&operation=, or about one of its resources, &resource=&kinds=all.
func parseServiceRequest(r *http.Request, ofResource bool) (request, error) {
	request, err := parseRequest(r)
	if ofResource {
		request.Query = page.And(request.Query, "resource_name", request.Resource)
	}
	request.Query = page.And(request.Query, "service", request.Service)
	if request.Operation != "" {
		request.Query = page.And(request.Query, "operation_name", request.Operation)
	}
	return request, err
}

// A frame is what all pages about requests have.
type frame struct {
	page.Frame
	request
	largest stats.Figures // of the rows of the page's list
}

// settle settles the window of a page.
func (p pages) settle(ctx context.Context, f *frame) error {
	settled, err := p.Settle(ctx, f.request.window, f.Query, query.ServiceEntrySpans)
	f.Window = &settled
	return err
}

// selection returns the spans that the page is about.
func (f frame) selection() query.Selection {
	return f.Window.Selection(f.Query, query.ServiceEntrySpans)
}
