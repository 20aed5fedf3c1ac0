//go:build unix

package e2e_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/internal/process"
)

// startWithSocket runs apm with a Unix socket, and returns a client that uses it.
func startWithSocket(t *testing.T) (*process.APM, *http.Client) {
	t.Helper()
	dir, err := os.MkdirTemp("", "apm") // short enough for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "apm.socket")
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	client := &http.Client{
		Timeout:       time.Minute, // an event stream would never end
		Transport:     &http.Transport{DialContext: dial},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	return process.Start(t, "--socket", path), client
}

// send sends a request such as GET /info, and returns the status and the body.
func send(t *testing.T, client *http.Client, host, request, body string) (int, string) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// TestGuard_SocketServesTracersOnly checks that clients of the socket can send spans, and
// can neither read nor clear traces, whatever host they name.
func TestGuard_SocketServesTracersOnly(t *testing.T) {
	t.Parallel()
	a, client := startWithSocket(t)
	for i, host := range []string{"localhost", a.Addr(), "UDS_apm.socket"} {
		span := oneSpan(i+1, "")
		for request, want := range map[string]int{
			"POST /v0.4/traces": http.StatusOK, "GET /info": http.StatusOK, "GET /healthz": http.StatusOK,
			"POST /v9/traces": http.StatusNotFound,
		} {
			if status, body := send(t, client, host, request, span); status != want {
				t.Errorf("%s to %s: status %d, want %d: %s", request, host, status, want, body)
			}
		}
		for _, request := range []string{
			"GET /", "GET /traces", "GET /trace/1", "GET /api/traces", "GET /api/traces/1", "GET /api/events",
			"GET /api/intake", "GET /intake", "GET /static/page.mjs", "DELETE /api/traces", "HEAD /traces", "OPTIONS /traces",
		} {
			status, body := send(t, client, host, request, "")
			explained := strings.Contains(body, "only receives spans") && strings.Contains(body, a.URL)
			if status != http.StatusForbidden || !explained && !strings.HasPrefix(request, "HEAD") {
				t.Errorf("%s to %s: status %d: %s", request, host, status, body)
			}
		}
		wantTraces(t, a, i+1, i+1)
	}
	if response := a.Request(http.MethodDelete, "/api/traces", nil); response.Status != http.StatusNoContent {
		t.Errorf("clearing over the port: status %d: %s", response.Status, response.Body)
	}
}
