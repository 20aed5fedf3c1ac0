package check

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
)

// A between passes the api's requests on to the thinker, and remembers with which
// headers they came: traces do not tell what was sent and not understood.
type between struct {
	url    string
	server *http.Server

	mu      sync.Mutex
	headers http.Header
}

func listenBetween(thinkerPort int) (*between, error) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return nil, fmt.Errorf("listen between the services: %w", err)
	}
	b := &between{url: "http://" + listener.Addr().String()}
	thinker := &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", strconv.Itoa(thinkerPort))}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(thinker) },
		Transport: &http.Transport{},          // and no proxy that a shell has set
		ErrorLog:  log.New(io.Discard, "", 0), // the api says in its answer that there was none
	}
	b.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.headers = r.Header.Clone()
		b.mu.Unlock()
		proxy.ServeHTTP(w, r)
	})}
	go b.server.Serve(listener)
	return b, nil
}

// last are the headers of the request since the last call; nil where there was none.
func (b *between) last() http.Header {
	b.mu.Lock()
	defer b.mu.Unlock()
	headers := b.headers
	b.headers = nil
	return headers
}

func (b *between) close() { b.server.Close() }
