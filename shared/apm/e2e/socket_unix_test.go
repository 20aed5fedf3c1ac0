//go:build unix

package e2e

import (
	"context"
	"fmt"
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

// TestSocket_ServesTracersOnly holds that whoever connects to the socket can
// send spans, and can neither read nor clear traces, whatever host they name.
func TestSocket_ServesTracersOnly(t *testing.T) {
	dir, err := os.MkdirTemp("", "apm") // whose name is short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "apm.socket")
	a := process.Start(t, "--socket", path)
	client := &http.Client{
		Timeout: time.Minute, // an event stream would otherwise never end
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	send := func(method, host, path, body string) (int, string) {
		t.Helper()
		request, err := http.NewRequest(method, "http://"+host+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		said, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(said)
	}
	for i, host := range []string{"localhost", a.Addr(), "UDS_apm.socket"} {
		span := fmt.Sprintf(`[[{"trace_id":%d,"span_id":1,"service":"shop","name":"checkout","start":1700000000000000000,"duration":1}]]`, i+1)
		if status, body := send("POST", host, "/v0.4/traces", span); status != http.StatusOK {
			t.Errorf("%s: sending a span: status %d: %s", host, status, body)
		}
		for _, path := range []string{"/info", "/healthz"} {
			if status, body := send("GET", host, path, ""); status != http.StatusOK {
				t.Errorf("%s%s: status %d: %s", host, path, status, body)
			}
		}
		if status, _ := send("POST", host, "/v9/traces", span); status != http.StatusNotFound {
			t.Errorf("%s: sending to a path that isn't there: status %d", host, status)
		}
		for _, refused := range []string{
			"GET /", "GET /traces", "GET /trace/1", "GET /api/traces", "GET /api/traces/1", "GET /api/events", "GET /api/intake", "GET /intake", "GET /static/page.mjs",
			"DELETE /api/traces", "HEAD /traces", "OPTIONS /traces",
		} {
			method, path, _ := strings.Cut(refused, " ")
			status, body := send(method, host, path, "")
			if status != http.StatusForbidden || method != "HEAD" && (!strings.Contains(body, "only receives spans") || !strings.Contains(body, a.URL)) {
				t.Errorf("%s to %s: status %d: %s", refused, host, status, body)
			}
		}
		if response := a.Get(fmt.Sprintf("/api/traces/%d", i+1)); response.Status != http.StatusOK {
			t.Errorf("trace %d over the port: status %d: %s", i+1, response.Status, response.Body)
		}
	}
	request, err := http.NewRequest(http.MethodDelete, a.URL+"/api/traces", nil)
	if err != nil {
		t.Fatal(err)
	}
	if response := a.Do(request); response.Status != http.StatusNoContent {
		t.Errorf("clearing over the port: status %d: %s", response.Status, response.Body)
	}
}
