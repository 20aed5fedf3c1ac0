package serve

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHTTP_FinishesOpenRequests(t *testing.T) {
	addr := freeAddr(t)
	ctx, stop := context.WithCancel(t.Context())
	begun, finish := make(chan bool), make(chan bool)
	flushed := make(chan bool, 10)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-finish
		}
		fmt.Fprint(w, "done")
	})
	ended := make(chan error, 1)
	go func() { ended <- HTTP(ctx, addr, handler, func() { flushed <- true }) }()

	if got := eventually(t, "http://"+addr+"/healthz"); got != "ok\n" {
		t.Errorf("/healthz answers %q", got)
	}
	if got := eventually(t, "http://"+addr+"/"); got != "done" {
		t.Errorf("/ answers %q", got)
	}
	<-flushed // once requests have stopped

	slow := make(chan string, 1)
	go func() { slow <- eventually(t, "http://"+addr+"/slow") }()
	<-begun
	stop()
	for refused := false; !refused; { // new connections, while the request goes on
		conn, err := net.Dial("tcp", addr)
		if refused = err != nil; !refused {
			conn.Close()
		}
	}
	close(finish)
	if got := <-slow; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("HTTP returns %v", err)
	}
}

func TestHTTP_AddressInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	err = HTTP(t.Context(), addr, nil, nil)
	if err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "--listen-addr") {
		t.Errorf("%v; want an error with the address and --listen-addr", err)
	}
}

// eventually sends GET requests until one succeeds, and returns the body.
func eventually(t *testing.T, url string) string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tick := time.Tick(5 * time.Millisecond); ; <-tick {
		resp, err := http.Get(url)
		if err != nil {
			if ctx.Err() != nil {
				return err.Error()
			}
			continue
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
}

func freeAddr(t *testing.T) string {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
