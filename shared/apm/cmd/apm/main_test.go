package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm/agent"
)

func noEnv(string) string { return "" }

func TestServe_WrongUsage(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"serve"}, {"--max-spans", "0"}, {"--max-spans", "x"}, {"--addr", "8126"}, {"--allow-host", "a,,b"}} {
		err := run(t.Context(), args, noEnv, io.Discard, io.Discard)
		var wrong usageError
		if !errors.As(err, &wrong) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestOptions(t *testing.T) {
	env := func(name string) string { return map[string]string{"APM_ADDR": ":9126"}[name] }
	opts, err := parse([]string{"--allow-host", "agent, box", "--allow-host", "other", "--max-spans", "5", "--socket", "apm.socket"}, env)
	if err != nil {
		t.Fatal(err)
	}
	if opts.config.Addr != ":9126" || opts.config.MaxSpans != 5 || opts.config.Socket != "apm.socket" || strings.Join(opts.config.AllowHosts, " ") != "agent box other" {
		t.Errorf("%+v", opts)
	}
	if opts, _ := parse([]string{"--addr", "localhost:1"}, env); opts.config.Addr != "localhost:1" {
		t.Errorf("the flag does not win over the environment: %+v", opts)
	}
}

func TestHelp_StatesTheLimits(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"--help"}, noEnv, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--addr", "--socket", "--max-spans", "--allow-host", "--healthcheck", "--services", "--version", "8125", "in memory", ".workshop/traces.db", "2000000", "1GiB", "Not supported: metrics"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the help lacks %q", want)
		}
	}
}

// serveUntil runs apm until ctx is done. It returns the first line that apm prints,
// and a reader of the others.
func serveUntil(ctx context.Context, t *testing.T, args ...string) (line string, more *bufio.Reader, ended <-chan error) {
	t.Helper()
	out, in := io.Pipe()
	end := make(chan error, 1)
	go func() {
		err := run(ctx, args, noEnv, in, io.Discard)
		_ = in.CloseWithError(err) // which says so to who waits for a line
		end <- err
	}()
	more = bufio.NewReader(out)
	line, err := more.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line, more, end
}

func TestServe_HealthcheckAndStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	line, more, ended := serveUntil(ctx, t, "--addr", "localhost:0", "--db", filepath.Join(t.TempDir(), "traces.db"))
	_, rest, _ := strings.Cut(line, "http://")
	addr := strings.TrimSpace(rest)
	if second, err := more.ReadString('\n'); err != nil || second != "To send a service's traces here, set DD_TRACE_AGENT_URL=http://"+addr+"\n" {
		t.Errorf("it prints %q and %q, %v", line, second, err)
	}
	if err := run(ctx, []string{"--healthcheck", "--addr", addr}, noEnv, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	if err := run(ctx, []string{"--healthcheck", "--addr", ":" + port}, noEnv, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	if err := run(ctx, []string{"--memory", "--addr", addr}, noEnv, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), addr+" is already in use, perhaps by another Agent. Stop it, or choose another port: --addr localhost:") {
		t.Errorf("port taken: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"--healthcheck", "--addr", addr}, noEnv, io.Discard, io.Discard); err == nil {
		t.Error("the health check of nothing succeeds")
	}
}

func TestServe_Socket(t *testing.T) {
	dir, err := os.MkdirTemp("", "apm") // whose name is short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "apm.socket")
	ctx, stop := context.WithCancel(t.Context())
	line, _, ended := serveUntil(ctx, t, "--addr", "localhost:0", "--memory", "--socket", socket)
	if !strings.Contains(line, " and unix://"+socket+"\n") {
		t.Fatalf("it says %q", line)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	err = run(ctx, []string{"--memory", "--addr", "localhost:0", "--socket", socket}, noEnv, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "another program is already listening there") || strings.Contains(err.Error(), "--addr") {
		t.Errorf("socket taken: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestServe_UnusableFile wants one line that says what is wrong, and what to do.
func TestServe_UnusableFile(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(notes, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := filepath.Join(dir, "t.db")
	a, err := agent.Start(agent.Config{Addr: "localhost:0", DB: inUse})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close(t.Context()) }()
	for path, want := range map[string]string{
		notes:                        notes + " is not a database of traces. It was not changed. ",
		inUse:                        inUse + " is in use by another program. It was not changed. ",
		dir:                          dir + " is not a file. It was not changed. ",
		filepath.Join(notes, "t.db"): "could not open the trace file " + filepath.Join(notes, "t.db") + ": make the directory: ",
	} {
		err := run(t.Context(), []string{"--addr", "localhost:0", "--db", path}, noEnv, io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), " To store traces elsewhere: --db FILE, or --memory") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestVersion(t *testing.T) {
	var stdout strings.Builder
	if err := run(t.Context(), []string{"--version"}, noEnv, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); !strings.HasPrefix(got, "apm ") || !strings.Contains(got, ", built with go1.") {
		t.Errorf("apm --version prints %q", got)
	}
}
