// Command thinker-api answers /think/?subject=… with what the
// thinker-microservice thinks of each subject.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"
	httptrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/net/http"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"thinker/shared/serve"
)

func main() {
	serve.Main("thinker-api", "asks the thinker-microservice and passes its answer on.", run)
}

func run(ctx context.Context, env *serve.Env) error {
	addr := env.Address("LISTEN_ADDR", "localhost:5000", "where to listen")
	thinker := env.URL("THINKER_URL", "http://localhost:5001", "where the thinker-microservice answers")
	if err := env.Check(addr); err != nil {
		return err
	}

	tracer.Start(tracer.WithService("thinker-api"))
	defer tracer.Stop()

	client := httptrace.WrapClient(&http.Client{Timeout: 10 * time.Second})
	a := &api{thinker: thinker, client: client}
	router := muxtrace.NewRouter()
	router.Handle("/think/", serve.Handler(a.think)).Methods(http.MethodGet)
	router.NotFoundHandler = serve.Refuse(http.StatusNotFound, "no such path; try /think/?subject=war")
	router.MethodNotAllowedHandler = serve.Refuse(http.StatusMethodNotAllowed, "only GET is answered here")
	return serve.HTTP(ctx, addr, router, tracer.Flush)
}

type api struct {
	thinker string // base URL
	client  *http.Client
}

// think passes the subjects on to the thinker, and its answer back.
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
		logger(ctx).Error("the thinker failed", "subjects", subjects, "error", err)
		return nil, err
	}
	logger(ctx).Info("the thinker answered", "subjects", subjects)
	return thoughts, nil
}

// logger names the current span in each line, so that one finds the trace that
// belongs to it.
func logger(ctx context.Context) *slog.Logger {
	span, _ := tracer.SpanFromContext(ctx)
	return slog.With(ext.LogKeyTraceID, span.Context().TraceID(), ext.LogKeySpanID, span.Context().SpanID())
}
