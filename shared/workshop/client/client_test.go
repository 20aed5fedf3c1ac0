package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/fetch"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/need"
)

// A fixture is a real agent, and an api that responds at once and stores its spans as a
// tracer does.
type fixture struct {
	*client.Client
	t     *testing.T
	agent *agent.Agent
	next  atomic.Uint64 // ID of a trace
}

func newFixture(t *testing.T, spans func(f *fixture, path string, from, to time.Time)) *fixture {
	t.Helper()
	a, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(t.Context()) })
	f := &fixture{t: t, agent: a}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := time.Now()
		fmt.Fprintln(w, `{"war": {}}`)
		spans(f, r.URL.RequestURI(), from, time.Now())
	}))
	t.Cleanup(api.Close)
	f.Client = &client.Client{API: api.URL, Agent: a.URL(), Pages: "http://pages"}
	return f
}

// span makes a span that ran in a time range.
func span(trace, id, parent uint64, service, url string, from, to time.Time) apm.Span {
	return apm.Span{TraceID: trace, SpanID: id, ParentID: parent, Service: service, Name: "http.request", Resource: "GET",
		Start: from.UnixNano(), Duration: to.Sub(from), Meta: map[string]string{"http.url": url}}
}

func (f *fixture) add(spans ...apm.Span) {
	f.t.Helper()
	if err := f.agent.Store().Add(need.Context(f.t), spans); err != nil {
		f.t.Error(err)
	}
}

// ask sends a request and returns its traces, each as ID:spans.
func (f *fixture) ask(subjects ...string) string {
	f.t.Helper()
	answer, err := f.Think(need.Context(f.t), subjects...)
	if err != nil {
		f.t.Fatal(err)
	}
	traces, err := f.TracesOf(need.Context(f.t), answer)
	if err != nil {
		f.t.Fatal(err)
	}
	var ids []string
	for _, trace := range traces {
		ids = append(ids, fmt.Sprintf("%d:%d", trace.ID, len(trace.Spans)))
	}
	return strings.Join(ids, " ")
}

func TestTracesOf(t *testing.T) {
	f := newFixture(t, func(f *fixture, path string, from, to time.Time) {
		id := f.next.Add(10)
		if strings.Contains(path, "joined") {
			f.add(span(id, 1, 0, "thinker-api", path, from, to),
				span(id, 2, 1, "thinker-microservice", "/?subject=joined", from, to))
			return
		}
		f.add(span(id+1, 2, 0, "thinker-microservice", "http://localhost:5001/?subject=war", from, to))
		f.add(span(id, 1, 0, "thinker-api", "http://localhost:5000"+path, from, to))
	})
	if got, want := f.ask("joined"), "10:2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := f.ask("war"), "20:1 21:1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTracesOf_EqualRequests sends equal requests before, after and during the one
// whose traces it wants.
func TestTracesOf_EqualRequests(t *testing.T) {
	f := newFixture(t, func(f *fixture, path string, from, to time.Time) {
		pair := func(id uint64, path string, from, to time.Time) {
			f.add(span(id, 1, 0, "thinker-api", path, from, to))
			f.add(span(id+1, 2, 0, "thinker-microservice", "/?subject=war", from, to))
		}
		pair(10, path, from.Add(-1500*time.Millisecond), to.Add(-time.Second))
		pair(20, path, from.Add(-time.Second), to.Add(1500*time.Millisecond))
		pair(30, path, from, to)
		pair(40, path, from.Add(-800*time.Millisecond), to.Add(-700*time.Millisecond))
		f.add(span(50, 1, 0, "thinker-api", "/think/?subject=music", from, to))
		f.add(span(51, 1, 0, "thinker-microservice", "/?subject=music", from, to))
	})
	if got, want := f.ask("war"), "30:1 31:1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTracesOf_LateSpan sends the second service's span after the first has settled.
func TestTracesOf_LateSpan(t *testing.T) {
	f := newFixture(t, func(f *fixture, path string, from, to time.Time) {
		f.add(span(1, 3, 2, "thinker-microservice", "/?subject=war", from, to))
		time.AfterFunc(2*client.Settling, func() {
			f.add(span(1, 1, 0, "thinker-api", path, from, to), span(1, 2, 1, "thinker-api", "", from, to))
		})
	})
	if got, want := f.ask("war"), "1:3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTracesOf_LateTrace sends the second service's span late, in another trace.
func TestTracesOf_LateTrace(t *testing.T) {
	f := newFixture(t, func(f *fixture, path string, from, to time.Time) {
		f.add(span(1, 1, 0, "thinker-api", path, from, to))
		time.AfterFunc(2*client.Settling, func() { f.add(span(2, 2, 0, "thinker-microservice", "/?subject=war", from, to)) })
	})
	if got, want := f.ask("war"), "1:1 2:1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFiguresOf_LateRequest sends the last request's span late.
func TestFiguresOf_LateRequest(t *testing.T) {
	f := newFixture(t, nil)
	now := time.Now()
	request := func(id uint64, resource string) {
		s := span(id, 1, 0, "thinker-api", "", now, now.Add(time.Duration(id)*time.Millisecond))
		s.Resource, s.Error, s.Metrics = resource, id == 2, map[string]float64{"_top_level": 1}
		f.add(s)
	}
	request(1, "GET /think/")
	request(7, "GET /")
	time.AfterFunc(client.Settling, func() { request(2, "GET /think/") })
	of := client.Resource{Service: "thinker-api", Operation: "http.request", Name: "GET /think/"}
	got, err := f.FiguresOf(need.Context(t), 2, of, now, now.Add(time.Second))
	if err != nil || got.Requests != 2 || got.Errors != 1 || got.Max != 2*time.Millisecond || got.P50 == 0 ||
		got.P99 == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	want := "http://pages/resource?from=1000000000&operation=http.request&resource=GET+%2Fthink%2F" +
		"&service=thinker-api&to=2000000000"
	if page := f.ResourcePage(of, time.Unix(1, 0), time.Unix(2, 0)); page != want {
		t.Error(page)
	}
}

// TestTracesOf_None stores only traces of other requests.
func TestTracesOf_None(t *testing.T) {
	f := newFixture(t, func(f *fixture, path string, from, to time.Time) {
		const ago = -time.Hour // as by a clock that is slow
		f.add(span(1, 1, 0, "thinker-api", path, from.Add(ago), to.Add(ago)))
	})
	if got := f.ask("war"); got != "" {
		t.Errorf("%s", got)
	}
}

func TestClient_Unreachable(t *testing.T) {
	c := &client.Client{API: "http://localhost:1", Agent: "http://localhost:1"}
	_, err := c.Think(need.Context(t), "war")
	if unreachable, ok := errors.AsType[*fetch.UnreachableError](err); !ok || unreachable.URL != "http://localhost:1" {
		t.Error(err)
	}
	if _, err := c.Intake(need.Context(t)); !strings.HasPrefix(fmt.Sprint(err),
		"the agent at http://localhost:1 does not respond: connect: ") {
		t.Error(err)
	}
}

// TestClient_AnotherProgram uses a program without the agent's API.
func TestClient_AnotherProgram(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	c := &client.Client{Agent: other.URL}
	if _, err := c.Traces(need.Context(t)); fmt.Sprint(err) != "query the agent: "+other.URL+
		"/api/traces?limit=1000 responded with 404" {
		t.Error(err)
	}
}

// TestColours_AsOnThePages reads the colours of services that the agent saw in another
// order.
func TestColours_AsOnThePages(t *testing.T) {
	f := newFixture(t, nil)
	want := map[string]string{}
	for _, service := range []string{"sqlite.db", "thinker-microservice", "thinker-api"} {
		want[service] = f.agent.Palette().Of(service).Hex()
	}
	now := time.Now()
	f.add(span(1, 1, 0, "thinker-api", "", now, now), span(1, 2, 1, "thinker-microservice", "", now, now))
	var palette colour.Palette
	if err := f.Colours(need.Context(t), 1, &palette); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"thinker-api", "thinker-microservice"} {
		if got := palette.Of(service).Hex(); got != want[service] {
			t.Errorf("%s has %s, want %s", service, got, want[service])
		}
	}
}

func TestIntake(t *testing.T) {
	f := newFixture(t, nil)
	resp, err := http.Post(f.Agent+"/v0.4/traces", "application/msgpack", strings.NewReader("no spans"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	report, err := f.Intake(need.Context(t))
	if err != nil || report.Calls != 1 || len(report.Losses) != 1 || report.Losses[0].Advice == "" ||
		report.Since.IsZero() {
		t.Errorf("%+v, %v", report, err)
	}
}
