package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"thinker/shared/apm"
)

// A panel is everything about one span.
type panel struct {
	Service        service
	Name, Resource string
	Duration       amount
	Exec           amount
	ExecPercent    string
	Offset         amount // from the trace's start
	Start, End     moment

	Error        bool
	ErrorMessage string
	ErrorType    string
	ErrorStack   string
	SQL          string

	TraceID, HexID, SpanID, ParentID string

	Tags     []tag // what the service's author said
	Internal []tag // what the tracer noted for itself
	Links    []linkRow
	Events   []eventRow
}

type tag struct {
	Name, Value string
	Number      bool
}

type linkRow struct {
	URL, TraceID, SpanID string
	Attributes           []tag
}

type eventRow struct {
	Offset     amount
	Name       string
	Attributes []tag
}

func (w *Web) panel(trace apm.Trace, s *apm.Span) *panel {
	exec := trace.ExecTimes()
	var total time.Duration
	for _, e := range exec {
		total += e
	}
	share := 0.0
	if total > 0 {
		share = 100 * float64(exec[s.SpanID]) / float64(total)
	}
	p := &panel{
		Service:      w.service(s.Service),
		Name:         short(s.Name),
		Resource:     short(s.Resource),
		Duration:     duration(s.Duration),
		Exec:         duration(exec[s.SpanID]),
		ExecPercent:  strconv.FormatFloat(share, 'f', 1, 64),
		Offset:       duration(time.Duration(s.Start - trace.Start())),
		Start:        momentOf(s.Start),
		End:          momentOf(s.End()),
		Error:        s.Error,
		ErrorMessage: s.ErrorMessage(),
		ErrorType:    s.ErrorType(),
		ErrorStack:   s.ErrorStack(),
		SQL:          statement(s),
		TraceID:      decimal(s.TraceID),
		HexID:        apm.HexID(trace.IDHigh(), s.TraceID),
		SpanID:       decimal(s.SpanID),
		ParentID:     decimal(s.ParentID),
	}
	p.Tags, p.Internal = tags(s)
	for _, link := range s.Links {
		p.Links = append(p.Links, linkRow{
			URL:        fmt.Sprintf("/trace/%d?span=%d", link.TraceID, link.SpanID),
			TraceID:    decimal(link.TraceID),
			SpanID:     decimal(link.SpanID),
			Attributes: sortedTags(link.Attributes),
		})
	}
	for _, event := range s.Events {
		p.Events = append(p.Events, eventRow{
			Offset:     duration(time.Duration(event.Time - s.Start)),
			Name:       event.Name,
			Attributes: attributes(event.Attributes),
		})
	}
	return p
}

// statement is the SQL that a database span ran; empty for other spans.
func statement(s *apm.Span) string {
	if text := cmp.Or(s.Meta["sql.query"], s.Meta["db.statement"]); text != "" {
		return text
	}
	if s.Type == "sql" {
		return s.Resource
	}
	return ""
}

// tags sorts a span's tags by name, and sets apart those that tracers and
// Agents write for each other. The error's have a place of their own.
func tags(s *apm.Span) (own, internal []tag) {
	shown := map[string]bool{}
	if s.Error {
		for _, name := range []string{"error.message", "error.msg", "error.type", "error.stack", "error.handling_stack"} {
			shown[name] = true
		}
	}
	all := sortedTags(s.Meta)
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		all = append(all, tag{name, strconv.FormatFloat(s.Metrics[name], 'f', -1, 64), true})
	}
	slices.SortStableFunc(all, func(a, b tag) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range all {
		switch {
		case shown[t.Name]:
		case strings.HasPrefix(t.Name, "_"):
			internal = append(internal, t)
		default:
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

// attributes writes an event's attributes: text as it is, the rest as JSON.
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
		sorted = append(sorted, tag{Name: name, Value: text, Number: !isText})
	}
	return sorted
}
