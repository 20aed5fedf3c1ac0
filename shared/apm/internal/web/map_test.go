package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// mapped are the services of a map, from left to right, as the page shows them.
func mapped(body string) (services []string) {
	for _, m := range regexp.MustCompile(`<a class="node[^"]*"[^>]*>.*?<bdi>([^<]*)</bdi>`).FindAllStringSubmatch(body, -1) {
		services = append(services, m[1])
	}
	return services
}

func TestTheMapShowsWhoCallsWhom(t *testing.T) {
	quiet := apm.Span{TraceID: 1, SpanID: 9, ParentID: 1, Service: "library", Name: "work",
		Start: 1_700_000_000_000_000_000, Duration: time.Millisecond}
	list := served()
	list[0] = apm.NewTrace(1, append(list[0].Spans, quiet))
	w, _ := newTest(list...)
	const window = "/map?from=1700000000000000000&to=1700000100000000000"
	rec := get(w, window)
	body := rec.Body.String()
	if got := strings.Join(mapped(body), " "); rec.Code != http.StatusOK || got != "team/api db library" {
		t.Errorf("%d: the map has %s", rec.Code, got)
	}
	for _, want := range []string{
		`<a class="node failed" href="/service?from=1700000000000000000&amp;service=team%2Fapi&amp;to=1700000100000000000"`, `<p>4 req · max 40 ms</p><p class="error">25 % errors</p>`, // percentiles are within 1 %
		"<title>\u2068team/api\u2069 → \u2068db\u2069: 4 calls · avg 12.5 ms · max 20 ms</title>",
		"<title>\u2068team/api\u2069 → \u2068library\u2069: 1 call · avg 1 ms · max 1 ms</title>", // which says of no span that it is an entry
		"3 services", `aria-current="page">Map</a>`, "https://docs.datadoghq.com/tracing/services/services_map/", "As a table", `<td>4 calls · avg 12.5 ms · max 20 ms</td>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "style=") || strings.Contains(body, "sample") {
		t.Error("it has what it should not")
	}
	// In another environment, or with it chosen, there are fewer.
	if got := strings.Join(mapped(get(w, "/map?env=test").Body.String()), " "); got != "team/api db library" {
		t.Errorf("env=test: the map has %s", got)
	}
	for path, want := range map[string]string{
		"/map?env=prod":    "No requests in this time range",
		"/map?from=5&to=6": "Go to the latest requests",
	} {
		if body := get(w, path).Body.String(); !strings.Contains(body, want) || len(mapped(body)) > 0 {
			t.Errorf("%s lacks %q", path, want)
		}
	}
	empty, _ := newTest()
	if body := get(empty, "/map").Body.String(); !strings.Contains(body, "No traces yet") || !strings.Contains(body, "DD_TRACE_AGENT_URL=http://localhost:8126") {
		t.Errorf("%s", body)
	}
}

func TestNoNameHarmsTheMap(t *testing.T) {
	start := int64(1_700_000_000_000_000_000)
	names := []string{`"><script>alert(1)</script>`, "\u202e\u2069evil", "", strings.Repeat("long", 2000), "a\x00b"}
	var spans []apm.Span
	for i, name := range names {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 1), ParentID: uint64(i), Service: name,
			Start: start, Duration: time.Second, Metrics: map[string]float64{"_dd.top_level": 1}})
	}
	w, _ := newTest(apm.NewTrace(1, spans))
	body := get(w, "/map").Body.String()
	if strings.Contains(body, "<script>alert") || strings.Contains(body, "\u2069evil") && strings.Contains(body, "title>\u2068\u202e") || len(body) > 30_000 {
		t.Errorf("%d bytes: %s", len(body), body)
	}
	if !strings.Contains(body, "<i>no service</i>") || !strings.Contains(body, "→ no service: ") {
		t.Error("the service without a name is missing")
	}
}

func TestAMapSaysWhatItLeavesOut(t *testing.T) {
	var spans []apm.Span
	for i := range 204 { // web twice, so that it is asked most
		service := []string{"web", fmt.Sprint("s", i)}[min(1, i/2)]
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 1), ParentID: min(1, uint64(i)), Service: service,
			Start: 1_700_000_000_000_000_000, Metrics: map[string]float64{"_dd.top_level": 1}})
	}
	w, _ := newTest(apm.NewTrace(1, spans))
	body := get(w, "/map").Body.String()
	if n, calls := len(mapped(body)), strings.Count(body, `<g class="edge"`); n != 200 || calls != 199 || !strings.Contains(body, "3 services with fewer requests are not shown") || !strings.Contains(body, "200 services ·") {
		t.Errorf("%d services and %d calls are on the map", n, calls)
	}
}

// sampled has looked at a tenth of the requests.
type sampled struct{ *traces }

func (sampled) Anatomy(context.Context, query.Selection, int) (stats.Anatomy, error) {
	return stats.Anatomy{Requests: 600, Of: 6000, Edges: []stats.Edge{
		{From: "a", To: "b", Calls: 12, Errors: 3, Total: 24e6, Max: 5e6},
	}}, nil
}

func TestMap_Sample(t *testing.T) {
	var spans []apm.Span
	for i := range uint64(20) {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: i + 1, Service: []string{"a", "b"}[i%2], Start: 60e9})
	}
	_, f := newTest(apm.NewTrace(1, spans))
	w := New(page.Config{Traces: sampled{f}, Intake: f, Palette: &colour.Palette{}, Logger: slog.New(slog.DiscardHandler)})
	holds(t, "the map", text(t, w, "/map?from=60000000000&to=120000000000"),
		"Calls come from a sample of 600 of 6,000 requests.", "a b about 2 calls/s · avg 2 ms · max 5 ms · 25 % errors")
}

func TestAResourceShowsItsDependencies(t *testing.T) {
	w, _ := newTest(served()...)
	const window = "&from=1700000000000000000&to=1700000100000000000"
	upstream := get(w, "/resource?service=db&resource=SELECT"+window).Body.String()
	if got := strings.Join(mapped(upstream), " "); got != "team/api db" {
		t.Errorf("db has %s", got)
	}
	for _, want := range []string{
		"Dependency map", "Upstream and downstream calls, from 4 requests", `<a class="node current" href="/service?from=1700000000000000000&amp;service=db&amp;to=1700000100000000000"`, `<p>4 req · max 20 ms</p>`,
		`<a class="node" href="/service?from=1700000000000000000&amp;service=team%2Fapi`, // which is known to call, and no more
	} {
		if !strings.Contains(upstream, want) {
			t.Errorf("db lacks %q", want)
		}
	}
	downstream := get(w, "/resource?service=team/api&resource=GET+/"+window).Body.String()
	for _, want := range []string{`<p>4 calls · avg 12.5 ms</p><p>50 % of exec time</p>`, `<a class="node failed current"`, `<p class="error">25 % errors</p>`} {
		if !strings.Contains(downstream, want) {
			t.Errorf("team/api lacks %q", want)
		}
	}
	alone, _ := newTest(apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Service: "a", Resource: "r",
		Start: 1_700_000_000_000_000_000, Metrics: map[string]float64{"_dd.top_level": 1}}}))
	if body := get(alone, "/resource?service=a&resource=r").Body.String(); strings.Contains(body, "Dependency map") || !strings.Contains(body, "Span summary") {
		t.Error("a service that has to do with no other has a map")
	}
}

// TestDrawMap_Order draws the same services and calls in another order.
func TestDrawMap_Order(t *testing.T) {
	w, _ := newTest()
	nodes := []page.MapNode{{Service: "a", Lines: []string{"4 req"}}, {Service: "b"}, {Service: "c"}, {Service: "alone"}}
	edges := []page.MapEdge{{From: "a", To: "b"}, {From: "a", To: "c"}, {From: "c", To: "c"}, {From: "b", To: "not a node"}}
	want := page.NewServiceMap(w.Site, "", nodes, edges)
	slices.Reverse(nodes)
	slices.Reverse(edges)
	if got := page.NewServiceMap(w.Site, "", nodes, edges); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
