//go:build unix

package agent

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
)

// socketPath is short enough for a socket, as t.TempDir is not everywhere.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "apm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "apm.socket")
}

// overSocket sends a request as tracers do over a socket, of which they make a
// host's name.
func overSocket(t *testing.T, path, method, url, body string) (int, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://UDS_"+strings.NewReplacer(":", "_", "/", "_", `\`, "_").Replace(path)+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func TestSocket(t *testing.T) {
	path := socketPath(t)
	a := start(t, Config{Socket: path})
	const payload = `[[{"trace_id":7,"span_id":7,"service":"api","name":"http.request","resource":"GET /","start":1,"duration":5}]]`
	if code, err := overSocket(t, path, "POST", "/v0.4/traces", payload); code != 200 {
		t.Errorf("%d %v", code, err)
	}
	if _, ok, _ := a.Store().Trace(t.Context(), 7); !ok {
		t.Error("the trace was not taken in")
	}
	for url, want := range map[string]int{"/info": 200, "/healthz": 200, "/traces": 403} {
		if code, err := overSocket(t, path, "GET", url, ""); code != want {
			t.Errorf("%s: %d %v, want %d", url, code, err, want)
		}
	}
	if code, _ := fetch(t, "GET", a.URL()+"/trace/7", ""); code != 200 {
		t.Errorf("over TCP: %d", code)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestASocketLeftBehind(t *testing.T) {
	path := socketPath(t)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, Config{Socket: path})
	if code, err := overSocket(t, path, "GET", "/info", ""); code != 200 {
		t.Errorf("%d %v", code, err)
	}
}

// What is in the way stays as it is, and the port is free again.
func TestASocketThatCannotBe(t *testing.T) {
	taken, file, dir := socketPath(t), socketPath(t), socketPath(t)
	start(t, Config{Socket: taken})
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
		a, err := Start(Config{Addr: addr, Socket: path})
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
	if code, err := overSocket(t, taken, "GET", "/info", ""); code != 200 {
		t.Errorf("the other program's socket: %d %v", code, err)
	}
	start(t, Config{Addr: addr})
}
