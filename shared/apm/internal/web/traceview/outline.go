package traceview

import (
	"fmt"
	"net/http"
	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// apiOutline serves GET /api/traces/{id}/outline?find=&errors=.
func (w room) apiOutline(rw http.ResponseWriter, r *http.Request) error {
	chosen, err := readChoices(r)
	if err != nil {
		return err
	}
	if errors := chosen.Get(byErrors); errors != "" && errors != "only" {
		return page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf("Invalid errors=%.40q: the only value is only.", errors)}
	}
	trace, found, err := w.Find(r.Context(), r.PathValue("id"), 1)
	if err != nil {
		return err
	}
	if !found {
		return page.ErrNoTrace
	}
	return page.SendJSON(rw, w.outline(newScene(trace, chosen)))
}

func (w room) outline(s *scene) api.Outline {
	o := api.Outline{
		TraceID: api.ID(s.trace.ID), Start: s.trace.Start(), Duration: s.length, ExecTime: s.total,
		Rows: s.flame.Rows, OrphansRow: s.flame.Orphans, Found: s.found.boxes,
	}
	if s.found.sought && o.Found == nil {
		o.Found = []int{}
	}
	services := index(func(service string) {
		shown := w.Service(service)
		o.Services = append(o.Services, api.OutlineService{
			Service: shown.Name, Colour: shown.Colour, DarkText: w.Palette.Of(service).DarkText(),
		})
	})
	names := index(func(name string) { o.Names = append(o.Names, page.Short(name)) })
	labels := index(func(label string) { o.Labels = append(o.Labels, label) })
	for _, box := range s.flame.Boxes {
		span := box.Node.Span
		failed := 0
		if span.Error {
			failed = 1
		}
		t := &o.Spans
		t.SpanID = append(t.SpanID, api.ID(span.SpanID))
		t.Parent = append(t.Parent, box.Parent)
		t.Row = append(t.Row, box.Row)
		t.Start = append(t.Start, time.Duration(offset(s.trace, span)))
		t.Duration = append(t.Duration, max(0, span.Duration))
		t.ExecTime = append(t.ExecTime, s.exec[span.SpanID])
		t.Service = append(t.Service, services(span.Service))
		t.Name = append(t.Name, names(span.Name))
		t.Label = append(t.Label, labels(boxLabel(span)))
		t.Error = append(t.Error, failed)
	}
	return o
}

// offset returns how long after the trace a span starts, in nanoseconds.
func offset(t apm.Trace, s *apm.Span) int64 {
	return int64(min(uint64(s.Start)-uint64(t.Start()), 1<<63-1))
}

// index numbers texts in order of first appearance and calls met for each new one.
func index(met func(text string)) func(text string) int {
	places := map[string]int{}
	return func(text string) int {
		place, ok := places[text]
		if !ok {
			place = len(places)
			places[text] = place
			met(text)
		}
		return place
	}
}
