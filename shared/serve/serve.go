// Package serve is what the workshop's services share and what is not the
// lesson: configuration, listening and draining, JSON answers, limits.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const drain = 10 * time.Second // for requests under way when the service is told to stop

// Main runs a service until it ends by itself or is told to: by Ctrl-C, by
// SIGTERM or, with STOP_ON_EOF set, by the end of its standard input, which
// also comes when the process that started it is killed. Main exits with 0, or
// with 2 where the configuration is wrong, or else with 1.
func Main(name, does string, run func(context.Context, *Env) error) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if os.Getenv("STOP_ON_EOF") != "" {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop()
		}()
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

// HTTP serves handler on addr until ctx is done, then lets the requests under
// way finish. It answers /healthz itself, and calls idle each time that
// requests have ceased for a moment.
func HTTP(ctx context.Context, addr string, handler http.Handler, idle func()) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return configError(fmt.Sprintf("%v: set LISTEN_ADDR to a free address such as localhost:5050", err))
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
		ReadTimeout:    drain,
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
	return <-stopped
}
