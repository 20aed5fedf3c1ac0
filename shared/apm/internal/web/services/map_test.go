package services_test

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/internal/stats"
	"thinker/shared/apm/internal/web"
	"thinker/shared/apm/internal/webtest"
	"thinker/shared/apm/query"
)

// mapped returns the services of a page's map, from left to right.
func mapped(s webtest.Site, path string) string {
	var services []string
	node := regexp.MustCompile(`<a class="node[^"]*"[^>]*>.*?<bdi>([^<]*)</bdi>`)
	for _, m := range node.FindAllStringSubmatch(s.Get(path).Body.String(), -1) {
		services = append(services, m[1])
	}
	return strings.Join(services, " ")
}

func TestMap_Services(t *testing.T) {
	list := webtest.Served()
	list[0] = apm.NewTrace(1, append(list[0].Spans, apm.Span{TraceID: 1, SpanID: 9, ParentID: 1, Service: "library",
		Name: "work", Start: 1_700_000_000_000_000_000, Duration: time.Millisecond}))
	s := webtest.New(t, list...)
	const window = "/map?from=1700000000000000000&to=1700000100000000000"
	webtest.Contains(t, "the map", text(t, s, window), "3 services", "4 req · max 40 ms", "25 % errors",
		"\u2068team/api\u2069 → \u2068db\u2069: 4 calls · avg 12.5 ms · max 20 ms",
		"\u2068team/api\u2069 → \u2068library\u2069: 1 call · avg 1 ms · max 1 ms") // which has no entry span
	for path, want := range map[string]string{
		window:             "team/api db library",
		"/map?env=test":    "team/api db library",
		"/map?env=prod":    "",
		"/map?from=5&to=6": "",
	} {
		if got := mapped(s, path); got != want {
			t.Errorf("%s: the map has %s", path, got)
		}
	}
}

func TestMap_HostileNames(t *testing.T) {
	names := []string{`"><script>alert(1)</script>`, "\u202e\u2069evil", "", strings.Repeat("long", 2000), "a\x00b"}
	var spans []apm.Span
	for i, name := range names {
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 1), ParentID: uint64(i), Service: name,
			Start: 1_700_000_000_000_000_000, Duration: time.Second, Metrics: map[string]float64{"_dd.top_level": 1}})
	}
	body := webtest.New(t, apm.NewTrace(1, spans)).Get("/map").Body.String()
	if strings.Contains(body, "<script>alert") || strings.Contains(body, "title>\u2068\u202e") || len(body) > 30_000 {
		t.Errorf("%d bytes: %s", len(body), body)
	}
	webtest.Contains(t, "the map", body, "<i>no service</i>", "→ no service: ")
}

func TestMap_ManyServices(t *testing.T) {
	var spans []apm.Span
	for i := range 204 { // web twice, so that it has most requests
		service := []string{"web", fmt.Sprint("s", i)}[min(1, i/2)]
		spans = append(spans, apm.Span{TraceID: 1, SpanID: uint64(i + 1), ParentID: min(1, uint64(i)), Service: service,
			Start: 1_700_000_000_000_000_000, Metrics: map[string]float64{"_dd.top_level": 1}})
	}
	body := webtest.New(t, apm.NewTrace(1, spans)).Get("/map").Body.String()
	webtest.Contains(t, "the map", body, "200 services ·", "3 services with fewer requests are not shown")
	if calls := strings.Count(body, `<g class="edge"`); calls != 199 {
		t.Errorf("%d calls", calls)
	}
}

// sampled has looked at a tenth of the requests.
type sampled struct{ *webtest.Store }

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
	s := webtest.New(t, apm.NewTrace(1, spans))
	s.Web = web.New(web.Config{Traces: sampled{s.Store}, Intake: s.Intake, Palette: &colour.Palette{},
		Logger: slog.New(slog.DiscardHandler)})
	webtest.Contains(t, "the map", text(t, s, "/map?from=60000000000&to=120000000000"),
		"Calls come from a sample of 600 of 6,000 requests.", "a b about 2 calls/s · avg 2 ms · max 5 ms · 25 % errors")
}

func TestResource_Dependencies(t *testing.T) {
	s := webtest.New(t, webtest.Served()...)
	const window = "&from=1700000000000000000&to=1700000100000000000"
	upstream := "/resource?service=db&resource=SELECT" + window
	if got := mapped(s, upstream); got != "team/api db" {
		t.Errorf("db has %s", got)
	}
	// team/api only calls db, so it has no figures.
	webtest.Contains(t, "the map of db", text(t, s, upstream), "Upstream and downstream calls, from 4 requests",
		"\u2068team/api\u2069 team/api \u2068db\u2069: 4 req · max 20 ms db 4 req · max 20 ms")
	webtest.Contains(t, "the map of team/api", text(t, s, "/resource?service=team/api&resource=GET+/"+window),
		"4 calls · avg 12.5 ms", "50 % of exec time", "25 % errors")
	alone := webtest.New(t, apm.NewTrace(1, []apm.Span{{TraceID: 1, SpanID: 1, Service: "a", Resource: "r",
		Start: 1_700_000_000_000_000_000, Metrics: map[string]float64{"_dd.top_level": 1}}}))
	page := text(t, alone, "/resource?service=a&resource=r")
	webtest.Contains(t, "a leaf's page", page, "Span summary")
	if strings.Contains(page, "Dependency map") {
		t.Error("a service without calls has a map")
	}
}
