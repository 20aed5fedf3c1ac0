package traceview

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// A panel shows one span in full.
type panel struct {
	Service        page.Service
	Name, Resource string
	About          []tag // service, operation, resource and type
	Duration       page.Amount
	Exec           page.Amount
	ExecPercent    string
	Offset         page.Amount // from the trace's start
	End            page.Amount // likewise
	Start          page.Moment
	Remarks        []string // what is unusual about it

	Error        bool
	ErrorMessage string
	ErrorType    string
	ErrorStack   []stackLine
	SQL          []sqlPart

	TraceID, HexID, SpanID, ParentID string
	ParentURL                        string // selects the parent; empty if it has not arrived

	Tags     []tag // without internal ones
	Internal []tag // those of tracers and Agents
	Links    []linkRow
	Events   []eventRow
	Raw      string // the span in JSON
}

type tag struct {
	Name, Value string
	Filter      string // what Search asks for: env:production
	Search      string // the address of the traces with the same tag; empty if no query can ask for it
}

type linkRow struct {
	URL, TraceID, SpanID string
	Attributes           []tag
}

type eventRow struct {
	Offset     page.Amount
	At         page.Moment
	Name       string
	Attributes []tag
}

func (w room) panel(scene *scene, box int) *panel {
	s := scene.flame.Boxes[box].Node.Span
	exec := scene.exec[s.SpanID]
	p := &panel{
		Service:      w.Service(s.Service),
		Name:         page.Short(s.Name),
		Resource:     page.Short(s.Resource),
		Duration:     page.Duration(s.Duration),
		Exec:         page.Duration(exec),
		ExecPercent:  strconv.FormatFloat(scene.share(exec), 'f', 1, 64),
		Offset:       page.Duration(time.Duration(offset(scene.trace, s))),
		End:          page.Duration(time.Duration(offset(scene.trace, s)) + max(0, s.Duration)),
		Start:        page.MomentOf(s.Start),
		Remarks:      scene.remarks(box),
		Error:        s.Error,
		ErrorMessage: s.ErrorMessage(),
		ErrorType:    s.ErrorType(),
		ErrorStack:   stack(s.ErrorStack()),
		SQL:          layOutSQL(statement(s)),
		TraceID:      page.FormatID(s.TraceID),
		HexID:        apm.HexID(scene.trace.IDHigh(), s.TraceID),
		SpanID:       page.FormatID(s.SpanID),
		ParentID:     page.FormatID(s.ParentID),
		About:        aboutSpan(scene.URL, s),
		Raw:          raw(s),
	}
	if scene.arrived[s.ParentID] {
		p.ParentURL = scene.With(bySpan, p.ParentID)
	}
	p.Tags, p.Internal = tags(scene.URL, s)
	for _, link := range s.Links {
		p.Links = append(p.Links, linkRow{
			URL:        scene.TraceURL(link.TraceID, link.SpanID),
			TraceID:    page.FormatID(link.TraceID),
			SpanID:     page.FormatID(link.SpanID),
			Attributes: sortedTags(link.Attributes),
		})
	}
	for _, event := range s.Events {
		p.Events = append(p.Events, eventRow{
			Offset:     page.Duration(time.Duration(event.Time - s.Start)),
			At:         page.MomentOf(event.Time),
			Name:       event.Name,
			Attributes: attributes(event.Attributes),
		})
	}
	return p
}

// raw returns a span in the API's JSON.
func raw(s *apm.Span) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(api.NewSpan(s)); err != nil { // an event's attribute is none that JSON has
		return err.Error()
	}
	return text.String()
}

// statement returns the SQL of a database span; it is empty for other spans.
func statement(s *apm.Span) string {
	if text := cmp.Or(s.Meta["sql.query"], s.Meta["db.statement"]); text != "" {
		return text
	}
	if s.Type == "sql" {
		return s.Resource
	}
	return ""
}

// aboutSpan returns the attributes that every span has.
func aboutSpan(p page.URL, s *apm.Span) (all []tag) {
	for _, a := range []struct{ field, name, value string }{
		{"service", "Service", s.Service}, {"operation_name", "Operation", s.Name}, {"resource_name", "Resource", s.Resource}, {"type", "Type", s.Type},
	} {
		if a.value != "" {
			all = append(all, tag{Name: a.name, Value: a.value, Filter: a.field + ":" + a.value, Search: searchURL(p, reserved(a.field), a.value)})
		}
	}
	return all
}

// tags returns a span's tags sorted by name, and separately the internal tags of
// tracers and Agents. It leaves out the error's tags, which the panel shows elsewhere.
func tags(p page.URL, s *apm.Span) (own, internal []tag) {
	shown := map[string]bool{}
	if s.Error {
		for _, name := range []string{"error.message", "error.msg", "error.type", "error.stack", "error.handling_stack"} {
			shown[name] = true
		}
	}
	all := sortedTags(s.Meta)
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		all = append(all, tag{Name: name, Value: strconv.FormatFloat(s.Metrics[name], 'f', -1, 64)})
	}
	slices.SortStableFunc(all, func(a, b tag) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range all {
		if shown[t.Name] {
			continue
		}
		field := tagField(t.Name)
		t.Filter, t.Search = field.String()+":"+t.Value, searchURL(p, field, t.Value)
		if strings.HasPrefix(t.Name, "_") {
			internal = append(internal, t)
		} else {
			own = append(own, t)
		}
	}
	return own, internal
}

func sortedTags(values map[string]string) []tag {
	var sorted []tag
	for _, name := range slices.Sorted(maps.Keys(values)) {
		sorted = append(sorted, tag{Name: name, Value: values[name]})
	}
	return sorted
}

// attributes formats an event's attributes: text as is, the rest as JSON.
func attributes(values map[string]any) []tag {
	var sorted []tag
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, isText := values[name].(string)
		if !isText {
			encoded, err := json.Marshal(values[name])
			if err != nil { // not to be had in JSON
				encoded = fmt.Append(nil, values[name])
			}
			text = string(encoded)
		}
		sorted = append(sorted, tag{Name: name, Value: text})
	}
	return sorted
}
