package intake

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

// entries are the IDs of the spans that enter a service.
func entries(sink *kept) []uint64 {
	ids := []uint64{}
	for i := range sink.spans {
		if sink.spans[i].TopLevel() {
			ids = append(ids, sink.spans[i].SpanID)
		}
	}
	return ids
}

func TestTopLevelSpans(t *testing.T) {
	said := func(tag string, value float64) map[string]float64 { return map[string]float64{tag: value} }
	const announced = "Datadog-Client-Computed-Top-Level"
	for name, c := range map[string]struct {
		traces  pb.Traces
		headers []string
		want    []uint64
	}{
		"root, inner, other service, back again": {traces: pb.Traces{{
			{TraceID: 1, SpanID: 1, Service: "api"}, {TraceID: 1, SpanID: 2, ParentID: 1, Service: "api"},
			{TraceID: 1, SpanID: 3, ParentID: 2, Service: "db"}, {TraceID: 1, SpanID: 4, ParentID: 3, Service: "api"}, {TraceID: 1, SpanID: 5, ParentID: 4, Service: "api"}}},
			want: []uint64{1, 3, 4}},
		"a parent elsewhere":     {traces: pb.Traces{{{TraceID: 1, SpanID: 2, ParentID: 1, Service: "api"}, {TraceID: 1, SpanID: 3, ParentID: 2, Service: "api"}}}, want: []uint64{2}},
		"a child before it":      {traces: pb.Traces{{{TraceID: 1, SpanID: 3, ParentID: 2, Service: "api"}, {TraceID: 1, SpanID: 2, ParentID: 1, Service: "api"}}}, want: []uint64{2}},
		"chunks are apart":       {traces: pb.Traces{{{TraceID: 1, SpanID: 1, Service: "api"}}, {{TraceID: 1, SpanID: 2, ParentID: 1, Service: "api"}}}, want: []uint64{1, 2}},
		"traces are apart":       {traces: pb.Traces{{{TraceID: 1, SpanID: 1, Service: "api"}, {TraceID: 2, SpanID: 2, ParentID: 1, Service: "api"}}}, want: []uint64{1, 2}},
		"what is left out":       {traces: pb.Traces{{nil, {TraceID: 1, Service: "api"}, {TraceID: 1, SpanID: 2, Service: "api"}}, {}, {{TraceID: 1, SpanID: 3, ParentID: 2, Service: "api"}}}, want: []uint64{2, 3}},
		"the tracer says":        {traces: pb.Traces{{{TraceID: 1, SpanID: 1, Service: "api"}, {TraceID: 1, SpanID: 2, ParentID: 1, Service: "api", Metrics: said("_dd.top_level", 1)}}}, want: []uint64{2}},
		"the tracer says no":     {traces: pb.Traces{{{TraceID: 1, SpanID: 1, Service: "api", Metrics: said("_top_level", 0)}}}, want: []uint64{}},
		"it says so of a chunk":  {traces: pb.Traces{{{TraceID: 1, SpanID: 1, Service: "api", Metrics: said("_top_level", 0)}}, {{TraceID: 1, SpanID: 2, Service: "db", Metrics: said("else", 2)}}}, want: []uint64{2}},
		"it has looked":          {traces: pb.Traces{{{TraceID: 1, SpanID: 2, ParentID: 1, Service: "api"}}}, headers: []string{announced, "yes"}, want: []uint64{}},
		"it has not":             {traces: pb.Traces{{{TraceID: 1, SpanID: 2, ParentID: 1, Service: "api"}}}, headers: []string{announced, "false"}, want: []uint64{2}},
		"own parent":             {traces: pb.Traces{{{TraceID: 1, SpanID: 1, ParentID: 1, Service: "api"}}}, want: []uint64{}},
		"parents round a circle": {traces: pb.Traces{{{TraceID: 1, SpanID: 1, ParentID: 2, Service: "api"}, {TraceID: 1, SpanID: 2, ParentID: 1, Service: "db"}}}, want: []uint64{1, 2}},
	} {
		in, sink := newTest()
		if w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, c.traces), append(c.headers, "Content-Type", "application/msgpack")...); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		if got := entries(sink); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// sample's tracer says nothing of top-level spans, whatever format it speaks.
func TestTopLevelSpansOfEveryFormat(t *testing.T) {
	for name, c := range everyFormat(t, sample()[0]) {
		in, sink := newTest()
		if w := send(in, http.MethodPost, c.path, c.body, c.headers...); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		if got := fmt.Sprint(entries(sink)); got != "[7 8]" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
