// Command thinker-api responds to /think/?subject=… with the thoughts of the
// thinker-microservice.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"
	slogtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/log/slog"
	httptrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/net/http"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"thinker/shared/serve"
)

func main() {
	serve.Main("thinker-api", run)
}

func run(ctx context.Context, flags *flag.FlagSet) error {
	addr := flags.String("listen-addr", "localhost:5000", "address to listen on")
	thinker := flags.String("thinker-url", "http://localhost:5001", "URL of the thinker-microservice")
	serve.Parse(flags)

	tracer.Start(tracer.WithService("thinker-api"))
	defer tracer.Stop()
	slog.SetDefault(slog.New(slogtrace.WrapHandler(slog.Default().Handler())))

	client := httptrace.WrapClient(&http.Client{Timeout: 10 * time.Second})
	a := &api{thinker: *thinker, client: client}
	router := muxtrace.NewRouter()
	router.Handle("/think/", serve.Handler(a.think)).Methods(http.MethodGet)
	router.NotFoundHandler = serve.Refuse(http.StatusNotFound, "no such path; try /think/?subject=war")
	router.MethodNotAllowedHandler = serve.Refuse(http.StatusMethodNotAllowed, "this path allows only GET")
	// tracer.Flush sends spans at once, so you see a trace within a second. That's for
	// this workshop only: elsewhere, the tracer flushes every few seconds by itself.
	return serve.HTTP(ctx, *addr, router, tracer.Flush)
}

type api struct {
	thinker string // base URL
	client  *http.Client
}

// think forwards the subjects to the microservice and returns its response.
func (a *api) think(r *http.Request) (any, error) {
	ctx := r.Context()
	subjects, err := serve.Subjects(r)
	if err != nil {
		return nil, err
	}

	query := url.Values{"subject": subjects}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.thinker+"/?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	thoughts, err := serve.Fetch(a.client, req)
	if err != nil {
		slog.ErrorContext(ctx, "request to the microservice failed", "subjects", subjects, "error", err)
		return nil, err
	}
	slog.InfoContext(ctx, "relayed thoughts", "subjects", subjects)
	return thoughts, nil
}
