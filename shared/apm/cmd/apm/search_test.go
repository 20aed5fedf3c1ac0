package main

import (
	"context"
	"errors"
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
			{TraceID: uint64(id + 1), SpanID: 2, ParentID: 1, Service: "thinker", Start: 1e18, Error: subject == "art", Meta: map[string]string{"subject": subject}},
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

func TestSearch(t *testing.T) {
	addr := running(t)
	stdout, stderr, err := try(t, "search", "--addr", addr, "@subject:(war OR art)")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if err != nil || stderr != "" || len(lines) != 2 {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	for i, want := range []string{"api  GET /art  504 ms  1 error  http://" + addr + "/trace/2", "api  GET /war  504 ms  OK       http://" + addr + "/trace/1"} {
		if !strings.HasPrefix(lines[i], "2001-09-") || !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d is %s, want …%s", i, lines[i], want)
		}
	}
	if stdout, stderr, err := try(t, "search", "--addr", addr, "--limit", "1", ""); err != nil || strings.Count(stdout, "\n") != 1 || !strings.Contains(stderr, "Showing the newest 1. To see more, ") || strings.ContainsAny(stdout, "\x1b\t") {
		t.Errorf("%v\n%q%s", err, stdout, stderr)
	}
	if stdout, stderr, err := try(t, "search", "--addr", addr, "--scope", "root", "--", "-service:api"); err != nil || stdout != "" || stderr != "No traces match\n" {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
}

func TestSearch_Addr(t *testing.T) {
	addr := running(t)
	t.Setenv("APM_ADDR", addr)
	if out, _, err := try(t, "search", "@subject:war"); err != nil || !strings.Contains(out, "/trace/1\n") {
		t.Errorf("%v %s", err, out)
	}
}

func TestSearch_WrongUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no query":          {nil, "expected one query"},
		"two queries":       {[]string{"service:a", "duration:5"}, "expected one query"},
		"begins with minus": {[]string{"-service:a"}, "after --"},
		"limit":             {[]string{"--limit", "0", "a"}, "--limit 0 is out of range: use 1 to 1000"},
		"scope":             {[]string{"--scope", "some", "a"}, `--scope: unknown scope "some"; use all, service-entry or root`},
		"address":           {[]string{"--addr", "8126", "a"}, "Use host:port"},
		"query":             {[]string{"service:"}, "at the end of the query: expected a value"},
	} {
		_, stderr, err := try(t, append([]string{"search"}, c.args...)...)
		var wrong usageError
		if !errors.As(err, &wrong) || wrong.command != "apm search" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if name == "query" && stderr != "service:\n        ^\n" {
			t.Errorf("no caret: %q", stderr)
		}
	}
}

func TestSearch_NoAgent(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	addr := strings.TrimPrefix(gone.URL, "http://")
	if _, _, err := try(t, "search", "--addr", addr, "a"); err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "Is it an apm?") {
		t.Errorf("another server: %v", err)
	}
	gone.Close()
	if _, _, err := try(t, "search", "--addr", addr, "a"); err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "nothing is listening there") {
		t.Errorf("no server: %v", err)
	}
}

func TestSearch_ErrorOfTheAgent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"detail":"An older apm does not know this.\u001b[2J"}`)
	}))
	defer server.Close()
	if _, _, err := try(t, "search", "--addr", strings.TrimPrefix(server.URL, "http://"), "a"); err == nil || !strings.Contains(err.Error(), "does not know this. [2J") {
		t.Errorf("%q", err)
	}
}
