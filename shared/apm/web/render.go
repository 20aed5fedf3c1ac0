package web

import (
	"bytes"
	"fmt"
	"net/http"

	"thinker/shared/apm"
)

// A frame is what every page has around it.
type frame struct {
	Title   string
	Docs    docs
	Kept    apm.Retention
	Refused int
	Section string // the entry of the top bar that is current
	Place   place
	Menus   *menus // nil for a page that is about no environment or time
	Try     string // a command that makes a trace; may be empty
	Address string // where tracers are to send
}

// docs says what Datadog calls a page, and where it explains it; a page that
// Datadog does not have has no name there.
type docs struct{ Name, URL string }

// Lacks says what of the product's page is not here, for want of data.
func (d docs) Lacks() string {
	switch d.Name {
	case "Service Catalog":
		return "owners, monitors and scorecards"
	case "Service page", "Resource page":
		return "monitors, infrastructure, logs and profiles"
	case "Trace Explorer":
		return "saved views, metrics and logs"
	case "Trace View":
		return "hosts, logs, processes and profiles"
	case "Service Map":
		return "monitors and teams"
	case "Deployment Tracking":
		return "commits and faulty deployments"
	default:
		return ""
	}
}

func (w *Web) frame(r *http.Request, title string) frame {
	return frame{
		Title:   title,
		Place:   placeOf(r),
		Docs:    docs{"Trace Explorer", "https://docs.datadoghq.com/tracing/trace_explorer/"},
		Kept:    w.Traces.Retention(),
		Refused: w.Intake.Refused(),
		Try:     w.Try,
		Address: "http://" + r.Host,
	}
}

// ServiceURL is the page of a service. Names are parameters rather than parts of
// the path, as a name may be of any text, also of none.
func (f frame) ServiceURL(service string) string {
	return f.Place.To("/service", "service", service)
}

// ResourceURL is the page of a resource.
func (f frame) ResourceURL(service, operation, resource string) string {
	return f.Place.To("/resource", "service", service, "operation", operation, "resource", resource)
}

// render writes a page. It goes through a buffer, so that a template that
// fails half-way leaves nothing behind but its error.
func (w *Web) render(rw http.ResponseWriter, status int, name string, page any) error {
	var buffer bytes.Buffer
	if err := w.templates.ExecuteTemplate(&buffer, name, page); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(status)
	// An error here means that the reader has gone.
	_, _ = buffer.WriteTo(rw)
	return nil
}
