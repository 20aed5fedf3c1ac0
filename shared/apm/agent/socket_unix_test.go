//go:build unix

package agent_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/fetch"
)

// socketPath returns a path that is short enough for a socket, unlike some of t.TempDir.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "apm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "apm.socket")
}

// overSocket sends a request such as GET /info to a socket, and returns the status and the
// body of the response. Tracers make a host's name of the socket's path; that's the default.
func overSocket(t *testing.T, path, host, request string) (int, string) {
	t.Helper()
	if host == "" {
		host = "UDS_" + strings.NewReplacer(":", "_", "/", "_", `\`, "_").Replace(path)
	}
	transport := fetch.Direct()
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // an event stream would never end
	defer cancel()
	method, address, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(ctx, method, "http://"+host+address, strings.NewReader(onePayload))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := fetch.Do(transport, r, fetch.Limit)
	if err != nil {
		return 0, err.Error()
	}
	return response.Status, string(response.Body)
}

// TestStart_Socket checks that clients of the socket can send spans, and can neither read nor
// clear traces, whatever host they name.
func TestStart_Socket(t *testing.T) {
	path := socketPath(t)
	a := start(t, agent.Config{Socket: path})
	for _, host := range []string{"", "localhost", strings.TrimPrefix(a.URL(), "http://")} {
		for request, want := range map[string]int{
			"POST /v0.4/traces": 200, "GET /info": 200, "GET /healthz": 200, "POST /v9/traces": 404,
		} {
			if code, body := overSocket(t, path, host, request); code != want {
				t.Errorf("%s to %s: status %d, want %d: %s", request, host, code, want, body)
			}
		}
		for _, request := range []string{
			"GET /", "GET /traces", "GET /trace/1", "GET /api/traces", "GET /api/traces/1", "GET /api/events",
			"GET /api/intake", "GET /intake", "GET /static/page.mjs", "DELETE /api/traces", "HEAD /traces",
			"OPTIONS /traces",
		} {
			code, body := overSocket(t, path, host, request)
			explained := strings.Contains(body, "only receives spans") && strings.Contains(body, a.URL())
			if code != http.StatusForbidden || !explained && !strings.HasPrefix(request, "HEAD") {
				t.Errorf("%s to %s: status %d: %s", request, host, code, body)
			}
		}
		if code, _ := get(t, a.URL()+"/trace/7"); code != http.StatusOK {
			t.Errorf("over TCP, the trace has the status %d", code)
		}
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket still exists: %v", err)
	}
}

func TestStart_StaleSocket(t *testing.T) {
	path := socketPath(t)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, agent.Config{Socket: path})
	if code, err := overSocket(t, path, "", "GET /info"); code != 200 {
		t.Errorf("%d %v", code, err)
	}
}

// Start leaves whatever is at the path as it is, and frees its port.
func TestStart_UnusableSocket(t *testing.T) {
	taken, file, dir := socketPath(t), socketPath(t), socketPath(t)
	start(t, agent.Config{Socket: taken})
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	link := socketPath(t)
	if err := os.Symlink(taken, link); err != nil {
		t.Fatal(err)
	}
	port, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := port.Addr().String()
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		taken:                           "another program is already listening there",
		file:                            "is not a socket. Choose another path",
		dir:                             "is not a socket. Choose another path",
		link:                            "is not a socket. Choose another path",
		filepath.Join(dir, "no", "way"): "no such file",
	} {
		a, err := agent.Start(agent.Config{Addr: addr, Socket: path})
		if err == nil {
			_ = a.Close(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want …%s", path, err, want)
		}
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != "precious" {
		t.Errorf("%q %v", content, err)
	}
	if code, err := overSocket(t, taken, "", "GET /info"); code != 200 {
		t.Errorf("the other program's socket: %d %v", code, err)
	}
	start(t, agent.Config{Addr: addr})
}
