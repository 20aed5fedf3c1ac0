package store_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/query"
)

// randomTraces returns traces with durations from 0 to hours, most of them short, and every
// kind of tag.
func randomTraces(r *rand.Rand, traces, spans int) (all []apm.Trace) {
	for id := range uint64(traces) {
		var trace []apm.Span
		for n := range uint64(1 + r.IntN(spans)) {
			s := apm.Span{
				TraceID: id + 1, SpanID: n + 1, ParentID: r.Uint64N(n + 1),
				Service:  [...]string{"api", "db", "cache", "", "a", "a\x00"}[r.IntN(6)],
				Name:     [...]string{"http.request", "sql.query"}[r.IntN(2)],
				Resource: fmt.Sprint("GET /", int(math.Abs(r.NormFloat64()*10))),
				Start:    1e18 + r.Int64N(3600e9),
				Error:    r.IntN(7) == 0,
				Meta:     map[string]string{},
			}
			if r.IntN(10) > 0 {
				s.Duration = time.Duration(math.Exp(r.Float64() * 31)) // e^31 ns are 8 hours
			}
			if r.IntN(3) > 0 {
				s.Meta["version"] = [...]string{"1", "2", "", "3-beta"}[r.IntN(4)]
			}
			if r.IntN(3) == 0 {
				s.Meta["n"] = [...]string{"1", "two", "", "\x00b", "b"}[r.IntN(5)]
			}
			if r.IntN(2) == 0 {
				s.Metrics = map[string]float64{"_dd.top_level": float64(r.IntN(2)),
					"n": [...]float64{1, 2, -0.5, 1e21}[r.IntN(4)]}
			}
			trace = append(trace, s)
		}
		all = append(all, apm.NewTrace(id+1, trace))
	}
	return all
}

func randomSelection(t testing.TB, r *rand.Rand) query.Selection {
	queries := []string{"", "", "service:api", "-@n:*", "@n:1", "status:error OR @n:<1", "two", "version:?",
		"duration:>1s", "resource_name:*1*"}
	s := selection(t, queries[r.IntN(len(queries))])
	s.Scope = query.Scopes()[max(0, r.IntN(5)-2)]
	if r.IntN(3) == 0 {
		s.From = 1e18 + r.Int64N(3600e9)
	}
	if r.IntN(3) == 0 {
		s.To = 1e18 + 1800e9 + r.Int64N(1800e9)
	}
	return s
}

// randomFields returns n fields that can group spans.
func randomFields(t testing.TB, r *rand.Rand, n int) (fields []query.Field) {
	all := []string{"service", "version", "@n", "status", "resource_name", "operation_name", "type", "env", "duration",
		"span_id", "trace_id", "@_dd.top_level", "@none"}
	for _, i := range r.Perm(len(all))[:n] {
		fields = append(fields, fieldOf(t, all[i]))
	}
	return fields
}

// inStore returns a store with the traces. Some of its segments are files, and a trace can
// be in several segments.
func inStore(t testing.TB, r *rand.Rand, traces []apm.Trace) *store.Store {
	t.Helper()
	spans := 0
	var payloads [][]apm.Span
	for _, trace := range traces {
		spans += len(trace.Spans)
		cut := r.IntN(len(trace.Spans) + 1)
		payloads = append(payloads, trace.Spans[:cut], trace.Spans[cut:])
	}
	r.Shuffle(len(payloads), func(i, j int) { payloads[i], payloads[j] = payloads[j], payloads[i] })
	s := open(t, store.Config{MaxSpans: 2 * spans})
	for _, payload := range payloads {
		add(t, s, payload...)
	}
	return s
}

// near reports whether a duration is within 1 % of another, rounded to nanoseconds.
func near(got, want time.Duration) bool {
	return math.Abs(float64(got)-float64(want)) <= 0.01*float64(want)+0.5
}

// sameFigures reports whether the figures are equal and the percentiles near.
func sameFigures(got, want stats.Figures) bool {
	same := near(got.P50, want.P50) && near(got.P75, want.P75) && near(got.P90, want.P90) && near(got.P95, want.P95) &&
		near(got.P99, want.P99)
	got.P50, got.P75, got.P90, got.P95, got.P99 = want.P50, want.P75, want.P90, want.P95, want.P99
	return same && got == want
}

func sameGroup(got, want stats.Group) bool {
	return slices.Equal(got.Values, want.Values) && got.First == want.First && got.Last == want.Last &&
		sameFigures(got.Figures, want.Figures) && slices.EqualFunc(got.Buckets, want.Buckets, sameFigures) &&
		sameDistribution(got.Distribution, want.Distribution)
}

// sameDistribution reports whether the distributions are equal, except that durations may be
// near.
func sameDistribution(got, want []stats.Latency) bool {
	left := slices.Clone(want)
	for i, latency := range got {
		if i > 0 && latency.Duration < got[i-1].Duration {
			return false
		}
		for n := latency.Requests; n > 0; {
			if len(left) == 0 || !near(latency.Duration, left[0].Duration) {
				return false
			}
			of := min(n, left[0].Requests)
			n -= of
			if left[0].Requests -= of; left[0].Requests == 0 {
				left = left[1:]
			}
		}
	}
	return len(left) == 0
}

func TestStore_Breakdown_Exact(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 11))
		traces := randomTraces(r, 1+r.IntN(300), 6)
		s := inStore(t, r, traces)
		for range 20 {
			b := query.Breakdown{Selection: randomSelection(t, r), By: randomFields(t, r, r.IntN(4)),
				Distribution: r.IntN(2) == 0, Limit: r.IntN(6)}
			if r.IntN(5) == 0 { // whose values must not run into each other
				b.By = []query.Field{fieldOf(t, "service"), fieldOf(t, "@n")}
			}
			if r.IntN(2) == 0 {
				b.Buckets = 1 + r.IntN(50)
			}
			got, err := s.Breakdown(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			want := exactBreakdown(traces, b)
			if got.From != want.From || got.To != want.To || got.Others != want.Others ||
				!sameGroup(got.Total, want.Total) || !slices.EqualFunc(got.Groups, want.Groups, sameGroup) {
				t.Fatalf("seed %d: %v by %v of %q: got\n%+v\nwant\n%+v", seed, b.Scope, b.By, b.Query, got, want)
			}
		}
	}
}

func TestStore_Facets_Exact(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 12))
		traces := randomTraces(r, 1+r.IntN(300), 6)
		s := inStore(t, r, traces)
		for range 10 {
			selection, fields, most := randomSelection(t, r), randomFields(t, r, r.IntN(4)), 1+r.IntN(10)
			got, err := s.Facets(t.Context(), selection, fields, most)
			if err != nil {
				t.Fatal(err)
			}
			if want := exactFacets(traces, selection, fields, most); !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d: %v of %q: got\n%+v\nwant\n%+v", seed, fields, selection.Query, got, want)
			}
		}
	}
}

func TestStore_Anatomy_Exact(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 13))
		traces := randomTraces(r, 1+r.IntN(250), 6) // they are looked at one and all
		s := inStore(t, r, traces)
		for range 5 {
			selection, buckets := randomSelection(t, r), max(0, r.IntN(40)-20)
			got, err := s.Anatomy(t.Context(), selection, buckets)
			if err != nil {
				t.Fatal(err)
			}
			want := exactAnatomy(traces, selection, buckets)
			if len(want.Spans) > 500 {
				want.OtherSpans, want.Spans = len(want.Spans)-500, want.Spans[:500]
			}
			for i, spans := range want.Spans { // sums of parts in another order differ by a trifle
				if i < len(got.Spans) && math.Abs(got.Spans[i].ExecPercent-spans.ExecPercent) < 1e-6 {
					got.Spans[i].ExecPercent = spans.ExecPercent
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d: %q: got\n%+v\nwant\n%+v", seed, selection.Query, got, want)
			}
		}
	}
}

// TestStore_Anatomy_LargeTraces stores five traces of 40,000 spans. A sample has as many as
// have 100,000 spans together.
func TestStore_Anatomy_LargeTraces(t *testing.T) {
	s := open(t, store.Config{})
	for id := range uint64(5) {
		add(t, s, apm.Span{TraceID: id + 1, SpanID: 1, Service: "api", Duration: 1})
		fill(t, s, id+1, 40_000)
	}
	anatomy, err := s.Anatomy(t.Context(), selection(t, "service:api"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if anatomy.Requests != 2 || anatomy.Of != 5 || anatomy.Traces != 2 || !anatomy.Sampled() {
		t.Errorf("%d of %d requests in %d traces", anatomy.Requests, anatomy.Of, anatomy.Traces)
	}
}

// TestStore_Anatomy_FairSample stores as many traces of one span as of ten, equally long, so
// each kind takes half of the time. In a sample of a thousand traces, each with one of two
// services, a share is off by more than 5 points once in six hundred times (three standard
// deviations of 1.6 points). The test isn't random: it always passes or always fails.
func TestStore_Anatomy_FairSample(t *testing.T) {
	s := open(t, store.Config{})
	for id := range uint64(5000) {
		add(t, s, apm.Span{TraceID: 2*id + 1, SpanID: 1, Service: "one", Start: 1, Duration: time.Second})
		var ten []apm.Span
		for n := range uint64(10) {
			ten = append(ten,
				apm.Span{TraceID: 2*id + 2, SpanID: n + 1, Service: "ten", Start: int64(n+1) * 1e9,
					Duration: time.Second / 10})
		}
		add(t, s, ten...)
	}
	spent, err := s.Anatomy(t.Context(), query.Selection{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if spent.Of != 55_000 || len(spent.Services) != 2 {
		t.Fatalf("%d requests, %+v", spent.Of, spent.Services)
	}
	for _, part := range spent.Services {
		if math.Abs(part.Percent-50) > 5 {
			t.Errorf("%s took %.1f %%, want about 50 %%", part.Service, part.Percent)
		}
	}
}
