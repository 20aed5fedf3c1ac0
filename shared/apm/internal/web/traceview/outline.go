package traceview

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
)

// sendOutline serves GET /api/traces/{id}/outline?find=&errors=.
func sendOutline(site *page.Site, rw http.ResponseWriter, r *http.Request) error {
	request, err := parseTraceRequest(r)
	if err != nil {
		return err
	}
	if errors := request.Get("errors"); errors != "" && !request.OnlyErrors {
		return page.Failure{Status: http.StatusBadRequest,
			Detail: fmt.Sprintf("Invalid errors=%.40q: the only value is only.", errors)}
	}
	trace, found, err := site.Find(r.Context(), request.asked, 1)
	if err != nil {
		return err
	}
	if !found {
		return page.ErrNoTrace
	}
	return page.SendJSON(rw, outline(newScene(site, trace, request)))
}

func outline(s *scene) api.Outline {
	o := api.Outline{
		TraceID: api.ID(s.ID), Start: s.Start(), Duration: s.Length, ExecTime: s.total,
		Rows: s.flame.Rows, OrphansRow: s.flame.Orphans, Found: s.hits,
	}
	if s.Sought() && o.Found == nil {
		o.Found = []int{}
	}
	services := page.Index(func(service string) {
		shown := s.site.Service(service)
		o.Services = append(o.Services, api.OutlineService{
			Service: shown.Name, Colour: shown.Colour, DarkText: s.site.Palette.Of(service).DarkText(),
		})
	})
	names := page.Index(func(name string) { o.Names = append(o.Names, page.Short(name)) })
	labels := page.Index(func(label string) { o.Labels = append(o.Labels, label) })
	for i, box := range s.flame.Boxes {
		span := s.span(i)
		failed := 0
		if span.Error {
			failed = 1
		}
		t := &o.Spans
		t.SpanID = append(t.SpanID, api.ID(span.SpanID))
		t.Parent = append(t.Parent, box.Parent)
		t.Row = append(t.Row, box.Row)
		t.Start = append(t.Start, time.Duration(min(s.offset(span.Span), math.MaxInt64)))
		t.Duration = append(t.Duration, max(0, span.Duration))
		t.ExecTime = append(t.ExecTime, span.Exec())
		t.Service = append(t.Service, services(span.Service))
		t.Name = append(t.Name, names(span.Name))
		t.Label = append(t.Label, labels(span.Label()))
		t.Error = append(t.Error, failed)
	}
	return o
}
