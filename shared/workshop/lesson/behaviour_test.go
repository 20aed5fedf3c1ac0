package lesson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/apmtest"
	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestServices checks what all steps' services have in common, whatever they trace.
func TestServices(t *testing.T) {
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			running, ports, logs := up(t, step, "")
			api, thinker := fmt.Sprintf("http://localhost:%d", ports.API), fmt.Sprintf("http://localhost:%d", ports.Thinker)

			for _, c := range []struct {
				request string
				status  int
				answer  string
			}{
				{"GET " + api + "/think/?subject=war&subject=work&subject=war", 200, `"author":"Agatha Christie"`},
				{"GET " + api + "/think/", 400,
					"a request needs 1 to 16 subjects, for example /think/?subject=war; the known subjects are religion, " +
						"technology, war, work, music and mankind"},
				{"GET " + api + "/think/?subject=" + strings.Repeat("x", 65), 400, "1 to 64 characters"},
				{"POST " + api + "/think/?subject=war", 405, "only GET"},
				{"GET " + api + "/nowhere", 404, "/think/?subject=war"},
				{"GET " + api + "/think", 404, "/think/?subject=war"},
				{"GET " + api + "/healthz", 200, "ok"},
				{"GET " + thinker + "/", 400, "a request needs 1 to 16 subjects, for example /?subject=war"},
				{"POST " + thinker + "/?subject=war", 405, "only GET"},
				{"GET " + thinker + "/nowhere", 404, "/?subject=war"},
				{"GET " + thinker + "/healthz", 200, "ok"},
			} {
				status, answer := ask(t, c.request)
				if status != c.status || !strings.Contains(answer, c.answer) {
					t.Errorf("%s answers %d %s, want %d …%s…", c.request, status, answer, c.status, c.answer)
				}
			}

			if err := running.Thinker.Stop(); err != nil {
				t.Error(err)
			}
			status, answer := ask(t, "GET "+api+"/think/?subject=war")
			if status != 502 || !strings.Contains(answer, fmt.Sprintf("localhost:%d didn't respond: ", ports.Thinker)) {
				t.Errorf("without a thinker the api answers %d %s, want 502 and the thinker's address", status, answer)
			}

			if err := running.StopServices(); err != nil {
				t.Error(err)
			}
			traces := apmtest.Of(t, running.Agent).Traces()
			checkSpans(t, traces)
			checkLogs(t, step, logs, traces)
		})
	}
}

func checkSpans(t *testing.T, traces []apm.Trace) {
	var thoughts []string
	failed := 0
	for _, trace := range traces {
		for _, span := range trace.Spans {
			if strings.Contains(span.Resource+span.Meta["http.url"], "healthz") {
				t.Errorf("a health check was traced: %+v", span)
			}
			if span.Name == "think" {
				thoughts = append(thoughts, span.Meta["subject"])
			}
			if span.Service == "thinker-api" && span.Resource == "GET /think/" && span.Meta["http.status_code"] == "502" {
				failed++
				if !span.Error || span.ErrorMessage() == "" {
					t.Errorf("the api's span for the request that failed carries no error: %+v", span)
				}
				// The library's router makes its error of the status, which has no stack.
				if span.Meta["component"] == "" && span.ErrorStack() == "" {
					t.Errorf("the error that the api reports itself has no stack: %+v", span)
				}
			}
			if span.Meta["env"] != "workshop" || span.Meta["version"] == "" {
				if span.ParentID == 0 {
					t.Errorf("a trace without env and version: %+v", span)
				}
			}
		}
	}
	if got := strings.Join(thoughts, " "); got != "war work" {
		t.Errorf("thought about %q, want each subject once, in order: war work", got)
	}
	if failed != 1 {
		t.Errorf("%d spans for the request that failed, want 1", failed)
	}
}

var loggedIDs = regexp.MustCompile(`dd\.trace_id=[0-9a-f]{16}([0-9a-f]{16}) dd\.span_id=(\d+)`)

// checkLogs looks for the span of each line about a request. Before step 3, lines
// have no IDs.
func checkLogs(t *testing.T, step int, logs *logs, traces []apm.Trace) {
	spans := map[string]bool{}
	for _, trace := range traces {
		for _, span := range trace.Spans {
			spans[fmt.Sprintf("%016x %d", trace.ID, span.SpanID)] = true
		}
	}
	lines := logs.with("subjects=")
	if len(lines) < 3 {
		t.Errorf("%d lines about requests, want two for the request that worked, and one for the one that failed", len(lines))
	}
	for _, line := range lines {
		if ids := loggedIDs.FindStringSubmatch(line); step >= 3 && (ids == nil || !spans[ids[1]+" "+ids[2]]) {
			t.Errorf("no span belongs to the line %s", line)
		} else if step < 3 && strings.Contains(line, "dd.") {
			t.Errorf("a line has IDs, which the library adds from step 3 on: %s", line)
		}
	}
	if warnings := logs.with("Datadog Tracer"); len(warnings) > 0 {
		t.Errorf("the tracer logged %q", warnings)
	}
}

// TestServices_OddHeaders sends step02's microservice what other callers might send: each
// request starts a trace of its own.
func TestServices_OddHeaders(t *testing.T) {
	running, ports, _ := up(t, 2, "")
	odd := []http.Header{
		{},
		{"X-Datadog-Trace-Id": {"12345"}},
		{"X-Datadog-Parent-Id": {"12345"}},
		{"X-Datadog-Trace-Id": {"abc"}, "X-Datadog-Parent-Id": {"12345"}},
		{"X-Datadog-Trace-Id": {"12345"}, "X-Datadog-Parent-Id": {"1.5"}},
		{"X-Datadog-Trace-Id": {"99999999999999999999999"}, "X-Datadog-Parent-Id": {"1"}},
		{"X-Datadog-Trace-Id": {"0"}, "X-Datadog-Parent-Id": {"0"}},
	}
	for _, header := range odd {
		url := fmt.Sprintf("http://localhost:%d/?subject=war", ports.Thinker)
		if status, _ := need.Get(t, url, header); status != http.StatusOK {
			t.Errorf("%v: %d", header, status)
		}
	}
	if err := running.StopServices(); err != nil {
		t.Error(err)
	}
	traces := apmtest.Of(t, running.Agent).Traces()
	if len(traces) != len(odd) {
		t.Errorf("%d traces for %d requests", len(traces), len(odd))
	}
	for _, trace := range traces {
		if roots := trace.Tree(); len(roots) != 1 || roots[0].Orphan {
			t.Errorf("a trace that is no tree of its own: %+v", trace.Spans)
		}
	}
}

// TestServices_CommandLine runs each service from the command line.
func TestServices_CommandLine(t *testing.T) {
	taken, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	defer stranger.Close()
	strange := strings.TrimPrefix(stranger.URL, "http://")
	root := checkout.Root(t)

	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			binaries, err := runner.Build(need.Context(t), root, filepath.Join(built, "bin"), runner.Target{Step: step}, race,
				func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			type program struct {
				program   string
				arguments []string
				env       string
				code      int
				output    string
			}
			programs := []program{
				{binaries.API, []string{"--help"}, "", 0, "THINKER_URL"},
				{binaries.Thinker, []string{"--help"}, "", 0, "how long a thought takes, also as THINK_DELAY (default 500ms)"},
				{binaries.API, nil, "THINKER_URL=thinker", 2,
					`invalid value "thinker" for flag -thinker-url: use a value such as http://localhost:5001`},
				{binaries.API, nil, "THINKER_URL=httpx://thinker", 2, `invalid value "httpx://thinker" for flag -thinker-url`},
				{binaries.API, nil, "LISTEN_ADDR=5000", 2,
					`invalid value "5000" for flag -listen-addr: use a value such as localhost:5000`},
				{binaries.Thinker, nil, "THINK_DELAY=long", 2, `invalid value "long" for flag -think-delay`},
				{binaries.API, []string{"--port", "1"}, "", 2, `flag provided but not defined: -port`},
				{binaries.API, nil, "LISTEN_ADDR=" + addr, 1, "thinker-api: listen tcp "},
				{binaries.API, []string{"--healthcheck"}, "LISTEN_ADDR=127.0.0.1:1", 1, "refused"},
				{binaries.API, []string{"--healthcheck"}, "LISTEN_ADDR=" + strange, 1, "403"},
			}
			if step >= 4 {
				programs = append(programs, program{binaries.Thinker, nil, "DATABASE=no/such/directory.db", 1,
					"restore the thoughts in no/such/directory.db"})
			}
			if step >= 5 {
				programs = append(programs, program{binaries.Thinker, nil, "REDIS_ADDR=redis://localhost", 2,
					`invalid value "redis://localhost" for flag -redis-addr: use a value such as localhost:6379`})
			}
			for _, c := range programs {
				cmd := exec.CommandContext(need.Context(t), c.program, c.arguments...)
				cmd.Dir = t.TempDir()
				cmd.Env = append(os.Environ(), "DD_TRACE_STARTUP_LOGS=false", "DD_INSTRUMENTATION_TELEMETRY_ENABLED=false", c.env)
				output, _ := cmd.CombinedOutput()
				if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(output), c.output) {
					t.Errorf("%s %s %v exits with %d and says %s; want %d and %q", c.env, c.program, c.arguments, code, output,
						c.code, c.output)
				}
			}
		})
	}
}

// TestServices_Signal interrupts a service as a terminal and Docker do.
func TestServices_Signal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	running, ports, _ := up(t, 1, "")
	if status, _ := ask(t, fmt.Sprintf("GET http://localhost:%d/think/?subject=war", ports.API)); status != 200 {
		t.Fatalf("status %d", status)
	}
	for _, p := range []*runner.Process{running.API, running.Thinker} {
		if err := p.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		<-p.Ended()
		if err := p.Stop(); err != nil {
			t.Errorf("interrupted, %s did not end well: %v", p.Name, err)
		}
	}
	traces, err := (&client.Client{Agent: running.Agent.URL()}).Traces(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if len(traces) != 2 {
		t.Errorf("%d traces, want the 2 that were sent before the services ended", len(traces))
	}
}

func ask(t *testing.T, request string) (status int, answer string) {
	t.Helper()
	method, url, _ := strings.Cut(request, " ")
	req, err := http.NewRequestWithContext(need.Context(t), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(errors.Join(errors.New(request), err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
