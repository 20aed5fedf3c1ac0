package site

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

func TestSite_RedirectsToTheRunningStep(t *testing.T) {
	b := newBench(t)
	says(t, b.page("/workshop"), "<h1>Step 2: manual headers</h1>", `<a href="/workshop/2" aria-current="page">`,
		"<h2>Run it</h2>", "<b>step02</b>")
	says(t, b.page("/workshop/3"), "<h1>Step 3: automatic propagation</h1>", "no file <code>step03/README.md</code>",
		"git restore step03/README.md", "Run step 3 (original code)", "To send this step’s requests, start its code",
		"is running</span> · start step 3 to send its requests")
	for _, path := range []string{"/workshop/0", "/workshop/6", "/workshop/x", "/workshop/2/3"} {
		status, body := need.Get(t, b.url+path, nil)
		if status != http.StatusNotFound || !strings.Contains(body, "Choose one from 1 to 5") {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestSite_RunALine(t *testing.T) {
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
	says(t, after, "Response from step02: status <b>200</b>", "{&#34;war&#34;:{&#34;quote&#34;:&#34;&lt;i&gt;&#34;}}",
		"<bdi>thinker-microservice</bdi>", "no &lt;b&gt;thought&lt;/b&gt;")
	if link := regexp.MustCompile(`href="(/trace/\d+)\?span=\d+"`).FindStringSubmatch(after); link == nil {
		t.Error("no link leads to a span")
	} else {
		says(t, b.page(link[1]), "GET /think/")
	}
}

func TestSite_SendsOnlyTheStepsRequests(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		fields []string
		status int
		said   string
	}{
		{[]string{"lesson", "2", "at", "1", "path", "/think/?subject=nothing"}, http.StatusForbidden,
			"isn’t one of the steps’ requests"},
		{[]string{"lesson", "2", "at", "1", "path", "/think/?subject=war", "path", "/healthz"}, http.StatusForbidden,
			"isn’t one of the steps’ requests"},
		{[]string{"lesson", "2", "at", "1", "path", "@elsewhere.example/"}, http.StatusForbidden,
			"isn’t one of the steps’ requests"},
		{[]string{"lesson", "2", "at", "1"}, http.StatusBadRequest, "contains no request"},
		{[]string{"lesson", "2", "at", "51", "path", "/think/?subject=war"}, http.StatusBadRequest, "which line"},
		{[]string{"lesson", "6", "at", "1", "path", "/think/?subject=war"}, http.StatusNotFound, "Choose one from 1 to 5"},
	} {
		if status, _, said := b.post("/workshop/run", form(c.fields...)); status != c.status ||
			!strings.Contains(said, c.said) {
			t.Errorf("%q: %d, and it does not say %q", c.fields, status, c.said)
		}
	}
	if n := b.asked.Load(); n > 0 {
		t.Errorf("the api was asked %d times", n)
	}
}

func TestSite_RefusesOtherSites(t *testing.T) {
	b := newBench(t)
	for _, header := range [][]string{{"Origin", "https://elsewhere.example"}, {"Origin", "http://localhost:5000"},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
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

func TestSite_NoResponseOrNoTrace(t *testing.T) {
	b := newBench(t)
	send := form("lesson", "2", "at", "1", "path", "/think/?subject=war")
	b.sends = false
	b.post("/workshop/run", send)
	says(t, b.page("/workshop/2"), "status <b>200</b>", "No trace of this request arrived.")

	b.Client.API = "http://localhost:1"
	b.post("/workshop/run", send)
	says(t, b.page("/workshop/2"), `<p class="note">The api at http://localhost:1 can’t be reached: `)

	// Once other code answers, that is past.
	b.workshop.state.Since = time.Now()
	if page := b.page("/workshop/2"); strings.Contains(page, "can’t be reached") {
		t.Error("the page still shows the problem")
	}

	b.workshop.state.Serving = runner.Target{}
	b.post("/workshop/run", send)
	says(t, b.page("/workshop/2"), "The services aren’t running yet", "disabled")
}

func TestSite_ChangeCode(t *testing.T) {
	b := newBench(t)
	if status, to, _ := b.post("/workshop/code", form("lesson", "4", "run", "step")); status != http.StatusSeeOther ||
		to != "/workshop/4#code" {
		t.Errorf("%d, to %q", status, to)
	}
	if len(b.workshop.wanted) != 1 || b.workshop.wanted[0] != (runner.Target{Step: 4}) {
		t.Errorf("wanted is %v", b.workshop.wanted)
	}
	if status, _, said := b.post("/workshop/code",
		form("lesson", "2", "run", "other")); status != http.StatusBadRequest ||
		!strings.Contains(said, "which code to run") {
		t.Errorf("any other: %d", status)
	}
	if status, _, said := b.post("/workshop/code",
		form("lesson", "2", "run", "copy")); status != http.StatusInternalServerError ||
		!strings.Contains(said, "Could not make a copy for step 2: ") {
		t.Errorf("a copy of a missing step: %d", status)
	}
}

func TestSite_RunningCode(t *testing.T) {
	b := newBench(t)
	own := runner.Target{Step: 2}
	mine := runner.Target{Step: 2, Dir: workspace.CopyDir(b.Root, 2)}
	for _, c := range []struct {
		state runner.State
		says  []string
	}{
		{runner.State{Target: own, Serving: own, Phase: runner.Healthy},
			[]string{`<b>step02</b> (original code) <span class="ok">is running</span>. It started at`, "Work on my copy",
				"It starts as the code of step01."}},
		{runner.State{Target: own, Phase: runner.Building},
			[]string{`<span class="busy">is building</span>`, `disabled title="Wait until step02 is running."`}},
		{runner.State{Target: mine, Serving: own, Phase: runner.Starting},
			[]string{"Your copy", `<span class="busy">is starting</span>`, "<b>step02</b> keeps running."}},
		{runner.State{Target: mine, Serving: mine, Phase: runner.Healthy},
			[]string{"<code data-copy>" + mine.Dir, "Run step 2 (original code)", "Start over"}},
		{runner.State{Target: mine, Serving: mine, Phase: runner.Failed,
			Error: "try02 does not build:\n# thinker/api\napi/main.go:7:2: undefined: <x>"},
			[]string{`✗ <span`, "doesn’t run", "api/main.go:7:2: undefined: &lt;x&gt;", "The previous version keeps running"}},
		{runner.State{Target: own, Phase: runner.Failed, Error: "thinker: exit status 1"},
			[]string{"doesn’t run", "See the error under Running code.", "thinker: exit status 1"}},
	} {
		b.workshop.state = c.state
		says(t, strings.ReplaceAll(b.page("/workshop/2"), `<span class="error">✗ `, `✗ <span class="error">`), c.says...)
	}
}

func TestSite_News(t *testing.T) {
	b := newBench(t)
	news := b.news(t.Context())
	b.workshop.changes <- struct{}{}
	<-news
	b.post("/workshop/run", form("lesson", "2", "at", "1", "path", "/think/?subject=war"))
	<-news
}
