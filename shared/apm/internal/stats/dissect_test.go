package stats

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
)

// span returns a span with its start and duration in milliseconds.
func span(id, parent uint64, service string, start, duration int64) apm.Span {
	return apm.Span{TraceID: 1, SpanID: id, ParentID: parent, Service: service, Name: "work",
		Start: start * 1e6, Duration: time.Duration(duration) * time.Millisecond}
}

// shop returns the trace of a request to a web server that calls two services. Both query
// the database, and one query fails.
func shop() apm.Trace {
	spans := []apm.Span{
		span(1, 0, "web", 0, 100),
		span(2, 1, "cart", 10, 40),
		span(3, 2, "db", 20, 20),
		span(4, 1, "pay", 50, 40),
		span(5, 4, "pay", 50, 40),
		span(6, 5, "db", 60, 10),
		span(7, 5, "db", 70, 10),
	}
	spans[5].Error = true
	return apm.NewTrace(1, spans)
}

// format returns an anatomy as a text.
func format(a Anatomy) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %d in %d:", a.Requests, a.Of, a.Traces)
	for _, s := range a.Services {
		fmt.Fprintf(&text, " %s %s %.0f%%", s.Service, s.Exec, s.Percent)
	}
	for _, s := range a.Spans {
		fmt.Fprintf(&text, "; %s %dx in %d, %d failed, %s, exec %s %.0f%%", s.Service, s.Spans, s.Traces, s.Errors,
			s.Average(), s.Exec, s.ExecPercent)
	}
	for _, e := range a.Edges {
		fmt.Fprintf(&text, "; %s>%s %dx in %d, %d failed, %s to %s", e.From, e.To, e.Calls, e.Traces, e.Errors,
			e.Average(), e.Max)
	}
	return text.String()
}

func TestDissection_Add(t *testing.T) {
	orphan := shop()
	orphan.Spans = slices.DeleteFunc(orphan.Spans, func(s apm.Span) bool { return s.SpanID == 1 })
	circle := apm.NewTrace(1, []apm.Span{span(1, 2, "a", 0, 10), span(2, 1, "b", 0, 10)})
	for name, c := range map[string]struct {
		trace    apm.Trace
		requests []uint64
		want     string
	}{
		"the root": {shop(), []uint64{1},
			"1 of 1 in 1: db 40ms 40% cart 20ms 20% pay 20ms 20% web 20ms 20%" +
				"; db 3x in 1, 1 failed, 13.333333ms, exec 40ms 40%; cart 1x in 1, 0 failed, 40ms, exec 20ms 20%; " +
				"pay 2x in 1, 0 failed, 40ms, exec 20ms 20%; web 1x in 1, 0 failed, 100ms, exec 20ms 20%" +
				"; cart>db 1x in 1, 0 failed, 20ms to 20ms; pay>db 2x in 1, 1 failed, 10ms to 10ms; web>cart 1x in " +
				"1, 0 failed, 40ms to 40ms; web>pay 1x in 1, 0 failed, 40ms to 40ms"},
		"one below, with the way to it": {shop(), []uint64{4},
			"1 of 1 in 1: db 20ms 50% pay 20ms 50%" +
				"; db 2x in 1, 1 failed, 10ms, exec 20ms 50%; pay 2x in 1, 0 failed, 40ms, exec 20ms 50%" +
				"; pay>db 2x in 1, 1 failed, 10ms to 10ms; web>pay 1x in 1, 0 failed, 40ms to 40ms"},
		"one below another, which counts once": {shop(), []uint64{4, 5, 6},
			"3 of 3 in 1: db 20ms 50% pay 20ms 50%" +
				"; db 2x in 1, 1 failed, 10ms, exec 20ms 50%; pay 2x in 1, 0 failed, 40ms, exec 20ms 50%" +
				"; pay>db 2x in 1, 1 failed, 10ms to 10ms; web>pay 1x in 1, 0 failed, 40ms to 40ms"},
		"leaves": {shop(), []uint64{3, 7},
			"2 of 2 in 1: db 30ms 100%; db 2x in 1, 0 failed, 15ms, exec 30ms 100%" +
				"; cart>db 1x in 1, 0 failed, 20ms to 20ms; pay>db 1x in 1, 0 failed, 10ms to 10ms; web>cart 1x in " +
				"1, 0 failed, 40ms to 40ms; web>pay 1x in 1, 0 failed, 40ms to 40ms"},
		"whose caller has not arrived": {orphan, []uint64{2},
			"1 of 1 in 1: cart 20ms 50% db 20ms 50%; cart 1x in 1, 0 failed, 40ms, exec 20ms 50%; db 1x in 1, 0 " +
				"failed, 20ms, exec 20ms 50%; cart>db 1x in 1, 0 failed, 20ms to 20ms"},
		"in a circle": {circle, []uint64{1, 2}, // cut open at one of them
			"2 of 2 in 1: b 10ms 100% a 0s 0%; b 1x in 1, 0 failed, 10ms, exec 10ms 100%; a 1x in 1, 0 failed, " +
				"10ms, exec 0s 0%; a>b 1x in 1, 0 failed, 10ms to 10ms"},
		"none": {shop(), nil, "0 of 0 in 0:"},
	} {
		d := NewDissection(0, 1e9, 0)
		d.Add(c.trace, func(s *apm.Span) bool { return slices.Contains(c.requests, s.SpanID) })
		if got := format(d.Anatomy(0)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

func TestDissection_SeveralTraces(t *testing.T) {
	d := NewDissection(0, 400e6, 4)
	entry := func(s *apm.Span) bool { return s.SpanID == 1 || s.SpanID == 4 }
	d.Add(shop(), entry)
	d.Add(apm.NewTrace(2, []apm.Span{span(1, 0, "web", 300, 60), span(4, 1, "pay", 310, 30)}), entry)
	d.Add(apm.NewTrace(3, []apm.Span{span(9, 0, "web", 300, 60)}), entry) // has no request
	a := d.Anatomy(40)
	if a.Requests != 4 || a.Of != 40 || a.Traces != 2 || !a.Sampled() || a.PerSecond(2) != 20 ||
		!slices.Equal(a.SeriesRequests, []int{2, 0, 0, 2}) {
		t.Errorf("%+v", a)
	}
	series := map[string][]time.Duration{}
	for _, s := range a.Services {
		series[s.Service] = s.Series
	}
	want := map[string][]time.Duration{"web": {20e6, 0, 0, 30e6}, "pay": {20e6, 0, 0, 30e6}, "cart": {20e6, 0, 0, 0},
		"db": {40e6, 0, 0, 0}}
	if !reflect.DeepEqual(series, want) {
		t.Errorf("%v", series)
	}
	spansOf := func(service string) SpanSummary {
		return a.Spans[slices.IndexFunc(a.Spans, func(s SpanSummary) bool { return s.Service == service })]
	}
	if web := spansOf("web"); web.PerTrace() != 1 || web.TracesPercent(a) != 100 || web.Average() != 80e6 ||
		math.Abs(web.ExecPercent-35) > 1e-9 { // a fifth, and a half
		t.Errorf("%+v", web)
	}
	if db := spansOf("db"); db.PerTrace() != 3 || db.TracesPercent(a) != 50 || math.Abs(db.ExecPercent-40) > 1e-9 {
		t.Errorf("%+v", db)
	}
	if pay := a.Edges[len(a.Edges)-1]; pay.To != "pay" || pay.Calls != 2 || pay.Traces != 2 || pay.Average() != 35e6 ||
		pay.Max != 40e6 || pay.ErrorRate() != 0 {
		t.Errorf("%+v", pay)
	}
}

func TestDissection_Limits(t *testing.T) {
	spans := []apm.Span{{SpanID: 1, Service: "web", Duration: math.MaxInt64}}
	for n := range uint64(12_000) {
		spans = append(spans,
			apm.Span{SpanID: n + 2, ParentID: 1, Service: fmt.Sprintf("s%05d", n), Duration: math.MaxInt64,
				Error: n == 5})
	}
	d := NewDissection(0, 0, 3)
	d.Add(apm.NewTrace(1, spans), func(s *apm.Span) bool { return s.ParentID == 0 })
	a := d.Anatomy(0)
	if len(a.Services) != 1000 || a.OtherServices != 11_001 || len(a.Spans) != 500 || a.OtherSpans != 11_501 ||
		len(a.Edges) != 2000 || a.OtherEdges != 10_000 {
		t.Errorf("%d and %d services, %d and %d kinds of spans, %d and %d edges", len(a.Services), a.OtherServices,
			len(a.Spans), a.OtherSpans, len(a.Edges), a.OtherEdges)
	}
	if a.Edges[5].To != "s00005" || a.Edges[5].ErrorRate() != 1 || a.Edges[0].Total != math.MaxInt64 {
		t.Errorf("%+v", a.Edges[:6])
	}
	if none := NewDissection(5, 5, 2).Anatomy(0); none.PerSecond(1) != 0 || none.Sampled() ||
		len(none.SeriesRequests) != 2 {
		t.Errorf("%+v", none)
	}
}
