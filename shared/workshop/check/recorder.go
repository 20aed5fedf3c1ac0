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

// A recorder is a proxy between the api and the microservice. It keeps the headers
// of each request, because a trace doesn't show headers that nobody understood.
// See decisions/check-proxy.md.
type recorder struct {
	url    string
	server *http.Server

	mu      sync.Mutex
	headers http.Header
}

func startRecorder(thinkerPort int) (*recorder, error) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return nil, fmt.Errorf("listen between the two services: %w", err)
	}
	recorder := &recorder{url: "http://" + listener.Addr().String()}
	thinker := &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", strconv.Itoa(thinkerPort))}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(thinker) },
		Transport: &http.Transport{},          // without the proxy of the environment
		ErrorLog:  log.New(io.Discard, "", 0), // the api reports it in its response
	}
	recorder.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder.mu.Lock()
		recorder.headers = r.Header.Clone()
		recorder.mu.Unlock()
		proxy.ServeHTTP(w, r)
	})}
	go recorder.server.Serve(listener)
	return recorder, nil
}

// last returns the headers of the request since the last call, or nil.
func (r *recorder) last() http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	headers := r.headers
	r.headers = nil
	return headers
}

func (r *recorder) close() { r.server.Close() }
