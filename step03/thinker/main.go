// Command thinker-microservice answers /?subject=… with a thought on each
// subject, for which it takes its time.
package main

import (
	"context"
	"errors"
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
	if err := env.Check(addr); err != nil {
		return err
	}

	tracer.Start(tracer.WithService("thinker-microservice"))
	defer tracer.Stop()

	t := &thinker{delay: delay}
	router := muxtrace.NewRouter()
	router.Handle("/", serve.Handler(t.answer)).Methods(http.MethodGet)
	router.NotFoundHandler = serve.Refuse(http.StatusNotFound, "no such path; try /?subject=war")
	router.MethodNotAllowedHandler = serve.Refuse(http.StatusMethodNotAllowed, "only GET is answered here")
	return serve.HTTP(ctx, addr, router, tracer.Flush)
}

type thinker struct {
	delay time.Duration
}

// reply is the answer's entry for one subject.
type reply struct {
	Error  bool   `json:"error"`
	Reason string `json:"reason,omitempty"`
	*thought
}

// answer thinks about one subject after the other.
func (t *thinker) answer(r *http.Request) (any, error) {
	ctx := r.Context()
	subjects, err := serve.Subjects(r)
	if err != nil {
		return nil, err
	}

	replies := map[string]reply{}
	for _, subject := range subjects {
		thought, err := t.think(ctx, subject)
		switch {
		case errors.As(err, new(unknownSubject)):
			replies[subject] = reply{Error: true, Reason: "Subject unknown"}
		case err != nil:
			logger(ctx).Error("cannot think", "subject", subject, "error", err)
			return nil, err
		default:
			replies[subject] = reply{thought: thought}
		}
	}
	logger(ctx).Info("thought", "subjects", subjects)
	return replies, nil
}

// think takes its time to find the thought on a subject.
func (t *thinker) think(ctx context.Context, subject string) (_ *thought, err error) {
	span, ctx := tracer.StartSpanFromContext(ctx, "think", tracer.Tag("subject", subject))
	defer func() { span.Finish(tracer.WithError(err)) }()

	select {
	case <-time.After(t.delay):
		return find(subject)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// logger names the current span in each line, so that one finds the trace that
// belongs to it.
func logger(ctx context.Context) *slog.Logger {
	span, _ := tracer.SpanFromContext(ctx)
	return slog.With(ext.LogKeyTraceID, span.Context().TraceID(), ext.LogKeySpanID, span.Context().SpanID())
}
