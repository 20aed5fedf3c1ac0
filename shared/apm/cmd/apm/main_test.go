package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm/agent"
)

func TestServe_WrongUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"unknown flag: --nonsense":                   {"--nonsense"},
		`unknown command "sarch". Use search,`:       {"sarch"},
		"--max-spans 0 is out of range":              {"--max-spans", "0"},
		`invalid argument "x" for "--max-spans"`:     {"--max-spans", "x"},
		"Use host:port":                              {"--addr", "8126"},
		"a name is empty":                            {"--allow-host", "a,,b"},
		"--db and --memory can't be used together":   {"--db", "a", "--memory"},
		"--db is empty. Use the path of a directory": {"--db", ""},
		"use a size of 1MiB or more, such as 512MiB": {"--max-bytes", "512KiB"},
		`invalid argument "1.5GiB"`:                  {"--max-bytes", "1.5GiB"},
		`invalid argument "99999999999GiB"`:          {"--max-bytes", "99999999999GiB"},
	} {
		_, _, err := try(t, args...)
		var wrong usageError
		if !errors.As(err, &wrong) || wrong.command != "apm" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
}

// TestHelp checks that each command's help states its flags and limits.
func TestHelp(t *testing.T) {
	for command, wants := range map[string][]string{
		"": {
			"--addr", "--socket", "--max-spans", "--allow-host", "--healthcheck", "--services", "--version", "8125", "in memory",
			".workshop/traces", "2000000", "1GiB", "Not supported: metrics", "search", "run", "load", "export", "import", "clear",
		},
		"search": {"--scope", "--limit", "APM_ADDR", "'QUERY'"},
		"run":    {"--keep", "127", "-- COMMAND"},
		"load": {
			"of 6 spans each", "(default 4)", "a multiple of 6", "(default 600)", "APM_ADDR", "--spread", "--json",
		},
		"export": {"--addr", "APM_ADDR", "TRACE > FILE"},
		"import": {"--addr", "APM_ADDR", "FILE…"},
		"clear":  {"--addr", "APM_ADDR", "--yes"},
	} {
		out, _, err := try(t, append(strings.Fields(command), "--help")...)
		for _, want := range wants {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("apm %s --help: %v: no %q in\n%s", command, err, want, out)
			}
		}
	}
}

// TestServe_Settings checks flags and environment variables.
func TestServe_Settings(t *testing.T) {
	t.Setenv("APM_ADDR", "localhost:0")
	t.Chdir(t.TempDir())
	for range 2 { // the directory is missing, then not
		ctx, stop := context.WithCancel(t.Context())
		line, more, ended := serveUntil(ctx, t, "--allow-host", "agent, box", "--allow-host", "other", "--max-bytes", "4096KiB")
		_, url, _ := strings.Cut(strings.TrimSpace(line), "apm is listening on ")
		for host, want := range map[string]int{"box": http.StatusOK, "other": http.StatusOK, "another": http.StatusForbidden} {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/traces", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("host %s: status %d, want %d", host, response.StatusCode, want)
			}
		}
		_, _ = more.ReadString('\n')
		wd, _ := os.Getwd()
		where, err := more.ReadString('\n')
		if err != nil || where != "Traces are stored in "+filepath.Join(wd, defaultDB)+"\n" {
			t.Errorf("it prints %q, %v", where, err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if ignored, err := os.ReadFile(filepath.Join(".workshop", ".gitignore")); err != nil || string(ignored) != "*\n" {
			t.Errorf("%q, %v", ignored, err)
		}
		if info, err := os.Stat(defaultDB); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read the traces: %v", err)
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
		err := run(ctx, args, nil, in, io.Discard)
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
	line, more, ended := serveUntil(ctx, t, "--addr", "localhost:0", "--db", filepath.Join(t.TempDir(), "traces"))
	_, rest, _ := strings.Cut(line, "http://")
	addr := strings.TrimSpace(rest)
	if second, err := more.ReadString('\n'); err != nil || second != "To send a service's traces here, set DD_TRACE_AGENT_URL=http://"+addr+"\n" {
		t.Errorf("it prints %q and %q, %v", line, second, err)
	}
	if err := run(ctx, []string{"--healthcheck", "--addr", addr}, nil, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	if err := run(ctx, []string{"--healthcheck", "--addr", ":" + port}, nil, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	if err := run(ctx, []string{"--memory", "--addr", addr}, nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), addr+" is already in use, perhaps by another Agent. Stop it, or choose another port: --addr localhost:") {
		t.Errorf("port taken: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"--healthcheck", "--addr", addr}, nil, io.Discard, io.Discard); err == nil {
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
	err = run(ctx, []string{"--memory", "--addr", "localhost:0", "--socket", socket}, nil, io.Discard, io.Discard)
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
		notes:                        notes + " is not a directory of traces. It was not changed. ",
		inUse:                        inUse + " is in use by another program. It was not changed. ",
		dir:                          dir + " is a directory with other files. It was not changed. ",
		filepath.Join(notes, "t.db"): "could not open the stored traces " + filepath.Join(notes, "t.db") + ": ",
	} {
		err := run(t.Context(), []string{"--addr", "localhost:0", "--db", path}, nil, io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), " To store traces elsewhere: --db DIR, or --memory") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestVersion(t *testing.T) {
	var stdout strings.Builder
	if err := run(t.Context(), []string{"--version"}, nil, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); !strings.HasPrefix(got, "apm ") || !strings.Contains(got, ", built with go1.") {
		t.Errorf("apm --version prints %q", got)
	}
}
