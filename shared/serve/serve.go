// Package serve holds what the workshop's services share and what isn't part of
// a lesson: listening, shutting down, settings and JSON responses.
package serve

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const shutdownTimeout = 10 * time.Second

// Main runs a service until Ctrl-C or SIGTERM. If STOP_ON_EOF is set, the end of
// standard input stops it too, so a service never outlives the program that
// started it. Main ends the program with status 1 after an error.
func Main(name string, run func(context.Context, *flag.FlagSet) error) {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if os.Getenv("STOP_ON_EOF") != "" {
		go func() { io.Copy(io.Discard, os.Stdin); stop() }()
	}
	if err := run(ctx, flag.NewFlagSet(name, flag.ExitOnError)); err != nil {
		exit(1, fmt.Errorf("%s: %w", name, err))
	}
}

// HTTP serves handler on addr until ctx is done, then waits up to 10 s for open
// requests. It calls flush whenever no request has ended for 50 ms: the workshop
// sends spans at once instead of every few seconds.
// See decisions/flush-after-each-response.md.
func HTTP(ctx context.Context, addr string, handler http.Handler, flush func()) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("%w; choose another address, for example --listen-addr localhost:5050", err)
	}
	slog.Info("listening", "address", listener.Addr().String())
	idle := time.AfterFunc(time.Hour, flush)
	defer idle.Stop()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				fmt.Fprintln(w, "ok")
				return
			}
			defer idle.Reset(50 * time.Millisecond)
			handler.ServeHTTP(w, r)
		}),
		ReadTimeout:    5 * time.Second,
		MaxHeaderBytes: 64 << 10,
	}

	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	})
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	if <-stopped != nil {
		return fmt.Errorf("some requests didn't finish within %v", shutdownTimeout)
	}
	return nil
}
