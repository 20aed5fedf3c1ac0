// Package need has what tests need from the machine: programs, free ports, a Redis. Without
// it, a test is skipped, and in CI (where CI is set) it fails.
package need

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"thinker/shared/apm/fetch"
	"thinker/shared/workshop/port"
)

// waitLimit is how long a test may wait for one thing.
const waitLimit = 2 * time.Minute

// Context returns a context that ends with the test, or after two minutes. So a test that
// hangs fails by name before the package's timeout. Use a new one for each wait.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), waitLimit,
		fmt.Errorf("%s has waited for %v", t.Name(), waitLimit))
	t.Cleanup(cancel)
	return ctx
}

// Program returns the path of a program in the PATH.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "%s is not installed", name)
	}
	return path
}

// Chromium returns the path of a browser with the DevTools protocol, preferably one without
// a user interface, which needs half the processor time.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
		"google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, "chromium is not installed")
	return ""
}

// Docker returns the command that runs docker-compose, if a Docker engine responds.
func Docker(t testing.TB) (compose []string) {
	t.Helper()
	Program(t, "docker")
	if output,
		err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		Missing(t, "the Docker engine does not respond: %s", bytes.TrimSpace(output))
	}
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return []string{"docker-compose"}
	}
	if exec.Command("docker", "compose", "version").Run() != nil {
		Missing(t, "neither docker-compose nor docker compose is installed")
	}
	return []string{"docker", "compose"}
}

// Missing skips the test because the machine lacks something. In CI it fails the test.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Port returns a free port of this machine.
func Port(t testing.TB) int {
	t.Helper()
	free, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return free
}

// Get sends a GET request and returns its response. It follows no redirect.
func Get(t testing.TB, url string, headers http.Header) (status int, body string) {
	t.Helper()
	response, err := fetch.Get(Context(t), url, headers)
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	return response.Status, string(response.Body)
}

// Redis starts a redis-server for the test and returns its address.
func Redis(t testing.TB) string {
	t.Helper()
	program, port := Program(t, "redis-server"), strconv.Itoa(Port(t))
	server := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() { server.Process.Kill() })
	addr, ctx := net.JoinHostPort("127.0.0.1", port), Context(t)
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return addr
		}
		select {
		case err := <-ended:
			t.Fatalf("redis-server ended: %v", err)
		case <-ctx.Done():
			t.Fatalf("redis-server takes no connections: %v", context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}
