package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/query"
)

// served returns a trace for each duration, in milliseconds. The traces start a second
// apart. Each has an entry span with the version and a database span that takes half.
func served(version string, durations ...int) (traces []apm.Trace) {
	for i, ms := range durations {
		id := uint64(len(version)*1000 + i + 1)
		start := int64(i) * int64(time.Second)
		duration := time.Duration(ms) * time.Millisecond
		traces = append(traces, apm.NewTrace(id, []apm.Span{
			{TraceID: id, SpanID: 1, Service: "api", Name: "http.request", Resource: "GET /", Start: start,
				Duration: duration, Error: ms > 90,
				Meta:    map[string]string{"version": version},
				Metrics: map[string]float64{"_dd.top_level": 1, "http.status_code": 200}},
			{TraceID: id, SpanID: 2, ParentID: 1, Service: "db", Name: "sql.query", Resource: "SELECT",
				Start: start + int64(duration)/4, Duration: duration / 2,
				Metrics: map[string]float64{"_dd.top_level": 1, "rows": float64(i)}},
		}))
	}
	return traces
}

func upTo(n int) (numbers []int) {
	for i := range n {
		numbers = append(numbers, i+1)
	}
	return numbers
}

func selection(t testing.TB, q string) query.Selection {
	t.Helper()
	return request(t, q, 0).Selection
}

func fieldOf(t testing.TB, text string) query.Field {
	t.Helper()
	f, err := query.ParseField(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestStore_Breakdown_Figures(t *testing.T) {
	got := exactBreakdown(served("1", upTo(100)...), query.Breakdown{Selection: selection(t, "service:api")})
	ms := time.Millisecond
	want := stats.Figures{Requests: 100, Errors: 10, Total: 5050 * ms, Max: 100 * ms, P50: 50 * ms, P75: 75 * ms,
		P90: 90 * ms, P95: 95 * ms, P99: 99 * ms}
	if got.Total.Figures != want || got.Groups != nil || got.From != 0 || got.To != 99e9+1 || got.Total.First != 0 ||
		got.Total.Last != 99e9 {
		t.Errorf("%+v", got)
	}
	one := exactBreakdown(served("1", 7), query.Breakdown{Selection: selection(t, "service:api")}).Total
	if one.P50 != 7*ms || one.P99 != 7*ms || one.Average() != 7*ms {
		t.Errorf("of one: %+v", one)
	}
}

func TestStore_Breakdown_Groups(t *testing.T) {
	traces := append(served("1", 1, 2), served("22", 1, 2, 3)...)
	b := query.Breakdown{Selection: selection(t, ""),
		By: []query.Field{fieldOf(t, "service"), fieldOf(t, "version"), fieldOf(t, "@http.status_code")}}
	got := ""
	for _, group := range exactBreakdown(traces, b).Groups {
		got += fmt.Sprintf("%q %d\n", group.Values, group.Requests)
	}
	want := `["db" "" ""] 5
["api" "22" "200"] 3
["api" "1" "200"] 2
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	b.Limit = 1
	if cut := exactBreakdown(traces, b); len(cut.Groups) != 1 || cut.Others != 2 || cut.Total.Requests != 10 {
		t.Errorf("%+v", cut)
	}
}

func TestStore_Breakdown_Buckets(t *testing.T) {
	b := query.Breakdown{Selection: selection(t, "service:api"), Buckets: 4, Distribution: true,
		By: []query.Field{fieldOf(t, "service")}}
	b.From, b.To = 1e9, 9e9
	got := exactBreakdown(served("1", 1, 1, 2, 2, 95), b)
	for _, group := range []stats.Group{got.Total, got.Groups[0]} {
		var requests []int
		for _, bucket := range group.Buckets {
			requests = append(requests, bucket.Requests)
		}
		if fmt.Sprint(requests) != "[2 2 0 0]" || group.Buckets[1].Errors != 1 ||
			group.Buckets[1].Max != 95*time.Millisecond {
			t.Errorf("%v %+v", requests, group.Buckets)
		}
		if want := []stats.Latency{{Duration: 1e6, Requests: 1}, {Duration: 2e6, Requests: 2},
			{Duration: 95e6, Requests: 1}}; !reflect.DeepEqual(group.Distribution, want) {
			t.Errorf("%v", group.Distribution)
		}
	}
	if got.From != 1e9 || got.To != 9e9 {
		t.Errorf("from %d to %d", got.From, got.To)
	}
}

// TestStore_Breakdown_Extremes stores spans with the first and last possible times, and without a duration.
func TestStore_Breakdown_Extremes(t *testing.T) {
	spans := []apm.Span{{TraceID: 1, SpanID: 1, Duration: math.MaxInt64},
		{TraceID: 1, SpanID: 2, Start: math.MaxInt64, Duration: math.MaxInt64}}
	b := query.Breakdown{Buckets: 1000}
	got := exactBreakdown([]apm.Trace{apm.NewTrace(1, spans)}, b)
	if got.Total.Total != math.MaxInt64 || got.Total.Buckets[0].Requests != 1 || got.Total.Buckets[999].Requests != 1 {
		t.Errorf("%+v", got.Total.Figures)
	}
	if got := exactBreakdown([]apm.Trace{apm.NewTrace(1, spans[1:])}, b); got.Total.Buckets[0].Requests != 1 {
		t.Errorf("%d to %d", got.From, got.To)
	}
	b.From = 5
	if got := exactBreakdown(nil, b); len(got.Total.Buckets) != 1000 || got.From != 5 || got.To != 5 {
		t.Errorf("without spans: %d to %d", got.From, got.To)
	}
}

func TestStore_Facets_Counts(t *testing.T) {
	traces := append(served("1", 1, 2), served("22", 1, 2, 3)...)
	got := exactFacets(traces, selection(t, "service:db"), []query.Field{fieldOf(t, "@rows"), fieldOf(t, "version")}, 2)
	want := []stats.Facet{
		{Name: "@rows", Spans: 5, Values: []stats.FacetValue{{Value: "0", Spans: 2}, {Value: "1", Spans: 2}},
			Others: 1},
		{Name: "version"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	var names []string
	for _, facet := range exactFacets(traces, selection(t, ""), nil, 1) {
		names = append(names, fmt.Sprint(facet.Name, " ", facet.Spans))
	}
	if got := fmt.Sprint(names); got != "[operation_name 10 resource_name 10 service 10 status 10 @http.status_code "+
		"5 @rows 5 version 5]" {
		t.Errorf("%s", got)
	}
}

func TestStore_Figures_ContextCancelled(t *testing.T) {
	m := open(t, store.Config{})
	for _, trace := range served("1", 1, 2, 3) {
		add(t, m, trace.Spans...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := selection(t, "service:api")
	if b, err := m.Breakdown(ctx, query.Breakdown{Selection: s}); err != nil || b.Total.Requests != 3 {
		t.Errorf("%+v, %v", b, err)
	}
	if facets, err := m.Facets(ctx, s, nil, 1); err != nil || len(facets) != 6 {
		t.Errorf("%+v, %v", facets, err)
	}
	if anatomy, err := m.Anatomy(ctx, s, 0); err != nil || len(anatomy.Services) != 2 {
		t.Errorf("%+v, %v", anatomy, err)
	}
	cancel()
	if _, err := m.Breakdown(ctx, query.Breakdown{Selection: s}); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
	if _, err := m.Anatomy(ctx, s, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
}

func TestStore_Clear(t *testing.T) {
	m := open(t, store.Config{MaxSpans: 8})
	notices := m.Subscribe(t.Context())
	for id := range uint64(3) {
		fill(t, m, id+1, 3)
	}
	if err := m.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept := m.Retention(); kept != (stats.Retention{MaxSpans: 8, MaxBytes: store.MemoryMaxBytes}) {
		t.Errorf("%+v", kept)
	}
	if _, found, err := m.Trace(t.Context(), 3); found || err != nil {
		t.Errorf("trace 3 isn't removed: %v", err)
	}
	if list, next := recent(t, m, 10, 0); len(list) != 0 || next != 0 {
		t.Errorf("%v", list)
	}
	for ids := range notices {
		if slices.Contains(ids, 3) {
			break
		}
	}
	fill(t, m, 3, 2)
	if list, _ := recent(t, m, 10, 0); len(list) != 1 || list[0].Spans != 2 {
		t.Errorf("%v", list)
	}
}

func TestStore_Breakdown_FewRequests(t *testing.T) {
	ms := time.Millisecond
	slowest := 504321987 * time.Nanosecond
	for requests, want := range map[int][]time.Duration{1: {slowest, slowest, slowest}, 3: {502 * ms, slowest, slowest},
		20: {502 * ms, 502 * ms, slowest}} {
		s := open(t, store.Config{})
		for id := range uint64(requests) {
			duration := 502 * ms
			if id == 0 {
				duration = slowest
			}
			add(t, s, apm.Span{TraceID: id + 1, SpanID: 1, Duration: duration})
		}
		found, err := s.Breakdown(t.Context(), query.Breakdown{})
		if err != nil {
			t.Fatal(err)
		}
		f := found.Total.Figures
		for i, got := range []time.Duration{f.P50, f.P95, f.P99} {
			if got != want[i] && (want[i] == slowest || math.Abs(float64(got-want[i])) > 0.01*float64(want[i])) {
				t.Errorf("%d requests: %v of p50, p95, p99 is %v, want %v", requests, i, got, want[i])
			}
		}
	}
}
