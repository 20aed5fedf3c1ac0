package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/fetch"
)

// TestUsage_Errors checks that a mistake on the command line is one line, and refers to the
// help of its command.
func TestUsage_Errors(t *testing.T) {
	const noPort, tooSmall = "Use host:port", "is out of range: use more than 0"
	for command, mistakes := range map[string][]struct {
		args []string
		want string
	}{
		"": {
			{[]string{"--nonsense"}, "unknown flag: --nonsense"},
			{[]string{"sarch"}, `unknown command "sarch". Use search,`},
			{[]string{"--max-spans", "0"}, "--max-spans 0 is out of range"},
			{[]string{"--max-spans", "x"}, `invalid argument "x" for "--max-spans"`},
			{[]string{"--addr", "8126"}, noPort},
			{[]string{"--allow-host", "a,,b"}, "a name is empty"},
			{[]string{"--db", "a", "--memory"}, "--db and --memory can't be used together"},
			{[]string{"--db", ""}, "--db is empty. Use the path of a directory"},
			{[]string{"--max-bytes", "512KiB"}, "use a size of 1MiB or more, such as 512MiB"},
			{[]string{"--max-bytes", "1.5GiB"}, `invalid argument "1.5GiB"`},
			{[]string{"--max-bytes", "99999999999GiB"}, `invalid argument "99999999999GiB"`},
		},
		"search": {
			{nil, "expected one query"},
			{[]string{"service:a", "duration:5"}, "expected one query"},
			{[]string{"-service:a"}, "after --"},
			{[]string{"--limit", "0", "a"}, "--limit 0 is out of range: use 1 to 1000"},
			{[]string{"--scope", "some", "a"}, `--scope: unknown scope "some"; use all, service-entry or root`},
			{[]string{"--addr", "8126", "a"}, noPort},
			{[]string{"service:"}, "at the end of the query: expected a value"},
		},
		"load": {
			{[]string{"--for", "0"}, "--for 0s " + tooSmall},
			{[]string{"--spans", "-5"}, "--spans -5 " + tooSmall},
			{[]string{"--connections", "0"}, "--connections 0"},
			{[]string{"--payload", "7"}, "payload 7 is out of range: use a multiple of 6"},
			{[]string{"10s"}, "unexpected argument"},
			{[]string{"--addr", "8126"}, noPort},
			{[]string{"--nonsense"}, "unknown flag: --nonsense"},
			{[]string{"--rate", "-1"}, "rate -1 is out of range: use 0"},
			{[]string{"--attributes", "20000"}, "attributes 20000 is out of range: use 0 to 1000"},
		},
		"export": {
			{nil, "expected the ID of one trace"},
			{[]string{"1", "2"}, "got 2 arguments"},
			{[]string{"--nonsense", "1"}, "nonsense"},
			{[]string{"--addr", "8126", "1"}, noPort},
		},
		"import": {{nil, "no files given"}, {[]string{"--addr", "8126", "-"}, noPort}},
		"clear":  {{[]string{"all"}, `unexpected argument "all"`}, {[]string{"--addr", "8126", "--yes"}, noPort}},
	} {
		for _, m := range mistakes {
			_, _, err := try(t, append(strings.Fields(command), m.args...)...)
			wantError(t, err, m.want)
			wrong, _ := errors.AsType[usageError](err)
			if want := strings.TrimSpace("apm " + command); wrong.command != want {
				t.Errorf("%v: %v refers to the help of %q, want %q", m.args, err, wrong.command, want)
			}
		}
	}
}

// TestRemote_NoAgent runs each command when another program is listening, and when none is.
func TestRemote_NoAgent(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	addr := strings.TrimPrefix(other.URL, "http://")
	const trace = `{"trace_id":"1","spans":[{"trace_id":"1","span_id":"1"}]}`
	for _, want := range []string{"Is it an apm?", "nothing is listening there. Start apm, or give its address"} {
		for _, args := range [][]string{
			{"search", "a"}, {"load", "--spans", "6"}, {"export", "1"}, {"import", "-"}, {"clear", "--yes"},
		} {
			_, _, err := tryWith(t, trace, append(args, "--addr", addr)...)
			wantError(t, err, addr, want)
		}
		other.Close()
	}
}

// TestHelp checks that each command's help states its flags and limits.
func TestHelp(t *testing.T) {
	for command, wants := range map[string][]string{
		"": {
			"--addr", "--socket", "--max-spans", "--allow-host", "--healthcheck", "--services", "--version", "8125", "in memory",
			".workshop/traces", "2000000", "1GiB", "Not supported: metrics",
			"search", "run", "load", "export", "import", "clear",
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
		line, more, ended := serveUntil(ctx, t,
			"--allow-host", "agent, box", "--allow-host", "other", "--max-bytes", "4096KiB")
		_, url, _ := strings.Cut(strings.TrimSpace(line), "apm is listening on ")
		for host, want := range map[string]int{"box": 200, "other": 200, "another": 403} {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/traces", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			response, err := fetch.Do(fetch.Direct(), request, fetch.Limit)
			if err != nil || response.Status != want {
				t.Errorf("host %s: status %d, want %d: %v", host, response.Status, want, err)
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
func serveUntil(ctx context.Context, t *testing.T, args ...string) (string, *bufio.Reader, <-chan error) {
	t.Helper()
	out, in := io.Pipe()
	end := make(chan error, 1)
	go func() {
		err := run(ctx, args, nil, in, io.Discard)
		_ = in.CloseWithError(err) // which says so to who waits for a line
		end <- err
	}()
	more := bufio.NewReader(out)
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
	second, err := more.ReadString('\n')
	if err != nil || second != "To send a service's traces here, set DD_TRACE_AGENT_URL=http://"+addr+"\n" {
		t.Errorf("it prints %q and %q, %v", line, second, err)
	}
	_, port, _ := net.SplitHostPort(addr)
	for _, addr := range []string{addr, ":" + port} {
		if _, _, err := try(t, "--healthcheck", "--addr", addr); err != nil {
			t.Error(err)
		}
	}
	_, _, err = try(t, "--memory", "--addr", addr)
	wantError(t, err, addr+" is already in use, perhaps by another Agent. "+
		"Stop it, or choose another port: --addr localhost:")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, _, err := try(t, "--healthcheck", "--addr", addr); err == nil {
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
	_, _, err = try(t, "--memory", "--addr", "localhost:0", "--socket", socket)
	wantError(t, err, "another program is already listening there")
	if strings.Contains(fmt.Sprint(err), "--addr") {
		t.Errorf("%v: another port wouldn't help", err)
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
		_, _, err := try(t, "--addr", "localhost:0", "--db", path)
		wantError(t, err, want, " To store traces elsewhere: --db DIR, or --memory")
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
