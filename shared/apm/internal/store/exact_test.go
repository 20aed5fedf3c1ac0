package store_test

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/query"
)

// These functions compute exact figures in the simplest way. Tests compare the store's
// faster ones with them. See decisions/exact-figures.md.

// exactBreakdown returns the figures of the selected spans, each a request. A span without
// one of the fields has "" for it. Without limits, the time range is from the earliest start
// to just after the latest. Groups with equally many requests are in the order of their
// values.
func exactBreakdown(traces []apm.Trace, b query.Breakdown) stats.Breakdown {
	selected := selectSpans(traces, b.Selection)
	answer := stats.Breakdown{From: cmp.Or(b.From, b.To), To: cmp.Or(b.To, b.From)}
	if len(selected) > 0 {
		byStart := func(a, b *apm.Span) int { return cmp.Compare(a.Start, b.Start) }
		answer.From = cmp.Or(b.From, min(slices.MinFunc(selected, byStart).Start, math.MaxInt64-1))
		answer.To = cmp.Or(b.To, min(slices.MaxFunc(selected, byStart).Start, math.MaxInt64-1)+1)
	}
	answer.Total = groupOf(selected, nil, answer, b)
	if len(b.By) == 0 {
		return answer
	}

	groups := map[string][]*apm.Span{}
	for _, s := range selected {
		key := fmt.Sprintf("%q", values(s, b.By)) // in quotes no two lists look the same
		groups[key] = append(groups[key], s)
	}
	for _, spans := range groups {
		answer.Groups = append(answer.Groups, groupOf(spans, values(spans[0], b.By), answer, b))
	}
	slices.SortFunc(answer.Groups, func(a, b stats.Group) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), slices.Compare(a.Values, b.Values))
	})
	if b.Limit > 0 && len(answer.Groups) > b.Limit {
		answer.Others = len(answer.Groups) - b.Limit
		answer.Groups = answer.Groups[:b.Limit]
	}
	return answer
}

// values returns the span's values of some fields.
func values(s *apm.Span, fields []query.Field) []string {
	texts := make([]string, len(fields))
	for i, field := range fields {
		texts[i], _ = field.Value(s)
	}
	return texts
}

// groupOf returns the figures of a group's spans, with the time range of the whole.
func groupOf(spans []*apm.Span, values []string, whole stats.Breakdown, b query.Breakdown) stats.Group {
	group := stats.Group{Values: values, Figures: figures(spans)}
	buckets := make([][]*apm.Span, b.Buckets)
	for i, s := range spans {
		if i == 0 || s.Start < group.First {
			group.First = s.Start
		}
		if i == 0 || s.Start > group.Last {
			group.Last = s.Start
		}
		if len(buckets) > 0 {
			at := bucket(s.Start, whole, b.Buckets)
			buckets[at] = append(buckets[at], s)
		}
	}
	for _, spans := range buckets {
		group.Buckets = append(group.Buckets, figures(spans))
	}
	if b.Distribution {
		requests := map[time.Duration]int{}
		for _, s := range spans {
			requests[s.Duration]++
		}
		for duration, n := range requests {
			group.Distribution = append(group.Distribution, stats.Latency{Duration: duration, Requests: n})
		}
		slices.SortFunc(group.Distribution, func(a, b stats.Latency) int { return cmp.Compare(a.Duration, b.Duration) })
	}
	return group
}

// bucket returns which of n equal parts of the whole's time range contains a moment.
func bucket(at int64, whole stats.Breakdown, n int) int {
	length := uint64(whole.To) - uint64(whole.From)
	since := min(uint64(at)-uint64(whole.From), length-1) // nothing starts after the last moment there is
	// In 128 bits, since the nanoseconds of years times a thousand overflow 64 bits.
	high, low := bits.Mul64(since, uint64(n))
	part, _ := bits.Div64(high, low, length)
	return int(part)
}

func figures(spans []*apm.Span) stats.Figures {
	durations := make([]time.Duration, len(spans))
	f := stats.Figures{Requests: len(spans)}
	for i, s := range spans {
		durations[i] = s.Duration
		if f.Total += s.Duration; f.Total < 0 && s.Duration > 0 {
			f.Total = math.MaxInt64 // more than a Duration can hold
		}
		if s.Error {
			f.Errors++
		}
	}
	if len(spans) == 0 {
		return f
	}
	slices.Sort(durations)
	f.Max = durations[len(durations)-1]
	for percent, to := range map[int]*time.Duration{50: &f.P50, 75: &f.P75, 90: &f.P90, 95: &f.P95, 99: &f.P99} {
		*to = durations[(percent*len(durations)+99)/100-1] // the nearest rank
	}
	return f
}

// exactFacets counts the selected spans' values of some fields, and returns at most limit
// values of each, the most common first. Without fields, it counts every field that can
// group the spans, the most common first. That excludes fields that differ in nearly every
// span, and tracers' internal tags.
func exactFacets(traces []apm.Trace, s query.Selection, fields []query.Field, limit int) []stats.Facet {
	selected := selectSpans(traces, s)
	asked := len(fields) > 0
	if !asked {
		fields = grouping(selected)
	}
	var facets []stats.Facet
	for _, field := range fields {
		facet := stats.Facet{Name: field.String()}
		spans := map[string]int{}
		for _, span := range selected {
			if value, ok := field.Value(span); ok {
				facet.Spans++
				spans[value]++
			}
		}
		for value, n := range spans {
			facet.Values = append(facet.Values, stats.FacetValue{Value: value, Spans: n})
		}
		slices.SortFunc(facet.Values, func(a, b stats.FacetValue) int {
			return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Value, b.Value))
		})
		if len(facet.Values) > limit {
			facet.Others = len(facet.Values) - limit
			facet.Values = facet.Values[:limit]
		}
		if asked || facet.Spans > 0 && len(spans) < 10_000 {
			facets = append(facets, facet)
		}
	}
	if !asked {
		slices.SortFunc(facets, func(a, b stats.Facet) int {
			return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Name, b.Name))
		})
	}
	return facets
}

// grouping returns the fields that can group some of the spans.
func grouping(spans []*apm.Span) []query.Field {
	var fields []query.Field
	for _, name := range []string{"env", "operation_name", "resource_name", "service", "status", "type", "version"} {
		fields = append(fields, query.Field{Name: name})
	}
	tags := map[string]bool{}
	for _, s := range spans {
		for name := range s.Meta {
			tags[name] = true
		}
		for name := range s.Metrics {
			tags[name] = true
		}
	}
	for name := range tags {
		isOwn := name == "env" || name == "version" || name == "duration" // which are written without an @
		if name != "" && query.LooksIn(name) && !isOwn {
			fields = append(fields, query.Field{Name: name, Tag: true})
		}
	}
	return fields
}

// selectSpans returns the selected spans.
func selectSpans(traces []apm.Trace, s query.Selection) (spans []*apm.Span) {
	for _, trace := range traces {
		for i := range trace.Spans {
			if s.Match(&trace.Spans[i]) {
				spans = append(spans, &trace.Spans[i])
			}
		}
	}
	return spans
}

// A part is a span of a request, or above one, within its trace.
type part struct {
	*apm.Span
	parent  *apm.Span // nil for a root
	request *apm.Span // the closest: the span itself or above it; nil where it is above requests alone
	exec    time.Duration
	share   float64 // of the execution time of its trace's requests
}

// exactParts returns the spans of requests and the spans above them.
func exactParts(trace apm.Trace, isRequest func(*apm.Span) bool) (parts []part) {
	parents := map[*apm.Span]*apm.Span{}
	for _, root := range trace.Tree() {
		root.Walk(func(node *apm.Node) {
			for _, child := range node.Children {
				parents[child.Span] = node.Span
			}
		})
	}
	leads := map[*apm.Span]bool{}
	for i := range trace.Spans {
		if s := &trace.Spans[i]; isRequest(s) {
			for ; s != nil; s = parents[s] {
				leads[s] = true
			}
		}
	}
	exec := trace.ExecTimes()
	var total float64
	for i := range trace.Spans {
		s := &trace.Spans[i]
		request := s
		for request != nil && !isRequest(request) {
			request = parents[request]
		}
		if request != nil {
			total += float64(exec[s.SpanID])
		}
		if request != nil || leads[s] {
			parts = append(parts, part{s, parents[s], request, exec[s.SpanID], 0})
		}
	}
	for i := range parts {
		if total > 0 {
			parts[i].share = float64(parts[i].exec) / total
		}
	}
	return parts
}

// exactAnatomy returns the anatomy of all requests.
func exactAnatomy(traces []apm.Trace, s query.Selection, buckets int) stats.Anatomy {
	whole := exactBreakdown(traces, query.Breakdown{Selection: s})
	answer := stats.Anatomy{Requests: whole.Total.Requests, Of: whole.Total.Requests, From: whole.From, To: whole.To}
	type kind struct{ service, name, resource, spanType string }
	type link struct{ from, to string }
	services, kinds, links := map[string][]part{}, map[kind][]part{}, map[link][]part{}
	for _, trace := range traces {
		if s.Selects(trace.Spans) {
			answer.Traces++
		}
		for _, p := range exactParts(trace, s.Match) {
			if p.request != nil {
				services[p.Service] = append(services[p.Service], p)
				of := kind{p.Service, p.Name, p.Resource, p.Type}
				kinds[of] = append(kinds[of], p)
			}
			if p.parent != nil && p.parent.Service != p.Service {
				of := link{p.parent.Service, p.Service}
				links[of] = append(links[of], p)
			}
		}
	}
	if buckets > 0 {
		answer.SeriesRequests = make([]int, buckets)
		for _, request := range selectSpans(traces, s) {
			answer.SeriesRequests[bucket(request.Start, whole, buckets)]++
		}
	}
	var total time.Duration
	for name, parts := range services {
		service := stats.SpentTime{ServiceTime: apm.ServiceTime{Service: name, Exec: execOf(parts)}}
		total += service.Exec
		if buckets > 0 {
			service.Series = make([]time.Duration, buckets)
			for _, p := range parts {
				service.Series[bucket(p.request.Start, whole, buckets)] += p.exec
			}
		}
		answer.Services = append(answer.Services, service)
	}
	for i := range answer.Services {
		if total > 0 {
			answer.Services[i].Percent = 100 * float64(answer.Services[i].Exec) / float64(total)
		}
	}
	for of, parts := range kinds {
		f := figuresOf(parts)
		summary := stats.SpanSummary{
			Service: of.service, Name: of.name, Resource: of.resource, Type: of.spanType,
			Spans: f.Requests, Errors: f.Errors, Traces: tracesWith(parts), Total: f.Total, Exec: execOf(parts),
		}
		for _, p := range parts {
			summary.ExecPercent += 100 * p.share / float64(summary.Traces)
		}
		answer.Spans = append(answer.Spans, summary)
	}
	for of, parts := range links {
		f := figuresOf(parts)
		answer.Edges = append(answer.Edges,
			stats.Edge{From: of.from, To: of.to, Calls: f.Requests, Errors: f.Errors, Traces: tracesWith(parts),
				Total: f.Total, Max: f.Max})
	}
	slices.SortFunc(answer.Services, func(a, b stats.SpentTime) int {
		return cmp.Or(cmp.Compare(b.Exec, a.Exec), cmp.Compare(a.Service, b.Service))
	})
	slices.SortFunc(answer.Spans, func(a, b stats.SpanSummary) int {
		return cmp.Or(cmp.Compare(b.Exec, a.Exec),
			cmp.Compare(fmt.Sprintf("%q %q %q", a.Service, a.Name, a.Resource),
				fmt.Sprintf("%q %q %q", b.Service, b.Name, b.Resource)))
	})
	slices.SortFunc(answer.Edges, func(a, b stats.Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return answer
}

func figuresOf(parts []part) stats.Figures {
	var spans []*apm.Span
	for _, p := range parts {
		spans = append(spans, p.Span)
	}
	return figures(spans)
}

func execOf(parts []part) (sum time.Duration) {
	for _, p := range parts {
		sum += p.exec
	}
	return sum
}

// tracesWith counts the traces that the parts are in.
func tracesWith(parts []part) int {
	traces := map[uint64]bool{}
	for _, p := range parts {
		traces[p.TraceID] = true
	}
	return len(traces)
}
