// Command thinker-microservice answers /?subject=… with a thought on each
// subject, for which it takes its time.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/ext"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"thinker/shared/serve"
)

func main() {
	serve.Main("thinker-microservice", "thinks about subjects.", run)
}

func run(ctx context.Context, env *serve.Env) error {
	addr := env.Address("LISTEN_ADDR", "localhost:5001", "where to listen")
	delay := env.Duration("THINK_DELAY", "500ms", "how long a thought takes")
	redis := env.Address("REDIS_ADDR", "localhost:6379", "the Redis that remembers thoughts")
	database := env.String("DATABASE", "thoughts.db", "the SQLite file that keeps the thoughts")
	if err := env.Check(addr); err != nil {
		return err
	}

	store, err := openStore(ctx, database)
	if err != nil {
		return serve.Wrong("DATABASE", err)
	}
	defer store.close()

	tracer.Start(tracer.WithService("thinker-microservice"))
	defer tracer.Stop()

	cache := openCache(ctx, redis)
	defer cache.close()

	t := &thinker{delay: delay, store: store, cache: cache}
	router := muxtrace.NewRouter()
	router.Handle("/", serve.Handler(t.answer)).Methods(http.MethodGet)
	router.NotFoundHandler = serve.Refuse(http.StatusNotFound, "no such path; try /?subject=war")
	router.MethodNotAllowedHandler = serve.Refuse(http.StatusMethodNotAllowed, "only GET is answered here")
	return serve.HTTP(ctx, addr, router, tracer.Flush)
}

type thinker struct {
	delay time.Duration
	store *store
	cache *cache
}

// reply is the answer's entry for one subject.
type reply struct {
	Error bool `json:"error"`
	*thought
}

// answer thinks about one subject after the other.
func (t *thinker) answer(r *http.Request) (any, error) {
	ctx := r.Context()
	subjects, err := serve.Subjects(r)
	if err != nil {
		return nil, err
	}

	memo := &memo{cache: t.cache}
	replies := map[string]reply{}
	for _, subject := range subjects {
		thought, err := t.think(ctx, memo, subject)
		if err != nil {
			logger(ctx).Error("cannot think", "subject", subject, "error", err)
			return nil, err
		}
		replies[subject] = reply{thought: thought}
	}
	logger(ctx).Info("thought", "subjects", subjects)
	return replies, nil
}

// think takes its time to find the thought on a subject.
func (t *thinker) think(ctx context.Context, memo *memo, subject string) (_ *thought, err error) {
	span, ctx := tracer.StartSpanFromContext(ctx, "think", tracer.Tag("subject", subject))
	defer func() { span.Finish(tracer.WithError(err)) }()

	return memo.memoize(ctx, subject, func(ctx context.Context) (*thought, error) {
		time.Sleep(t.delay)
		return t.store.find(ctx, subject)
	})
}

// logger names the current span in each line, so that one finds the trace that
// belongs to it.
func logger(ctx context.Context) *slog.Logger {
	span, _ := tracer.SpanFromContext(ctx)
	return slog.With(ext.LogKeyTraceID, span.Context().TraceID(), ext.LogKeySpanID, span.Context().SpanID())
}
