package proxy_test

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
	"thinker/shared/workshop/proxy"
)

// TestProxy_Forwards sends requests through a proxy whose target changes.
func TestProxy_Forwards(t *testing.T) {
	p, url := proxyFor(t, "no process")
	if got, want := get(t, url), "502 no process\n"; got != want {
		t.Errorf("without a target, it responds %q, want %q", got, want)
	}
	for _, name := range []string{"one", "another"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, name, " at ", r.Host)
		}))
		defer server.Close()
		p.ForwardTo(server.Listener.Addr().String())
		if got, want := get(t, url), "200 "+name+" at "+strings.TrimPrefix(url, "http://"); got != want {
			t.Errorf("it responds %q, want %q", got, want)
		}
	}
	p.ForwardTo("")
	if got, want := get(t, url), "502 no process\n"; got != want {
		t.Errorf("without a target again, it responds %q, want %q", got, want)
	}
}

func TestProxy_DeadTarget(t *testing.T) {
	p, url := proxyFor(t, "")
	server := httptest.NewServer(nil)
	p.ForwardTo(server.Listener.Addr().String())
	server.Close()
	if got := get(t, url); !strings.HasPrefix(got, "502 dial tcp 127.0.0.1:") || !strings.Contains(got, "refused") {
		t.Errorf("it responds %q", got)
	}
}

// TestProxy_HalfClosed uses a client that closes its side before it reads the
// response.
func TestProxy_HalfClosed(t *testing.T) {
	p, url := proxyFor(t, "")
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
	p.ForwardTo(listener.Addr().String())
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

func TestProxy_CloseEndsRequests(t *testing.T) {
	p, url := proxyFor(t, "")
	begun, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(begun)
		<-release
	}))
	defer server.Close()
	defer close(release)
	p.ForwardTo(server.Listener.Addr().String())
	ended := make(chan error, 1)
	go func() {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
	}()
	<-begun
	p.Close()
	if err := <-ended; err == nil {
		t.Error("the request succeeded")
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error("it still listens")
	}
}

// proxyFor starts a proxy that is closed when the test ends.
func proxyFor(t *testing.T, absent string) (p *proxy.Proxy, url string) {
	t.Helper()
	p, err := proxy.Start("localhost:0", func() string { return absent })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, fmt.Sprintf("http://127.0.0.1:%d", p.Port())
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
