package runner

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"thinker/shared/workshop/need"
)

// TestTCPProxy_Forwards sends requests through a proxy whose target changes.
func TestTCPProxy_Forwards(t *testing.T) {
	d, url := proxyFor(t, "no process")
	if got, want := get(t, url), "502 no process\n"; got != want {
		t.Errorf("without a target, it responds %q, want %q", got, want)
	}
	for _, name := range []string{"one", "another"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, name, " at ", r.Host)
		}))
		defer server.Close()
		d.forwardTo(server.Listener.Addr().String())
		if got, want := get(t, url), "200 "+name+" at "+strings.TrimPrefix(url, "http://"); got != want {
			t.Errorf("it responds %q, want %q", got, want)
		}
	}
	d.forwardTo("")
	if got, want := get(t, url), "502 no process\n"; got != want {
		t.Errorf("without a target again, it responds %q, want %q", got, want)
	}
}

func TestTCPProxy_DeadTarget(t *testing.T) {
	d, url := proxyFor(t, "")
	server := httptest.NewServer(nil)
	d.forwardTo(server.Listener.Addr().String())
	server.Close()
	if got := get(t, url); !strings.HasPrefix(got, "502 dial tcp 127.0.0.1:") || !strings.Contains(got, "refused") {
		t.Errorf("it responds %q", got)
	}
}

// TestTCPProxy_HalfClosed uses a client that closes its side before it reads the
// response.
func TestTCPProxy_HalfClosed(t *testing.T) {
	d, url := proxyFor(t, "")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		text, _ := io.ReadAll(conn)
		fmt.Fprintf(conn, "heard %s", text)
	}()
	d.forwardTo(listener.Addr().String())
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "all")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || string(answer) != "heard all" {
		t.Errorf("it responds %q, %v", answer, err)
	}
}

func TestTCPProxy_CloseEndsRequests(t *testing.T) {
	d, url := proxyFor(t, "")
	begun, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(begun)
		<-release
	}))
	defer server.Close()
	defer close(release)
	d.forwardTo(server.Listener.Addr().String())
	ended := make(chan error, 1)
	go func() {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
	}()
	<-begun
	d.close()
	if err := <-ended; err == nil {
		t.Error("the request succeeded")
	}
	if Taken(d.port()) {
		t.Error("it still listens")
	}
}

// TestProcess_Dismiss checks that the process accepts no connections afterwards.
func TestProcess_Dismiss(t *testing.T) {
	root, err := FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	binaries, err := Build(need.Context(t), root, t.TempDir(), Target{Step: 1}, false, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", need.Port(t))
	p, err := Start(need.Context(t), Service{Name: "thinker", Binary: binaries.Thinker, Addr: addr, Env: environment(), Log: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	p.dismiss()
	if conn, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("it still accepts connections: %v, %v", conn, err)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}

// proxyFor starts a proxy that is closed when the test ends.
func proxyFor(t *testing.T, absent string) (d *tcpProxy, url string) {
	t.Helper()
	d, err := startProxy("localhost:0", func() string { return absent })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d, fmt.Sprintf("http://127.0.0.1:%d", d.port())
}

// get sends a request on a new connection and returns the status and the body.
func get(t *testing.T, url string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	req, err := http.NewRequestWithContext(need.Context(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := req.Write(conn); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}
