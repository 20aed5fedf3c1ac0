package lesson_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/workshop/lesson"
)

// began is when the tests' first spans start.
const began = int64(1_700_000_000_000_000_000)

// war is a request of which only the traces are known.
var war = lesson.Exchange{Path: "/think/?subject=war"}

// ms returns a time, in milliseconds after the start.
func ms(n int) int64 { return began + int64(n)*int64(time.Millisecond) }

// span returns a span from one time to another.
func span(trace, id, parent uint64, service, name string, from, to int, meta ...string) apm.Span {
	s := apm.Span{TraceID: trace, SpanID: id, ParentID: parent, Service: service, Name: name, Resource: name,
		Start: ms(from), Duration: time.Duration(to-from) * time.Millisecond, Meta: map[string]string{}}
	for _, tag := range meta {
		name, value, _ := strings.Cut(tag, "=")
		s.Meta[name] = value
	}
	if s.Meta["type"] != "" {
		s.Type = s.Meta["type"]
	}
	return s
}

func api(trace, id uint64, subjects string, from, to int) apm.Span {
	return span(trace, id, 0, "thinker-api", "http.request", from, to,
		"http.url=http://localhost:5000/think/?"+subjects, "http.status_code=200", "runtime-id=a", "type=web")
}

func thinker(trace, id, parent uint64, subjects string, from, to int) apm.Span {
	return span(trace, id, parent, "thinker-microservice", "http.request", from, to, "http.url=/?"+subjects,
		"runtime-id=b", "type=web")
}

func think(trace, id, parent uint64, subject string, from, to int) apm.Span {
	return span(trace, id, parent, "thinker-microservice", "think", from, to, "subject="+subject)
}

func traces(spans ...apm.Span) (all []apm.Trace) {
	byTrace := map[uint64][]apm.Span{}
	var order []uint64
	for _, s := range spans {
		if byTrace[s.TraceID] == nil {
			order = append(order, s.TraceID)
		}
		byTrace[s.TraceID] = append(byTrace[s.TraceID], s)
	}
	for _, id := range order {
		all = append(all, apm.NewTrace(id, byTrace[id]))
	}
	return all
}

// TestRequestsOf finds the requests to running services, also if the microservice's
// part of one is a trace of its own.
func TestRequestsOf(t *testing.T) {
	requests := lesson.RequestsOf(traces(
		// Two at once, of which the second gets its response first, and another.
		thinker(12, 12, 0, "subject=war", 11, 500), think(12, 13, 12, "war", 12, 499),
		api(1, 1, "subject=war", 0, 510),
		api(2, 2, "subject=work&subject=music", 5, 400),
		thinker(22, 22, 0, "subject=work&subject=music", 20, 390),
		api(3, 3, "subject=war", 1000, 1500),
		thinker(32, 32, 0, "subject=war", 1010, 1490),
		// One that was sent straight to the microservice.
		thinker(42, 42, 0, "subject=art", 2000, 2500),
		span(5, 5, 0, "thinker-api", "start", 0, 1),
	))
	var got []string
	for _, r := range requests {
		line := fmt.Sprintf("%s %d %v:", r.Path, r.Status, r.Took)
		for _, trace := range r.Traces {
			line += fmt.Sprint(" ", trace.ID)
		}
		got = append(got, line)
	}
	want := []string{
		"/think/?subject=war 200 510ms: 1 12",
		"/think/?subject=work&subject=music 200 395ms: 2 22",
		"/think/?subject=war 200 500ms: 3 32",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("requests are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRequested assigns traces to the requests sent before they began.
func TestRequested(t *testing.T) {
	played := []lesson.Exchange{
		{Path: "/think/?subject=war", Sent: time.Unix(0, ms(0)), Took: 500 * time.Millisecond, Status: 200, Body: "{}"},
		{Path: "/think/?subject=art", Sent: time.Unix(0, ms(600)), Took: 500 * time.Millisecond, Status: 200},
	}
	requests := lesson.Requested(played, traces(
		api(2, 2, "subject=art", 601, 1099), api(1, 1, "subject=war", 1, 499), thinker(3, 3, 0, "subject=war", 5, 490),
		span(4, 4, 0, "redis", "hello", -9, -8)))
	if len(requests) != 2 || len(requests[0].Traces) != 2 || requests[0].Traces[0].ID != 1 ||
		len(requests[1].Traces) != 1 {
		t.Errorf("requests are %v", requests)
	}
}

// TestJudge_LiveTraffic judges a learner's requests: the last ones decide, and an expectation
// without a request is unchecked.
func TestJudge_LiveTraffic(t *testing.T) {
	joined := func(trace uint64, at int) []apm.Span {
		return []apm.Span{api(trace, trace, "subject=war", at, at+500),
			thinker(trace, trace+1, trace, "subject=war", at+5, at+495), think(trace, trace+2, trace+1, "war", at+6, at+494)}
	}
	apart := func(trace uint64, at int) []apm.Span {
		return []apm.Span{api(trace, trace, "subject=war", at, at+500),
			thinker(trace+5, trace+6, 0, "subject=war", at+5, at+495), think(trace+5, trace+7, trace+6, "war", at+6, at+494)}
	}
	for _, c := range []struct {
		name  string
		step  int
		spans []apm.Span
		want  string
	}{
		{"nothing yet", 2, nil, "one-trace:unchecked thinker-below-api:unchecked think-below-thinker:unchecked " +
			"error-on-think:unchecked"},
		{"two traces", 1, apart(10, 0), "api-span:passed thinker-span:passed think-span:passed two-traces:passed"},
		{"joined", 2, append(apart(10, 0), joined(20, 1000)...),
			"one-trace:passed thinker-below-api:passed think-below-thinker:passed error-on-think:unchecked"},
		{"apart again", 2, append(joined(20, 0), apart(30, 1000)...),
			"one-trace:failed thinker-below-api:unchecked think-below-thinker:passed error-on-think:unchecked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := states(lesson.Judge(c.step, lesson.RequestsOf(traces(c.spans...)))); got != c.want {
				t.Errorf("is %s, want %s", got, c.want)
			}
		})
	}
}

// TestJudge_IDsAlone expects the likely cause without any recorded headers.
func TestJudge_IDsAlone(t *testing.T) {
	const trace, digits = uint64(0x123456789), 123456789 // the digits are the trace's ID in hexadecimal
	start := api(trace, trace, "subject=war", 0, 500)
	call := span(trace, 77, trace, "thinker-api", "call", 1, 499)
	tagged := thinker(9, 91, 0, "subject=war", 5, 495)
	tagged.Meta["trace_id"] = fmt.Sprint(trace)
	for _, c := range []struct {
		name, fails, cause string
		thinker            apm.Span
	}{
		{"no headers", "one-trace", "Check that the api sends", thinker(9, 91, 0, "subject=war", 5, 495)},
		{"a tag", "one-trace", "Its tag trace_id has the ID of the api's trace, but a tag doesn't connect spans", tagged},
		{"hexadecimal", "one-trace", "X-Datadog-Trace-Id is the right number, but written in hexadecimal",
			thinker(digits, 91, 77, "subject=war", 5, 495)},
		{"swapped", "one-trace", "X-Datadog-Trace-Id is the ID of the thinker-api span call",
			thinker(77, 91, trace, "subject=war", 5, 495)},
		{"another number", "one-trace", "X-Datadog-Trace-Id is none of the api's IDs",
			thinker(4711, 91, 4712, "subject=war", 5, 495)},
		{"no parent", "thinker-below-api", "A trace ID alone doesn't say where a span belongs",
			thinker(trace, 91, 0, "subject=war", 5, 495)},
		{"a parent that is nowhere", "thinker-below-api", "X-Datadog-Parent-Id is none of the api's IDs",
			thinker(trace, 91, 4711, "subject=war", 5, 495)},
		{"a parent in hexadecimal", "thinker-below-api",
			"X-Datadog-Parent-Id is the right number, but written in hexadecimal",
			thinker(trace, 91, digits, "subject=war", 5, 495)},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := []lesson.Request{{Exchange: war, Traces: traces(start, call, c.thinker)}}
			for _, r := range lesson.Judge(2, requests) {
				if r.State != lesson.Failed {
					continue
				}
				if r.ID != c.fails || !strings.HasPrefix(r.Finding.Cause, c.cause) {
					t.Errorf("%s failed: %s\nwant %s: %s…", r.ID, r.Finding.Cause, c.fails, c.cause)
				}
				return
			}
			t.Error("nothing failed")
		})
	}
}

func states(results []lesson.Result) string {
	var out []string
	for _, r := range results {
		out = append(out, r.ID+":"+map[lesson.State]string{lesson.Unchecked: "unchecked", lesson.Passed: "passed",
			lesson.Failed: "failed"}[r.State])
	}
	return strings.Join(out, " ")
}

// TestJudge_SwappedInCode accepts only code that puts each ID into its own header.
func TestJudge_SwappedInCode(t *testing.T) {
	const handler = "package main\nfunc inject(header http.Header, span tracer.Span) {\n%s}\n"
	for _, c := range []struct {
		name, body string
		want       lesson.State
	}{
		{"right", `header.Set("X-Datadog-Trace-Id", fmt.Sprint(span.Context().TraceID()))
header.Set("X-Datadog-Parent-Id", fmt.Sprint(span.Context().SpanID()))
`, lesson.Passed},
		{"one variable for both", `id := span.Context().TraceID()
header.Set("X-Datadog-Trace-Id", fmt.Sprint(id))
id = span.Context().SpanID()
header.Set("X-Datadog-Parent-Id", fmt.Sprint(id))
`, lesson.Passed},
		{"swapped", `header.Set("X-Datadog-Trace-Id", fmt.Sprint(span.Context().SpanID()))
header.Set("X-Datadog-Parent-Id", fmt.Sprint(span.Context().TraceID()))
`, lesson.Failed},
		{"swapped in a variable", `id := span.Context().SpanID()
header.Set("X-Datadog-Trace-Id", fmt.Sprint(id))
`, lesson.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := []lesson.Request{{
				Exchange: war, Code: lesson.Code{"api/trace.go": fmt.Sprintf(handler, c.body)},
				Traces: traces(api(1, 1, "subject=war", 0, 500), thinker(1, 2, 1, "subject=war", 5, 495)),
			}}
			if r := lesson.Judge(2, requests)[1]; r.State != c.want {
				t.Errorf("%s is %d, want %d: %+v", r.ID, r.State, c.want, r.Finding)
			}
		})
	}
}

// TestJudge_HeadersInCode finds out from the code where an api sets its headers.
func TestJudge_HeadersInCode(t *testing.T) {
	const (
		traceID  = `header.Set("X-Datadog-Trace-Id", strconv.FormatUint(span.Context().TraceID(), 10))`
		parentID = `header.Set("X-Datadog-Parent-Id", strconv.FormatUint(span.Context().SpanID(), 10))`
		inject   = "func inject(ctx context.Context, header http.Header) {\n" + traceID + "\n" + parentID + "\n}\n"
		handler  = "func (a *api) think(r *http.Request) (any, error) {\n%s\n}\n"
	)
	for _, c := range []struct{ name, body, functions, cause string }{
		{"nowhere", "return serve.Fetch(a.client, req)", "", "Set them on req, before serve.Fetch sends it."},
		{"never called", "return serve.Fetch(a.client, req)", inject, "The api never calls inject, which sets them."},
		{"incoming request", "inject(ctx, r.Header)\nreturn serve.Fetch(a.client, req)", inject,
			"The api sets them on r.Header. That's the request it received."},
		{"after the call", "response, err := serve.Fetch(a.client, req)\ninject(ctx, req.Header)\nreturn response, err",
			inject, "The api sets them after serve.Fetch has sent the request."},
		{"without a function", "response, err := a.client.Do(req)\n" + strings.ReplaceAll(traceID, "header", "req.Header"),
			"", "The api sets them after a.client.Do has sent the request."},
		{"request as a parameter", "inject(req)\nreturn serve.Fetch(a.client, other)",
			"func inject(r *http.Request) {\n" + strings.ReplaceAll(traceID, "header", "r.Header") + "\n}\n",
			"The api sets them on req.Header, but that isn't the request it sends"},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := []lesson.Request{{
				Exchange: war, Headers: http.Header{"Accept": {"*/*"}},
				Code:   lesson.Code{"api/main.go": "package main\n" + fmt.Sprintf(handler, c.body) + c.functions},
				Traces: traces(api(1, 1, "subject=war", 0, 500), thinker(9, 91, 0, "subject=war", 5, 495)),
			}}
			r := lesson.Judge(2, requests)[0]
			if r.State != lesson.Failed || !strings.Contains(r.Finding.Cause, c.cause) {
				t.Errorf("the cause is %+v, want %s", r.Finding, c.cause)
			}
		})
	}
}
