// Package agent runs the local stand-in for the Datadog Agent in this process:
// intake, store and pages on one port.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/intake"
	"thinker/shared/apm/internal/store"
	"thinker/shared/apm/internal/web"
)

// Config configures an agent. Its zero value works.
type Config struct {
	// Addr is the address to listen on; the default is localhost:8126. localhost means
	// 127.0.0.1 and ::1, port 0 any free port, and no host every interface.
	Addr string
	// Socket is the path of a Unix socket to listen on as well; optional.
	Socket string
	// DB is the directory that stores traces. If it is empty, they are stored in memory until
	// the agent is closed. Another program's file causes a ForeignError.
	DB string
	// MaxSpans and MaxBytes limit the store. If they are 0, store.DefaultMaxSpans and
	// store.DefaultMaxBytes apply.
	MaxSpans, MaxBytes int
	// AllowHosts are host names, besides localhost's, under which a browser may open the
	// pages.
	AllowHosts []string
	// Try is a command that makes a trace: the pages show it while there is none.
	Try string
	// Services get the first colours, in this order. Other services get theirs in the
	// order of their first spans.
	Services []string
	// Guests returns additional pages; optional. It is called once, after the store is
	// open and before the agent serves.
	Guests func(*Agent) []guest.Guest
	// Logger logs errors, and what the intake refused; the default discards them.
	Logger *slog.Logger
}

// A ForeignError reports that Config.DB is another program's file.
type ForeignError = store.ForeignError

// DefaultAddr is where tracers look for their Agent.
const DefaultAddr = "localhost:8126"

// An Agent is listening until it is closed.
type Agent struct {
	store   *store.Store
	palette *colour.Palette
	intake  *intake.Intake
	server  *http.Server
	url     string
	serving sync.WaitGroup
}

// Start listens and serves in the background. For a port in use, it returns a wrapped
// syscall.EADDRINUSE that names the address.
func Start(config Config) (*Agent, error) {
	if config.Addr == "" {
		config.Addr = DefaultAddr
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	listeners, err := Listen(config.Addr)
	if err != nil {
		return nil, err
	}
	if config.Socket != "" {
		socket, err := listenSocket(config.Socket)
		if err != nil {
			for _, listener := range listeners {
				_ = listener.Close() // nothing has come in yet
			}
			return nil, err
		}
		listeners = append(listeners, socket)
	}

	kept, err := store.Open(store.Config{
		Path: config.DB, MaxSpans: config.MaxSpans, MaxBytes: config.MaxBytes, Logger: config.Logger,
	})
	if err != nil {
		for _, listener := range listeners {
			_ = listener.Close() // nothing has come in yet
		}
		return nil, err
	}

	a := &Agent{store: kept, palette: &colour.Palette{}}
	for _, service := range config.Services {
		a.palette.Of(service)
	}
	a.intake = intake.New(sink{a.store, a.palette}, config.Logger)
	name, port := address(config.Addr, listeners[0])
	a.url = "http://" + net.JoinHostPort(name, port)
	var guests []guest.Guest
	if config.Guests != nil {
		guests = config.Guests(a)
	}
	pages := web.New(web.Config{
		Traces:     a.store,
		Intake:     a.intake,
		Palette:    a.palette,
		AllowHosts: append([]string{name}, config.AllowHosts...),
		Try:        config.Try,
		Guests:     guests,
		Logger:     config.Logger,
	})

	ports, socket := a.mux(pages), a.mux(http.HandlerFunc(a.refuseReaders))
	for _, guest := range guests { // which may be sent forms
		ports.Handle(guest.Path, pages)
		ports.Handle(guest.Path+"/", pages)
	}
	a.server = &http.Server{
		Handler:           oneSlash(byListener(ports, socket)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(config.Logger.Handler(), slog.LevelWarn),
	}
	a.server.RegisterOnShutdown(pages.Close)
	for _, listener := range listeners {
		a.serving.Go(func() {
			if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				config.Logger.Error("stopped listening", "address", listener.Addr(), "error", err)
			}
		})
	}
	return a, nil
}

// mux serves the paths that tracers use. All other GET requests go to others.
func (a *Agent) mux(others http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		// A POST to an unknown path is probably meant to send spans. The intake
		// refuses and records it.
		if r.Method == http.MethodPost || r.Method == http.MethodPut {
			a.intake.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
	for _, path := range a.intake.Paths() {
		mux.Handle(path, a.intake)
	}
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n") // an error means that the client has disconnected
	})
	return mux
}

// refuseReaders refuses requests for pages and the API on the socket, since any user of
// the machine may connect to it.
func (a *Agent) refuseReaders(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "this socket only receives spans. The pages and the API are at "+a.url, http.StatusForbidden)
}

// byListener chooses the handler by where a request arrived: on a port or on the socket.
func byListener(ports, socket http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && addr.Network() == "unix" {
			socket.ServeHTTP(w, r)
			return
		}
		ports.ServeHTTP(w, r)
	})
}

// oneSlash replaces several slashes in a path by one. A tracer whose agent URL ends in a
// slash sends to //v0.4/traces, and doesn't follow a ServeMux's redirect.
func oneSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The escaped path, since a slash written as %2F is part of a name.
		if sent := r.URL.EscapedPath(); strings.Contains(sent, "//") {
			r = r.Clone(r.Context())
			r.URL.RawPath = slashes.ReplaceAllString(sent, "/")
			r.URL.Path, _ = url.PathUnescape(r.URL.RawPath) // the server has already parsed it
		}
		next.ServeHTTP(w, r)
	})
}

var slashes = regexp.MustCompile("//+")

// address returns the host and port that clients on this machine use.
func address(addr string, listener net.Listener) (name, port string) {
	name, _, _ = net.SplitHostPort(addr) // listen has split it before
	switch ip := net.ParseIP(name); {
	case name == "", ip != nil && ip.IsUnspecified():
		name = "localhost"
	}
	return name, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// URL returns the address of the pages, and of the agent for tracers:
// http://localhost:8126.
func (a *Agent) URL() string { return a.url }

// Env returns the variables, each as NAME=value, that make a program's tracer send its
// spans to this agent, and print and send nothing else.
func (a *Agent) Env() []string {
	return []string{
		"DD_TRACE_AGENT_URL=" + a.url,
		"DD_TRACE_STARTUP_LOGS=false",
		"DD_INSTRUMENTATION_TELEMETRY_ENABLED=false",
		"DD_RUNTIME_METRICS_V2_ENABLED=false",
	}
}

// Store returns the store of the traces.
func (a *Agent) Store() *store.Store { return a.store }

// Stats returns counts of what tracers have sent.
func (a *Agent) Stats() intake.Stats { return a.intake.Stats() }

// Palette returns the colours of services on the pages.
func (a *Agent) Palette() *colour.Palette { return a.palette }

// Close stops listening, ends the pages' event streams, and waits for pending requests.
// When ctx is done, it aborts them and returns an error.
func (a *Agent) Close(ctx context.Context) error {
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("close the agent: %w", errors.Join(err, a.server.Close()))
	}
	a.serving.Wait()
	return errors.Join(err, a.store.Close())
}

// A sink stores spans. It also gives services their colours, in the order in which their
// spans arrive, not in the order in which pages show them.
type sink struct {
	store   *store.Store
	palette *colour.Palette
}

func (s sink) Add(ctx context.Context, spans []apm.Span) error {
	for i := range spans {
		if i == 0 || spans[i].Service != spans[i-1].Service {
			s.palette.Of(spans[i].Service)
		}
	}
	err := s.store.Add(ctx, spans)
	if errors.Is(err, store.ErrFull) {
		return fmt.Errorf("%w (%w)", intake.ErrFull, err)
	}
	return err
}
