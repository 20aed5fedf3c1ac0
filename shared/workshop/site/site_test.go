package site

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
	"thinker/shared/apm/busy"
	"thinker/shared/apm/web"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
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
	if err := os.Mkdir(filepath.Join(root, "step02"), 0o755); err != nil {
		t.Fatal(err)
	}
	const readme = "# Step 2\n\n## Run it\n\n```sh\ncurl 'http://localhost:5000/think/?subject=war'\ncurl 'http://localhost:5000/think/?subject=nothing'\n```\n"
	if err := os.WriteFile(filepath.Join(root, "step02", "README.md"), []byte(readme), 0o644); err != nil {
		t.Fatal(err)
	}
	running, err := agent.Start(agent.Config{Addr: "localhost:0", Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Guests: func(a *agent.Agent) []web.Guest {
		b.site = newSite(Config{Root: root, Workshop: b.workshop, Traces: a.Store(), Palette: a.Palette(), Client: &client.Client{API: api.URL}})
		return []web.Guest{b.guest()}
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
		body, err := busy.Payload([]apm.Span{
			{TraceID: id, SpanID: id, Service: "thinker-api", Name: "http.request", Resource: "GET /think/", Start: now, Duration: 1000, Meta: meta},
			{TraceID: id, SpanID: id + 1, ParentID: id, Service: "thinker-microservice", Name: "think", Start: now, Duration: 900, Error: true, Meta: map[string]string{"error.message": "no <b>thought</b>"}},
		})
		if err != nil {
			b.t.Error(err)
		}
		sent, err := http.Post(b.url+"/v0.4/traces", "application/json", bytes.NewReader(body))
		if err != nil {
			b.t.Error(err)
			return
		}
		_ = sent.Body.Close() // that it arrived is seen on the page
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

func TestTheLessonThatRunsIsShown(t *testing.T) {
	b := newBench(t)
	says(t, b.page("/workshop"), "<h1>Lesson 2: manual headers</h1>", `<a href="/workshop/2" aria-current="page">`, "<h2>Run it</h2>", "<b>step02</b>", "Datadog has no such page")
	says(t, b.page("/workshop/3"), "<h1>Lesson 3: automatic propagation</h1>", "README.md</code> is missing", "Run step 3", "This lesson’s requests are for its own code")
	for _, path := range []string{"/workshop/0", "/workshop/6", "/workshop/x", "/workshop/2/3"} {
		answer, err := http.Get(b.url + path)
		if err != nil {
			t.Fatal(err)
		}
		if body := read(t, answer); answer.StatusCode != http.StatusNotFound || !strings.Contains(body, "there are 1 to 5") {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}

func TestALineIsRun(t *testing.T) {
	b := newBench(t)
	before := b.page("/workshop/2")
	says(t, before, `action="/workshop/run" id="line-1"`, "subject=nothing&#39;\n</code></pre>")
	if strings.Contains(before, `id="line-2"`) {
		t.Error("a line that is in no lesson can be run")
	}
	status, to, _ := b.post("/workshop/run", form("lesson", "2", "at", "1", "path", "/think/?subject=war"))
	if status != http.StatusSeeOther || to != "/workshop/2#answer-1" || b.asked.Load() != 1 {
		t.Fatalf("%d, to %q, after %d requests", status, to, b.asked.Load())
	}
	after := b.page("/workshop/2")
	says(t, after, "step02 answered <b>200</b>", "{&#34;war&#34;:{&#34;quote&#34;:&#34;&lt;i&gt;&#34;}}", "<bdi>thinker-microservice</bdi>", "no &lt;b&gt;thought&lt;/b&gt;")
	if link := regexp.MustCompile(`href="(/trace/\d+)\?span=\d+"`).FindStringSubmatch(after); link == nil {
		t.Error("no link leads to a span")
	} else {
		says(t, b.page(link[1]), "GET /think/")
	}
}

func TestOnlyWhatTheLessonsListIsSent(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		fields []string
		status int
		said   string
	}{
		{[]string{"lesson", "2", "at", "1", "path", "/think/?subject=nothing"}, http.StatusForbidden, "is in no lesson"},
		{[]string{"lesson", "2", "at", "1", "path", "/think/?subject=war", "path", "/healthz"}, http.StatusForbidden, "is in no lesson"},
		{[]string{"lesson", "2", "at", "1", "path", "@elsewhere.example/"}, http.StatusForbidden, "is in no lesson"},
		{[]string{"lesson", "2", "at", "1"}, http.StatusBadRequest, "what is to be asked"},
		{[]string{"lesson", "2", "at", "51", "path", "/think/?subject=war"}, http.StatusBadRequest, "which line"},
		{[]string{"lesson", "6", "at", "1", "path", "/think/?subject=war"}, http.StatusNotFound, "there are 1 to 5"},
	} {
		if status, _, said := b.post("/workshop/run", form(c.fields...)); status != c.status || !strings.Contains(said, c.said) {
			t.Errorf("%q: %d, and it does not say %q", c.fields, status, c.said)
		}
	}
	if n := b.asked.Load(); n > 0 {
		t.Errorf("the api was asked %d times", n)
	}
}

func TestOtherSitesSendNothing(t *testing.T) {
	b := newBench(t)
	for _, header := range [][]string{{"Origin", "https://elsewhere.example"}, {"Origin", "http://localhost:5000"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
		for path, fields := range map[string]url.Values{
			"/workshop/run":  form("lesson", "2", "at", "1", "path", "/think/?subject=war"),
			"/workshop/code": form("lesson", "3", "run", "step"),
		} {
			if status, _, _ := b.post(path, fields, header...); status != http.StatusForbidden {
				t.Errorf("%s with %s: %d", path, header, status)
			}
		}
	}
	if b.asked.Load() > 0 || len(b.workshop.wanted) > 0 {
		t.Error("it was done all the same")
	}
}

func TestARequestWithoutAnAnswerOrATrace(t *testing.T) {
	b := newBench(t)
	send := form("lesson", "2", "at", "1", "path", "/think/?subject=war")
	b.sends = false
	b.post("/workshop/run", send)
	says(t, b.page("/workshop/2"), "answered <b>200</b>", "No trace has come of it.")

	b.Client.API = "http://localhost:1"
	b.post("/workshop/run", send)
	says(t, b.page("/workshop/2"), `<p class="note">http://localhost:1 does not answer: `)

	b.workshop.state.Serving = runner.Target{}
	b.post("/workshop/run", send)
	says(t, b.page("/workshop/2"), "Nothing answers yet", "disabled")
}

func TestOtherCodeIsRun(t *testing.T) {
	b := newBench(t)
	if status, to, _ := b.post("/workshop/code", form("lesson", "4", "run", "step")); status != http.StatusSeeOther || to != "/workshop/4#code" {
		t.Errorf("%d, to %q", status, to)
	}
	if len(b.workshop.wanted) != 1 || b.workshop.wanted[0] != (runner.Target{Step: 4}) {
		t.Errorf("wanted is %v", b.workshop.wanted)
	}
	if status, _, said := b.post("/workshop/code", form("lesson", "2", "run", "other")); status != http.StatusBadRequest || !strings.Contains(said, "whose code") {
		t.Errorf("any other: %d", status)
	}
	if status, _, said := b.post("/workshop/code", form("lesson", "2", "run", "copy")); status != http.StatusInternalServerError || !strings.Contains(said, "Make a copy for lesson 2: ") {
		t.Errorf("a copy of what is not there: %d", status)
	}
}

func TestWhatRunsIsTold(t *testing.T) {
	b := newBench(t)
	own := runner.Target{Step: 2}
	mine := runner.Target{Step: 2, Dir: workspace.CopyDir(b.Root, 2)}
	for _, c := range []struct {
		state runner.State
		says  []string
	}{
		{runner.State{Target: own, Serving: own, Phase: runner.Healthy}, []string{`<b>step02</b> <span class="ok">runs</span>, as it comes, since`, "Work on my copy", "step01’s code, for you to turn into lesson 2"}},
		{runner.State{Target: own, Phase: runner.Building}, []string{`<span class="busy">is being built</span>`, "disabled"}},
		{runner.State{Target: mine, Serving: own, Phase: runner.Starting}, []string{"Your copy", `<span class="busy">is starting</span>`, "Meanwhile <b>step02</b> answers."}},
		{runner.State{Target: mine, Serving: mine, Phase: runner.Healthy}, []string{"<code data-copy>" + mine.Dir, "Run step 2 as it comes", "Start over"}},
		{runner.State{Target: mine, Serving: mine, Phase: runner.Failed, Error: "try02 does not build:\n# thinker/api\napi/main.go:7:2: undefined: <x>"},
			[]string{`✗ <span`, "does not build", "api/main.go:7:2: undefined: &lt;x&gt;", "Meanwhile the code from before the change answers"}},
		{runner.State{Target: own, Phase: runner.Failed, Error: "thinker: exit status 1"}, []string{"does not start", "thinker: exit status 1"}},
	} {
		b.workshop.state = c.state
		says(t, strings.ReplaceAll(b.page("/workshop/2"), `<span class="error">✗ `, `✗ <span class="error">`), c.says...)
	}
}

func TestNewsIsTold(t *testing.T) {
	b := newBench(t)
	news := b.news(t.Context())
	b.workshop.changes <- struct{}{}
	<-news
	b.post("/workshop/run", form("lesson", "2", "at", "1", "path", "/think/?subject=war"))
	<-news
}

func TestTheChecklist(t *testing.T) {
	b := newBench(t)
	b.post("/workshop/run", form("lesson", "2", "at", "1", "path", "/think/?subject=war"))
	var judged []lesson.Request
	met := func(_ int, requests []lesson.Request) []lesson.Result {
		judged = requests
		var seen uint64 = 7
		return []lesson.Result{{Expectation: lesson.Expectation{ID: "joined", Says: "One trace."}, Verdict: lesson.Verdict{State: lesson.Met, TraceID: seen}}}
	}
	b.requestsOf = func(traces []apm.Trace) []lesson.Request {
		return []lesson.Request{{Path: "/think/?subject=war", Traces: traces}}
	}
	b.judge = func(step int, requests []lesson.Request) []lesson.Result {
		unmet := lesson.Expectation{ID: "error", Says: "The error is on `think`.", Asks: []string{"/think/?subject=war"}, Hints: [3]string{"Look <b>there</b>.", "Nearer.", "```go\nspan.Finish()\n```"}}
		open := lesson.Expectation{ID: "twice", Says: "The second is quick.", Asks: []string{"/think/?subject=mankind", "/think/?subject=mankind"}}
		trace := requests[0].Traces[0]
		return append(met(step, requests),
			lesson.Result{Expectation: unmet, Verdict: lesson.Verdict{State: lesson.Unmet, TraceID: trace.ID, Finding: &lesson.Finding{
				Expected: "an error on `think`", Instead: "none", Cause: "it is not set", Request: "/think/?subject=war",
				Trees: []lesson.Tree{{Trace: trace, Marks: map[uint64]string{trace.Spans[0].SpanID: "this one"}}},
			}}},
			lesson.Result{Expectation: open})
	}
	page := b.page("/workshop/2")
	says(t, page, "1 of 3 reached",
		`<li class="met" id="check-joined">`, `<a class="shown-by" href="/trace/7">`,
		`<li class="unmet" id="check-error">`, "<p>The error is on <code>think</code>.</p>", "<dt>Likely cause</dt><dd><p>it is not set</p>", "<b>▲ this one</b>",
		"<summary>Hint 3</summary>", "<pre class=\"go\"><code>span.Finish()", "Look &lt;b&gt;there&lt;/b&gt;.",
		`<li class="open" id="check-twice">`, "<code>GET /think/?subject=mankind</code> twice",
		`<input type="hidden" name="path" value="/think/?subject=mankind">
              <input type="hidden" name="path" value="/think/?subject=mankind">`)
	if hints := page[strings.Index(page, "Hint 1"):]; strings.Index(hints, "Hint 2") > strings.Index(hints, "</details>") {
		t.Error("the second hint is to be seen before the first")
	}
	if progress, err := workspace.Progress(b.Root); err != nil || len(progress) > 0 {
		t.Errorf("%v is on record: %v", progress, err)
	}

	waits := []string{"/think/?subject=war"}
	b.judge = func(int, []lesson.Request) []lesson.Result {
		return []lesson.Result{
			{Expectation: lesson.Expectation{ID: "first", Says: "First."}, Verdict: lesson.Verdict{State: lesson.Unmet, Finding: &lesson.Finding{}}},
			{Expectation: lesson.Expectation{ID: "later", Says: "Later.", Asks: waits}},
		}
	}
	if page := b.page("/workshop/2"); !strings.Contains(page, "once what is above is met") || strings.Contains(page, "Run what this asks for") {
		t.Error("what waits for others can be asked for again")
	}
	waits = append(waits, waits...)
	if page := b.page("/workshop/2"); strings.Contains(page, "once what is above is met") || !strings.Contains(page, "Run what this asks for") {
		t.Error("what was asked for once cannot be asked for twice")
	}

	b.judge = met
	says(t, b.page("/workshop/2"), "✓ step02 shows it all.", `<a href="/workshop/3">Go on with lesson 3</a>`, `manual headers</span> <span class="quiet" title="Seen`)
	if progress, err := workspace.Progress(b.Root); err != nil || len(progress) != 1 || progress[0].Step != 2 || !progress[0].Given() {
		t.Errorf("%v is on record: %v", progress, err)
	}

	b.workshop.state.Target.Dir = workspace.CopyDir(b.Root, 2)
	b.workshop.state.Serving = b.workshop.state.Target
	says(t, b.page("/workshop/2"), "✓ Lesson 2 is reached.", `manual headers</span> <span class="ok" title="Reached`)
	if progress, err := workspace.Progress(b.Root); err != nil || len(progress) != 1 || progress[0].Dir != ".workshop/try02" {
		t.Errorf("%v is on record: %v", progress, err)
	}

	// The code that answers is judged by requests to itself alone.
	b.workshop.state.Since = time.Now()
	b.page("/workshop/2")
	if len(judged) != 1 || len(judged[0].Traces) > 0 {
		t.Errorf("the new code is judged by %v", judged)
	}
	judged = nil
	b.page("/workshop/3")
	if judged != nil {
		t.Error("another lesson's requests are judged")
	}
}
