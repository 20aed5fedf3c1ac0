package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
)

// running starts an agent with three traces and returns its address.
func running(t *testing.T) string {
	t.Helper()
	a, err := agent.Start(agent.Config{Addr: "localhost:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.WithoutCancel(t.Context())) })
	for id, subject := range []string{"war", "art", "evil\x1b[2J\ttab"} {
		err := a.Store().Add(t.Context(), []apm.Span{
			{TraceID: uint64(id + 1), SpanID: 1, Service: "api", Resource: "GET /" + subject, Start: 1e18, Duration: 504e6},
			{TraceID: uint64(id + 1), SpanID: 2, ParentID: 1, Service: "thinker", Start: 1e18,
				Error: subject == "art", Meta: map[string]string{"subject": subject}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return strings.TrimPrefix(a.URL(), "http://")
}

// try runs a command and returns what it prints.
func try(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return tryWith(t, "", args...)
}

// tryWith runs a command with something on its standard input.
func tryWith(t *testing.T, input string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, problems strings.Builder
	err = run(t.Context(), args, strings.NewReader(input), &out, &problems)
	return out.String(), problems.String(), err
}

// wantError checks that an error is one line with these texts.
func wantError(t *testing.T, err error, wants ...string) {
	t.Helper()
	text := fmt.Sprint(err)
	for _, want := range wants {
		if err == nil || !strings.Contains(text, want) || strings.Contains(text, "\n") {
			t.Errorf("the error is %q, want %q in one line", text, want)
		}
	}
}

func TestSearch(t *testing.T) {
	addr := running(t)
	stdout, stderr, err := try(t, "search", "--addr", addr, "@subject:(war OR art)")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if err != nil || stderr != "" || len(lines) != 2 {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	for i, want := range []string{
		"api  GET /art  504 ms  1 error  http://" + addr + "/trace/2",
		"api  GET /war  504 ms  OK       http://" + addr + "/trace/1",
	} {
		if !strings.HasPrefix(lines[i], "2001-09-") || !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d is %s, want …%s", i, lines[i], want)
		}
	}
	stdout, stderr, err = try(t, "search", "--addr", addr, "--limit", "1", "")
	if err != nil || strings.Count(stdout, "\n") != 1 || strings.ContainsAny(stdout, "\x1b\t") ||
		!strings.Contains(stderr, "Showing the newest 1. To see more, ") {
		t.Errorf("%v\n%q%s", err, stdout, stderr)
	}
	stdout, stderr, err = try(t, "search", "--addr", addr, "--scope", "root", "--", "-service:api")
	if err != nil || stdout != "" || stderr != "No traces match\n" {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
	if _, stderr, _ := try(t, "search", "service:"); stderr != "service:\n        ^\n" {
		t.Errorf("no caret: %q", stderr)
	}
}

func TestSearch_Addr(t *testing.T) {
	addr := running(t)
	t.Setenv("APM_ADDR", addr)
	if out, _, err := try(t, "search", "@subject:war"); err != nil || !strings.Contains(out, "/trace/1\n") {
		t.Errorf("%v %s", err, out)
	}
}

func TestSearch_ErrorOfTheAgent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"detail":"An older apm does not know this.\u001b[2J"}`)
	}))
	defer server.Close()
	_, _, err := try(t, "search", "--addr", strings.TrimPrefix(server.URL, "http://"), "a")
	wantError(t, err, "does not know this. [2J")
}
