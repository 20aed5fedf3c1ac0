// Package proxy forwards TCP connections from a fixed port to a process that may be
// replaced.
package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"thinker/shared/apm/agent"
)

// A Proxy listens on a service's public port and forwards each connection to the
// process that is current at that moment. So a process can be replaced while its port
// stays.
// See decisions/tcp-proxies.md.
type Proxy struct {
	listeners   []net.Listener
	target      atomic.Pointer[string] // an address; nil while there is no process
	absent      func() string          // returns why there is no process
	open        context.Context        // done when the proxy is closed
	shut        context.CancelFunc
	connections sync.WaitGroup
}

// Start listens on addr, without a target yet. Until there is one, absent returns the
// response to each request.
func Start(addr string, absent func() string) (*Proxy, error) {
	listeners, err := agent.Listen(addr)
	if err != nil {
		return nil, err
	}
	p := &Proxy{listeners: listeners, absent: absent}
	p.open, p.shut = context.WithCancel(context.Background())
	for _, listener := range listeners {
		p.connections.Go(func() { p.accept(listener) })
	}
	return p, nil
}

// Port returns the port that it listens on.
func (p *Proxy) Port() int { return p.listeners[0].Addr().(*net.TCPAddr).Port }

// ForwardTo makes addr the target of new connections. If it is empty, they get an
// error.
func (p *Proxy) ForwardTo(addr string) {
	if addr == "" {
		p.target.Store(nil)
		return
	}
	p.target.Store(&addr)
}

// Close ends all connections, and waits until they have ended.
func (p *Proxy) Close() {
	p.shut()
	for _, listener := range p.listeners {
		_ = listener.Close() // the proxy is ending
	}
	p.connections.Wait()
}

func (p *Proxy) accept(listener net.Listener) {
	for p.open.Err() == nil {
		client, err := listener.Accept()
		if err != nil {
			// Closed, or out of files for a moment.
			select {
			case <-time.After(10 * time.Millisecond):
			case <-p.open.Done():
			}
			continue
		}
		p.connections.Go(func() {
			defer client.Close()
			defer context.AfterFunc(p.open, func() { client.Close() })()
			p.forward(client.(*net.TCPConn))
		})
	}
}

// forward forwards a connection to the target, or responds with an error if there is
// none. If the target was replaced in the meantime, it tries the new one.
func (p *Proxy) forward(client *net.TCPConn) {
	for {
		addr := p.target.Load()
		if addr == nil {
			respondUnavailable(client, p.absent())
			return
		}
		server, err := net.DialTimeout("tcp", *addr, 5*time.Second)
		if err == nil {
			defer context.AfterFunc(p.open, func() { server.Close() })()
			copyBoth(client, server.(*net.TCPConn))
			return
		}
		if p.target.Load() == addr {
			respondUnavailable(client, err.Error())
			return
		}
	}
}

// copyBoth copies bytes both ways until the server closes its side. A client that
// closes its side still gets the whole response.
func copyBoth(client, server *net.TCPConn) {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.Copy(server, client) // an error means that one side has closed
		_ = server.CloseWrite()
	}()
	_, _ = io.Copy(client, server)
	server.Close()
	client.Close()
	<-sent
}

// respondUnavailable responds to a request with 502 and the reason.
func respondUnavailable(client net.Conn, why string) {
	_ = client.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := http.ReadRequest(bufio.NewReader(io.LimitReader(client, 64<<10))); err != nil {
		return // no request came
	}
	fmt.Fprintf(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s\n", len(why)+1, why)
}
