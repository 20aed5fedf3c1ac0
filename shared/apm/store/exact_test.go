package store

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// Figures over spans that are all at hand, in the plainest way: exact, and what
// any faster way is to be held to.

// exactBreakdown gives the figures of the selected spans, each span a request.
// A span without one of the fields has "" for it. Where the time is not
// bounded, it goes from the earliest start to just after the latest. Groups
// with as many requests are in the order of their values.
func exactBreakdown(traces []apm.Trace, b search.Breakdown) apm.Breakdown {
	selected := selectSpans(traces, b.Selection)
	answer := apm.Breakdown{From: cmp.Or(b.From, b.To), To: cmp.Or(b.To, b.From)}
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
	slices.SortFunc(answer.Groups, func(a, b apm.Group) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), slices.Compare(a.Values, b.Values))
	})
	if b.Limit > 0 && len(answer.Groups) > b.Limit {
		answer.Others = len(answer.Groups) - b.Limit
		answer.Groups = answer.Groups[:b.Limit]
	}
	return answer
}

// values are the span's values of some fields.
func values(s *apm.Span, fields []search.Field) []string {
	texts := make([]string, len(fields))
	for i, field := range fields {
		texts[i], _ = field.Value(s)
	}
	return texts
}

// groupOf gives the figures of a group's spans, within the time of the whole.
func groupOf(spans []*apm.Span, values []string, whole apm.Breakdown, b search.Breakdown) apm.Group {
	group := apm.Group{Values: values, Figures: figures(spans)}
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
			group.Distribution = append(group.Distribution, apm.Latency{Duration: duration, Requests: n})
		}
		slices.SortFunc(group.Distribution, func(a, b apm.Latency) int { return cmp.Compare(a.Duration, b.Duration) })
	}
	return group
}

// bucket is which of n equal parts of the whole's time a moment of it is in.
func bucket(at int64, whole apm.Breakdown, n int) int {
	length := uint64(whole.To) - uint64(whole.From)
	since := min(uint64(at)-uint64(whole.From), length-1) // nothing starts after the last moment there is
	// In 128 bits: nanoseconds of years times a thousand are more than 64 hold.
	high, low := bits.Mul64(since, uint64(n))
	part, _ := bits.Div64(high, low, length)
	return int(part)
}

// figures sums spans up.
func figures(spans []*apm.Span) apm.Figures {
	durations := make([]time.Duration, len(spans))
	f := apm.Figures{Requests: len(spans)}
	for i, s := range spans {
		durations[i] = s.Duration
		if f.Total += s.Duration; f.Total < 0 && s.Duration > 0 {
			f.Total = math.MaxInt64 // more than a Duration can tell
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

// exactFacets counts the values of some fields that the selected spans have,
// and names at most most of each, the most common first. Without fields it is
// every field by which spans can be grouped that one of them has, the most
// common first: those that differ in nearly every span, and what tracers keep
// for themselves, are to be asked for.
func exactFacets(traces []apm.Trace, s search.Selection, fields []search.Field, most int) []apm.Facet {
	selected := selectSpans(traces, s)
	asked := len(fields) > 0
	if !asked {
		fields = grouping(selected)
	}
	var facets []apm.Facet
	for _, field := range fields {
		facet := apm.Facet{Name: field.String()}
		spans := map[string]int{}
		for _, span := range selected {
			if value, ok := field.Value(span); ok {
				facet.Spans++
				spans[value]++
			}
		}
		for value, n := range spans {
			facet.Values = append(facet.Values, apm.FacetValue{Value: value, Spans: n})
		}
		slices.SortFunc(facet.Values, func(a, b apm.FacetValue) int {
			return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Value, b.Value))
		})
		if len(facet.Values) > most {
			facet.Others = len(facet.Values) - most
			facet.Values = facet.Values[:most]
		}
		if asked || facet.Spans > 0 && len(spans) < mostGroups {
			facets = append(facets, facet)
		}
	}
	if !asked {
		slices.SortFunc(facets, func(a, b apm.Facet) int {
			return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Name, b.Name))
		})
	}
	return facets
}

// grouping are the fields by which some of the spans may be grouped.
func grouping(spans []*apm.Span) []search.Field {
	var fields []search.Field
	for _, name := range []string{"env", "operation_name", "resource_name", "service", "status", "type", "version"} {
		fields = append(fields, search.Field{Name: name})
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
		if name != "" && search.LooksIn(name) && !isOwn {
			fields = append(fields, search.Field{Name: name, Tag: true})
		}
	}
	return fields
}

// selectSpans are the spans that are looked for.
func selectSpans(traces []apm.Trace, s search.Selection) (spans []*apm.Span) {
	for _, trace := range traces {
		for i := range trace.Spans {
			if s.Match(&trace.Spans[i]) {
				spans = append(spans, &trace.Spans[i])
			}
		}
	}
	return spans
}

// exactTimeSpent is timeSpent for all the spans that are looked for.
func exactTimeSpent(traces []apm.Trace, s search.Selection) apm.TimeSpent {
	spent := timeSpent(slices.Values(traces), s.Match)
	spent.Of = spent.Requests
	return spent
}
