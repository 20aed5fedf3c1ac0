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

	"thinker/shared/apm/colour"
	"thinker/shared/apm/intake"
	"thinker/shared/apm/store"
	"thinker/shared/apm/web"
)

// Config says how to run an agent. Its zero value works.
type Config struct {
	// Addr to listen on; localhost:8126 where empty. localhost is 127.0.0.1 and
	// ::1, port 0 any free port, and without a host it is every interface.
	Addr string
	// Socket is the path of a unix socket to listen on as well; none where empty.
	Socket string
	// DB is the path of the file that traces are kept in; where empty they are
	// kept in memory, and gone when the agent is closed. A file that is not the
	// agent's own is a store.ForeignError.
	DB string
	// MaxSpans is how many spans are kept, and MaxBytes how much is written for
	// them; store.DefaultMaxSpans and store.DefaultMaxBytes where 0.
	MaxSpans, MaxBytes int
	// AllowHosts are names, besides localhost's, that a browser may use for the
	// pages.
	AllowHosts []string
	// Try is a command that makes a trace: the pages show it while there is none.
	Try string
	// Services get the first colours, in this order. Others get theirs in the order
	// in which they first send a span.
	Services []string
	// Guests, where given, are further pages. It is called once, when the agent
	// has its store and does not serve yet.
	Guests func(*Agent) []web.Guest
	// Logger is told of what was refused and what went wrong; nobody is where
	// nil.
	Logger *slog.Logger
}

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

// Start listens and serves in the background. The error for a port that is
// taken is syscall.EADDRINUSE, wrapped, and names the address.
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

	kept, err := store.Open(store.Config{Path: config.DB, MaxSpans: config.MaxSpans, MaxBytes: config.MaxBytes, Logger: config.Logger})
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
	var guests []web.Guest
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

// mux returns the paths that tracers use, and has others serve what isn't sent.
func (a *Agent) mux(others http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		// What sends to a path that is nowhere means to send spans: the intake
		// refuses it, and has it on record.
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
		_, _ = io.WriteString(w, "ok\n") // an error means that who asked has gone
	})
	return mux
}

// refuseReaders refuses what isn't a tracer's on the socket, to which any user
// of the machine may connect.
func (a *Agent) refuseReaders(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "this socket only receives spans. The pages and the API are at "+a.url, http.StatusForbidden)
}

// byListener passes a request on by where it arrived: at a port or at the
// socket.
func byListener(ports, socket http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && addr.Network() == "unix" {
			socket.ServeHTTP(w, r)
			return
		}
		ports.ServeHTTP(w, r)
	})
}

// oneSlash takes several slashes in a path for one. A tracer that is given an
// address with a slash at its end asks for //v0.4/traces, and would not follow
// the redirection that a ServeMux answers.
func oneSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// As it was sent: a slash that is written as %2F belongs to a name.
		if sent := r.URL.EscapedPath(); strings.Contains(sent, "//") {
			r = r.Clone(r.Context())
			r.URL.RawPath = slashes.ReplaceAllString(sent, "/")
			r.URL.Path, _ = url.PathUnescape(r.URL.RawPath) // which was done once without an error
		}
		next.ServeHTTP(w, r)
	})
}

var slashes = regexp.MustCompile("//+")

// address is the name and port under which a client on this machine reaches
// the listener.
func address(addr string, listener net.Listener) (name, port string) {
	name, _, _ = net.SplitHostPort(addr) // listen has split it before
	switch ip := net.ParseIP(name); {
	case name == "", ip != nil && ip.IsUnspecified():
		name = "localhost"
	}
	return name, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// URL is where the pages are and what tracers are to be told, for example
// http://localhost:8126.
func (a *Agent) URL() string { return a.url }

// Store holds the traces that have arrived.
func (a *Agent) Store() *store.Store { return a.store }

// Stats counts what tracers have sent.
func (a *Agent) Stats() intake.Stats { return a.intake.Stats() }

// Palette gives services the colours that the pages show them in.
func (a *Agent) Palette() *colour.Palette { return a.palette }

// Close stops listening, ends the pages' event streams and lets requests that
// are under way finish, until ctx is done; then it cuts them off and says so.
func (a *Agent) Close(ctx context.Context) error {
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("close the agent: %w", errors.Join(err, a.server.Close()))
	}
	a.serving.Wait()
	return errors.Join(err, a.store.Close())
}
