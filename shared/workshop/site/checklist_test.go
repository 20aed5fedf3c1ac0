package site

import (
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/workspace"
)

func TestSite_Checklist(t *testing.T) {
	b := newBench(t)
	b.post("/workshop/run", form("lesson", "2", "at", "1", "path", "/think/?subject=war"))
	var judged []lesson.Request
	passed := func(_ int, requests []lesson.Request) []lesson.Result {
		judged = requests
		var seen uint64 = 7
		return []lesson.Result{{Expectation: lesson.Expectation{ID: "joined", Says: "One trace."},
			Verdict: lesson.Verdict{State: lesson.Passed, TraceID: seen}}}
	}
	b.requestsOf = func(traces []apm.Trace) []lesson.Request {
		return []lesson.Request{{Exchange: lesson.Exchange{Path: "/think/?subject=war"}, Traces: traces}}
	}
	b.judge = func(step int, requests []lesson.Request) []lesson.Result {
		failed := lesson.Expectation{ID: "error", Says: "The error is on think.", Asks: []string{"/think/?subject=war"},
			Hints: [3]string{"Look <b>there</b>.", "Nearer.", "```go\nspan.Finish()\n```"}}
		open := lesson.Expectation{ID: "twice", Says: "The second is quick.",
			Asks: []string{"/think/?subject=mankind", "/think/?subject=mankind"}}
		trace := requests[0].Traces[0]
		return append(passed(step, requests),
			lesson.Result{Expectation: failed,
				Verdict: lesson.Verdict{State: lesson.Failed, TraceID: trace.ID, Finding: &lesson.Finding{
					Expected: "an error on think", Instead: "none, but SELECT * FROM a, * and <nil>", Cause: "it is not set",
					Request: "/think/?subject=war",
					Trees:   []lesson.Tree{{Trace: trace, Marks: map[uint64]string{trace.Spans[0].SpanID: "this one"}}},
				}}},
			lesson.Result{Expectation: open})
	}
	page := b.page("/workshop/2")
	says(t, page, "1 of 3 checks passed",
		`<li class="passed" id="check-joined" data-part>`, `<a class="shown-by" href="/trace/7">Trace</a>`,
		`aria-label="not checked yet"`,
		`<li class="failed" id="check-error" data-part>`, "<p>The error is on think.</p>",
		"<dt>Instead</dt><dd>none, but SELECT * FROM a, * and &lt;nil&gt;</dd>", "<b>▲ this one</b>",
		"<summary>Hint 3</summary>", "<pre class=\"go\"><code>span.Finish()", "Look &lt;b&gt;there&lt;/b&gt;.",
		`<li class="open" id="check-twice" data-part>`, "<code>GET /think/?subject=mankind</code> twice",
		`<input type="hidden" name="path" value="/think/?subject=mankind">
              <input type="hidden" name="path" value="/think/?subject=mankind">`)
	if hints := page[strings.Index(page, "Hint 1"):]; strings.Index(hints, "Hint 2") > strings.Index(hints, "</details>") {
		t.Error("the second hint is visible before the first")
	}
	if progress, err := workspace.Progress(b.Root); err != nil || len(progress) > 0 {
		t.Errorf("%v is on record: %v", progress, err)
	}

	// The requests of a check that waits for others are not offered again.
	for _, c := range []struct {
		above lesson.State
		asks  int
		waits bool
	}{{lesson.Failed, 1, true}, {lesson.Failed, 2, false}, {lesson.Passed, 1, false}} {
		b.judge = func(int, []lesson.Request) []lesson.Result {
			above := lesson.Result{Expectation: lesson.Expectation{ID: "first", Says: "First."},
				Verdict: lesson.Verdict{State: c.above}}
			if c.above == lesson.Failed {
				above.Finding = &lesson.Finding{}
			}
			later := lesson.Expectation{ID: "later", Says: "Later.",
				Asks: slices.Repeat([]string{"/think/?subject=war"}, c.asks)}
			return []lesson.Result{above, {Expectation: later}}
		}
		page := b.page("/workshop/2")
		if waits, runs := strings.Contains(page, "when the checks above pass"),
			strings.Contains(page, "Run the requests of this check"); waits != c.waits || runs == c.waits {
			t.Errorf("%+v: it waits: %v, and can be run: %v", c, waits, runs)
		}
	}

	b.judge = passed
	says(t, b.page("/workshop/2"), "✓ All 1 checks passed with the original step02.</b> Now do it yourself",
		`<a href="/workshop/3">Continue with step 3</a>`,
		`</span> <span class="quiet" title="All checks passed with the original`)
	if progress, err := workspace.Progress(b.Root); err != nil || len(progress) != 1 || progress[0].Step != 2 ||
		!progress[0].Given() {
		t.Errorf("%v is on record: %v", progress, err)
	}

	b.workshop.state.Target.Dir = workspace.CopyDir(b.Root, 2)
	b.workshop.state.Serving = b.workshop.state.Target
	says(t, b.page("/workshop/2"), "✓ Step 2 is complete.", `</span> <span class="ok" title="Complete`)
	if progress, err := workspace.Progress(b.Root); err != nil || len(progress) != 1 ||
		progress[0].Dir != ".workshop/try02" {
		t.Errorf("%v is on record: %v", progress, err)
	}

	// Only requests to the running code are judged.
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
