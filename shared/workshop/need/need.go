// Package need says what a test needs of the machine it runs on. Without it the
// test is skipped with its reason, but in CI (where CI is set) it fails, so that
// nothing goes untested unnoticed.
package need

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"thinker/shared/workshop/port"
)

// patience is how long a test may wait for one thing.
const patience = 2 * time.Minute

// Context returns a context that ends with the test, or after two minutes: a hang
// then fails the test that hangs, by name, before it is the package's timeout. Take
// a new one for each thing to wait for.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, fmt.Errorf("%s has waited for %v", t.Name(), patience))
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

// Chromium returns the path of a browser that speaks the DevTools protocol: of the
// one without a user interface, if there is one, as it needs half the processor time.
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

// Docker needs a Docker engine that answers, and returns the command that runs
// docker-compose.
func Docker(t testing.TB) (compose []string) {
	t.Helper()
	Program(t, "docker")
	if output, err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		Missing(t, "the Docker engine does not answer: %s", bytes.TrimSpace(output))
	}
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return []string{"docker-compose"}
	}
	if exec.Command("docker", "compose", "version").Run() != nil {
		Missing(t, "neither docker-compose nor docker compose is installed")
	}
	return []string{"docker", "compose"}
}

// Missing ends the test for a reason that lies in the machine.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Port returns a port of this machine on which nobody listens.
func Port(t testing.TB) int {
	t.Helper()
	free, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return free
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
