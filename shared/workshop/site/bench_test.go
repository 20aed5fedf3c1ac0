package site

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/tracegen"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/runner"
)

// still is a workshop in which nothing happens but what a test says.
type still struct {
	state   runner.State
	changes chan struct{}
	wanted  []runner.Target
}

func (w *still) State() runner.State                     { return w.state }
func (w *still) Changed(context.Context) <-chan struct{} { return w.changes }
func (w *still) Run(target runner.Target)                { w.wanted = append(w.wanted, target) }

// A bench is the page of a workshop whose api answers any request with a trace.
type bench struct {
	*site
	t        *testing.T
	workshop *still
	url      string
	asked    atomic.Int64 // requests to the api
	sends    bool         // the api sends spans
}

// newBench shows lesson 2, whose own code runs.
func newBench(t *testing.T) *bench {
	t.Helper()
	target := runner.Target{Step: 2}
	b := &bench{t: t, sends: true, workshop: &still{
		state:   runner.State{Target: target, Serving: target, Phase: runner.Healthy, Since: time.Now()},
		changes: make(chan struct{}),
	}}
	api := httptest.NewServer(http.HandlerFunc(b.answer))
	t.Cleanup(api.Close)
	root := t.TempDir()
	const readme = "# Step 2\n\n## Run it\n\n```sh\ncurl 'http://localhost:5000/think/?subject=war'\ncurl " +
		"'http://localhost:5000/think/?subject=nothing'\n```\n"
	checkout.Write(t, filepath.Join(root, "step02", "README.md"), readme)
	running, err := agent.Start(agent.Config{Addr: "localhost:0", Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Guests: func(a *agent.Agent) []guest.Guest {
			b.site = newSite(Config{Root: root, Workshop: b.workshop, Traces: a.Store(), Palette: a.Palette(),
				Client: &client.Client{API: api.URL}})
			return []guest.Guest{b.guest()}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close(context.Background()) }) // nothing is left to be answered
	b.url, b.Client.Agent = running.URL(), running.URL()
	return b
}

func (b *bench) answer(rw http.ResponseWriter, r *http.Request) {
	b.asked.Add(1)
	if b.sends {
		id, now := uint64(time.Now().UnixNano()), time.Now().UnixNano()
		meta := map[string]string{"http.url": "http://api" + r.RequestURI, "http.status_code": "200"}
		err := tracegen.Send(r.Context(), b.url, []apm.Span{
			{
				TraceID: id, SpanID: id, Service: "thinker-api", Name: "http.request", Resource: "GET /think/",
				Start: now, Duration: 1000, Meta: meta,
			},
			{
				TraceID: id, SpanID: id + 1, ParentID: id, Service: "thinker-microservice", Name: "think",
				Start: now, Duration: 900, Error: true, Meta: map[string]string{"error.message": "no <b>thought</b>"},
			},
		})
		if err != nil {
			b.t.Error(err)
			return
		}
	}
	fmt.Fprint(rw, `{"war":{"quote":"<i>"}}`)
}

func (b *bench) page(path string) string {
	b.t.Helper()
	answer, err := http.Get(b.url + path)
	if err != nil {
		b.t.Fatal(err)
	}
	return read(b.t, answer)
}

// post sends a form as a page does, and does not follow where it leads.
func (b *bench) post(path string, form url.Values, headers ...string) (status int, to, said string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Location"), read(b.t, answer)
}

func read(t *testing.T, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// says fails unless a page has all of these.
func says(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
}

func form(fields ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	return values
}
