// Command thinker-microservice responds to /?subject=… with a thought on each
// subject. It takes its time.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"time"

	muxtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/gorilla/mux"
	slogtrace "gopkg.in/DataDog/dd-trace-go.v1/contrib/log/slog"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"

	"thinker/shared/serve"
)

func main() {
	serve.Main("thinker-microservice", run)
}

func run(ctx context.Context, flags *flag.FlagSet) error {
	addr := flags.String("listen-addr", "localhost:5001", "address to listen on")
	delay := flags.Duration("think-delay", 500*time.Millisecond, "how long a thought takes")
	database := flags.String("database", "thoughts.db", "SQLite file to store the thoughts in")
	redisAddr := flags.String("redis-addr", "localhost:6379", "address of the Redis that caches thoughts")
	redisTimeout := flags.Duration("redis-timeout", 30*time.Millisecond, "how long a Redis command may take")
	serve.Parse(flags)

	store, err := openStore(ctx, *database)
	if err != nil {
		return err
	}
	defer store.close()

	tracer.Start(tracer.WithService("thinker-microservice"))
	defer tracer.Stop()
	slog.SetDefault(slog.New(slogtrace.WrapHandler(slog.Default().Handler())))

	cache := openCache(ctx, *redisAddr, *redisTimeout)
	defer cache.close()

	t := &thinker{delay: *delay, store: store, cache: cache}
	router := muxtrace.NewRouter()
	router.Handle("/", serve.Handler(t.respond)).Methods(http.MethodGet)
	router.NotFoundHandler = serve.Refuse(http.StatusNotFound, "no such path; try /?subject=war")
	router.MethodNotAllowedHandler = serve.Refuse(http.StatusMethodNotAllowed, "this path allows only GET")
	return serve.HTTP(ctx, *addr, router, tracer.Flush)
}

type thinker struct {
	delay time.Duration
	store *sqliteStore
	cache *redisCache
}

// reply is the part of the response that is about one subject.
type reply struct {
	Error  bool   `json:"error"`
	Reason string `json:"reason,omitempty"`
	*thought
}

// respond thinks about one subject after the other.
func (t *thinker) respond(r *http.Request) (any, error) {
	ctx := r.Context()
	subjects, err := serve.Subjects(r)
	if err != nil {
		return nil, err
	}

	replies := map[string]reply{}
	for _, subject := range subjects {
		found, err := t.think(ctx, subject)
		switch {
		case errors.As(err, new(unknownSubject)):
			replies[subject] = reply{Error: true, Reason: "Subject unknown"}
		case err != nil:
			slog.ErrorContext(ctx, "thinking failed", "subject", subject, "error", err)
			return nil, err
		default:
			replies[subject] = reply{thought: found}
		}
	}
	slog.InfoContext(ctx, "thought", "subjects", subjects)
	return replies, nil
}

// think returns a thought on a subject, within a span.
func (t *thinker) think(ctx context.Context, subject string) (_ *thought, err error) {
	span, ctx := tracer.StartSpanFromContext(ctx, "think", tracer.Tag("subject", subject))
	defer func() { span.Finish(tracer.WithError(err)) }()

	return t.cache.memoize(ctx, subject, t.ponder)
}

// ponder waits, then finds the thought. It stops early if the request is cancelled.
func (t *thinker) ponder(ctx context.Context, subject string) (*thought, error) {
	select {
	case <-time.After(t.delay):
		return t.store.find(ctx, subject)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
