// Package serve is what the workshop's services share and what is not the
// lesson: configuration, listening and draining, JSON answers, limits.
package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const drain = 10 * time.Second // for requests under way when the service is told to stop
// Main runs a service until it is told to end: by Ctrl-C, by SIGTERM or, with
// STOP_ON_EOF set, by the end of its standard input, which also comes when who
// started it is killed. It exits with 2 where the configuration is wrong.
func Main(name, does string, run func(context.Context, *Env) error) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if os.Getenv("STOP_ON_EOF") != "" {
		go func() { io.Copy(io.Discard, os.Stdin); stop() }()
	}
	err := run(ctx, &Env{about: name + " " + does, args: strings.Join(os.Args[1:], " ")})
	if err == nil || errors.Is(err, errDone) {
		return
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	if _, wrong := errors.AsType[configError](err); wrong {
		os.Exit(2)
	}
	os.Exit(1)
}

// HTTP serves handler on addr until ctx is done, then lets the requests under way
// finish. It calls idle each time that requests have ceased for a moment.
func HTTP(ctx context.Context, addr string, handler http.Handler, idle func()) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return Wrong("LISTEN_ADDR", fmt.Errorf("%w: choose a free address such as localhost:5050", err))
	}
	slog.Info("listening", "address", listener.Addr().String())
	resting := time.AfterFunc(time.Hour, idle)
	defer resting.Stop()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				fmt.Fprintln(w, "ok")
				return
			}
			defer resting.Reset(50 * time.Millisecond)
			handler.ServeHTTP(w, r)
		}),
		ReadTimeout:    5 * time.Second,
		MaxHeaderBytes: 64 << 10,
	}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	})
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	if <-stopped != nil {
		return fmt.Errorf("requests under way did not finish within %v", drain)
	}
	return nil
}

// Env reads the environment that configures a service. Read it all, then call Check.
type Env struct{ about, args, help, wrong string }

var errDone = errors.New("done without serving")

type configError string             // which variable is wrong, and what would be right
func (e configError) Error() string { return string(e) }

// Wrong is the error for a variable whose value turns out to be of no use.
func Wrong(name string, err error) error { return configError(name + ": " + err.Error()) }

// String reads a variable; def stands where it is unset or empty.
func (e *Env) String(name, def, meaning string) string {
	e.help += fmt.Sprintf("  %-19s %s (default %s)\n", name, meaning, def)
	return cmp.Or(os.Getenv(name), def)
}

// Duration reads a time span of zero or more.
func (e *Env) Duration(name, def, meaning string) time.Duration {
	value := e.String(name, def, meaning)
	d, err := time.ParseDuration(value)
	e.require(err == nil && d >= 0, name, value, "a duration such as "+def)
	return d
}

// URL reads an http address to which a path can be added.
func (e *Env) URL(name, def, meaning string) string {
	value := strings.TrimSuffix(e.String(name, def, meaning), "/")
	u, err := url.Parse(value)
	e.require(err == nil && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https") && u.RawQuery+u.Fragment == "",
		name, value, "a URL such as "+def)
	return value
}

// Address reads a host and port.
func (e *Env) Address(name, def, meaning string) string {
	value := e.String(name, def, meaning)
	_, port, err := net.SplitHostPort(value)
	_, unknown := net.LookupPort("tcp", port)
	e.require(cmp.Or(err, unknown) == nil && port != "", name, value, "an address such as "+def)
	return value
}

func (e *Env) require(ok bool, name, value, want string) {
	if !ok {
		e.wrong += fmt.Sprintf("%s=%q is not %s; ", name, value, want)
	}
}

// Check returns an error where a variable is wrong, and where the command line
// asks for --help, or by --healthcheck whether the service at addr is well.
func (e *Env) Check(addr string) error {
	switch {
	case e.args == "--help" || e.args == "-h":
		e.String("DD_TRACE_AGENT_URL", "http://localhost:8126", "where spans go; dd-trace-go reads other DD_* variables too")
		fmt.Printf("%s\n\nThe environment configures it:\n%s", e.about, e.help)
		return errDone
	case e.wrong != "":
		return configError(e.wrong + "see --help")
	case e.args == "--healthcheck":
		host, port, _ := net.SplitHostPort(addr)
		resp, err := (&http.Client{Timeout: 3 * time.Second}).Get("http://" + net.JoinHostPort(cmp.Or(host, "localhost"), port) + "/healthz")
		if err == nil && resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		}
		return cmp.Or(err, errDone)
	case e.args != "":
		return configError(fmt.Sprintf("argument %q is not known; see --help", e.args))
	}
	return nil
}
