package runner

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

// A door listens on the port that people know, and passes each connection on to
// the process that is behind it at that moment. So a process can be replaced
// while its port stays.
type door struct {
	listeners []net.Listener
	behind    atomic.Pointer[string] // an address; nil while nobody is there
	absent    func() string          // says why nobody is there
	open      context.Context        // done when the door is closed
	shut      context.CancelFunc
	passing   sync.WaitGroup
}

// openDoor listens on addr, with nobody behind it yet.
func openDoor(addr string, absent func() string) (*door, error) {
	listeners, err := agent.Listen(addr)
	if err != nil {
		return nil, err
	}
	d := &door{listeners: listeners, absent: absent}
	d.open, d.shut = context.WithCancel(context.Background())
	for _, listener := range listeners {
		d.passing.Go(func() { d.admit(listener) })
	}
	return d, nil
}

// port is the one that it listens on.
func (d *door) port() int { return d.listeners[0].Addr().(*net.TCPAddr).Port }

// leadTo has connections that come from now on passed on to addr; to nobody
// where it is empty.
func (d *door) leadTo(addr string) {
	if addr == "" {
		d.behind.Store(nil)
		return
	}
	d.behind.Store(&addr)
}

func (d *door) close() {
	d.shut()
	for _, listener := range d.listeners {
		_ = listener.Close() // who waits there has not been answered
	}
	d.passing.Wait()
}

func (d *door) admit(listener net.Listener) {
	for d.open.Err() == nil {
		client, err := listener.Accept()
		if err != nil {
			// Closed, or out of files for a moment.
			select {
			case <-time.After(10 * time.Millisecond):
			case <-d.open.Done():
			}
			continue
		}
		d.passing.Go(func() {
			defer client.Close()
			defer context.AfterFunc(d.open, func() { client.Close() })()
			d.lead(client.(*net.TCPConn))
		})
	}
}

// lead passes a connection on, or answers it where nobody is there. A process
// that has just been replaced listens no more: then it is tried again with the
// one that came in its place.
func (d *door) lead(client *net.TCPConn) {
	for {
		addr := d.behind.Load()
		if addr == nil {
			refuse(client, d.absent())
			return
		}
		server, err := net.DialTimeout("tcp", *addr, 5*time.Second)
		if err == nil {
			defer context.AfterFunc(d.open, func() { server.Close() })()
			pass(client, server.(*net.TCPConn))
			return
		}
		if d.behind.Load() == addr {
			refuse(client, err.Error())
			return
		}
	}
}

// pass carries bytes both ways until the server has no more to say. A client
// that has no more to say is heard to the end.
func pass(client, server *net.TCPConn) {
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_, _ = io.Copy(server, client) // an error means that one of the two has gone
		_ = server.CloseWrite()
	}()
	_, _ = io.Copy(client, server)
	server.Close()
	client.Close()
	<-asked
}

// refuse answers a request with the reason why nobody else does.
func refuse(client net.Conn, why string) {
	_ = client.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := http.ReadRequest(bufio.NewReader(io.LimitReader(client, 64<<10))); err != nil {
		return // it asked for nothing
	}
	fmt.Fprintf(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n", len(why)+1, why)
}
