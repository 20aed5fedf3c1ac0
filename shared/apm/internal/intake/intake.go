// Package intake takes in what Datadog tracers send to their Agent: traces in
// every format, which it decodes and hands to a Sink, and everything else a
// tracer has to tell, which it accepts, counts and throws away.
package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"thinker/shared/apm"
)

// A Sink keeps spans. Add takes over the spans and the maps in them; when it
// returns without an error, they can be found. It may wait until it has room
// for them, and gives up when ctx, which has a deadline, is done.
type Sink interface {
	Add(ctx context.Context, spans []apm.Span) error
}

// ErrFull is the error of a Sink whose disk has no room.
var ErrFull = errors.New("the disk is full")

// Intake serves the Agent's endpoints. It is safe for concurrent use.
type Intake struct {
	sink  Sink
	log   *slog.Logger
	mux   *http.ServeMux
	paths []string
	info  info
	now   func() time.Time
	tally tally

	room     *room
	patience time.Duration
}

// New makes an intake that hands what it decodes to sink.
func New(sink Sink, logger *slog.Logger) *Intake {
	return newIntake(sink, logger, time.Now)
}

func newIntake(sink Sink, logger *slog.Logger, now func() time.Time) *Intake {
	in := &Intake{sink: sink, log: logger, mux: http.NewServeMux(), info: newInfo(), now: now, room: newRoom(maxRoom), patience: patience}
	in.tally.since = now()
	in.tally.refusals.most, in.tally.requests.most = 50, 100

	in.handle("/info", in.serveInfo, http.MethodGet, http.MethodHead)

	in.handle("/v0.3/traces", in.traces(decodeV03V04, "OK\n"), http.MethodPost, http.MethodPut)
	in.handle("/v0.4/traces", in.traces(decodeV03V04, rates), http.MethodPost, http.MethodPut)
	in.handle("/v0.5/traces", in.traces(decodeV05, rates), http.MethodPost, http.MethodPut)
	in.handle("/v0.7/traces", in.traces(decodeV07, rates), http.MethodPost, http.MethodPut)
	in.handle("/v1.0/traces", in.traces(decodeV10, rates), http.MethodPost, http.MethodPut)

	in.handle("/v0.3/services", in.discard("OK\n"))
	in.handle("/v0.4/services", in.discard("OK\n"))
	in.handle("/v0.6/stats", in.discard(""))
	in.handle(pathConfig, in.discard("{}"))
	for _, proxied := range []string{
		"/telemetry/proxy/", "/profiling/v1/input",
		"/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v3/", "/evp_proxy/v4/",
		"/debugger/", "/symdb/v1/input", "/dogstatsd/v1/proxy", "/dogstatsd/v2/proxy",
		"/tracer_flare/v1", "/v0.1/pipeline_stats",
	} {
		in.handle(proxied, in.discard("{}"))
	}
	in.route("/", refuseUnknown)
	return in
}

// pathConfig is where tracers ask, every few seconds, for remote configuration.
const pathConfig = "/v0.7/config"

// Paths are the patterns, in http.ServeMux's notation, that belong to the
// intake: whoever shares a port with it hands on requests for these. It also
// serves any other path, by refusing it, so that the refusal is on record.
func (in *Intake) Paths() []string { return in.paths }

// rates answers a trace payload: it tells the tracer to send every trace. An
// empty object would leave a rate in force that an earlier Agent lowered.
const rates = `{"rate_by_service":{"service:,env:":1}}`

// A handler answers a request or says, by its error, why it does not. It notes
// in v what it learns of the sender.
type handler func(w http.ResponseWriter, r *http.Request, v *visit) error

// handle serves path as one of the intake's own, for the methods given or,
// where none are, for any.
func (in *Intake) handle(path string, serve handler, methods ...string) {
	in.paths = append(in.paths, path)
	in.route(path, serve, methods...)
}

func (in *Intake) route(path string, serve handler, methods ...string) {
	in.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		v, r := in.visit(w, r)
		w.Header().Set("Datadog-Agent-Version", agentVersion)
		w.Header().Set("Datadog-Agent-State", in.info.state)
		err := refuseBrowsers(r)
		if err == nil {
			err = refuseOtherMethods(w, r, methods)
		}
		if err == nil {
			err = serve(w, r, v)
		}
		status := http.StatusOK
		if err != nil {
			status = in.refuse(w, r, v, err)
		}
		in.tally.answered(v.request(r, status))
	})
}

// ServeHTTP implements http.Handler.
func (in *Intake) ServeHTTP(w http.ResponseWriter, r *http.Request) { in.mux.ServeHTTP(w, r) }

// A decoder turns a request's body into spans, once there is room for them.
type decoder func(body []byte, header http.Header, reserve reservation) (payload, error)

// traces takes in payloads of one format and answers with reply.
func (in *Intake) traces(decode decoder, reply string) handler {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		err := in.take(w, r, v, decode)
		var busy busyError
		switch {
		case errors.As(err, &busy):
			return in.drop(r, busy, reply)
		case err != nil:
			return err
		}
		return write(w, http.StatusOK, reply)
	}
}

// take takes in one payload. While the agent is busy, it waits.
func (in *Intake) take(w http.ResponseWriter, r *http.Request, v *visit, decode decoder) error {
	at := in.room.enter()
	defer at.leave()
	body, err := in.readBody(w, r, at)
	if err != nil {
		return err
	}
	size := len(body)
	p, err := decodeSafely(decode, body, r.Header, func(s stage, size int64) error {
		return in.patiently(r, "a payload", func(ctx context.Context) error { return at.take(ctx, s, size) })
	})
	putBuffer(body) // what is decoded has no part of it
	var busy busyError
	var large sizeError
	switch {
	case errors.As(err, &busy):
		return err
	case errors.As(err, &large):
		return refusal{http.StatusRequestEntityTooLarge, reasonTooLarge, fmt.Errorf("decode %s payload of %d bytes: %w", r.URL.Path, size, err)}
	case err != nil:
		return malformed(fmt.Errorf("decode %s payload of %d bytes: %w", r.URL.Path, size, err))
	}
	format, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c := contactOf(p, format, r.Header, size, v.at)
	v.tracer = c.id
	if v.spans, err = in.store(r, p, at); err != nil {
		in.tally.took(v.spans)
		return err
	}
	in.tally.tookAll(p, c)
	return nil
}

// store hands a payload's spans to the sink, in portions, and returns how many
// were kept: with an error, it may be some of them.
func (in *Intake) store(r *http.Request, p payload, at *place) (kept int, err error) {
	if len(p.spans) == 0 {
		return 0, nil
	}
	err = in.patiently(r, "", func(ctx context.Context) error {
		for _, portion := range p.portions() {
			if err := at.take(ctx, storing, portion.weight); err != nil {
				return err
			}
			err := in.sink.Add(ctx, portion.spans)
			at.give(storing, portion.weight)
			if err != nil {
				return err
			}
			kept += len(portion.spans)
		}
		return nil
	})
	left := fmt.Sprintf("%d spans", len(p.spans))
	if kept > 0 {
		left = fmt.Sprintf("%d of %d spans", len(p.spans)-kept, len(p.spans))
	}
	var busy busyError
	switch {
	case errors.As(err, &busy):
		busy.what = left
		return kept, busy
	case err != nil:
		return kept, fmt.Errorf("store %s: %w", left, err)
	}
	return kept, nil
}

// discard accepts a request of any method, throws its body away and answers
// with reply.
func (in *Intake) discard(reply string) handler {
	return func(w http.ResponseWriter, r *http.Request, _ *visit) error {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			return unreadable(err)
		}
		in.tally.discarded(r.Pattern)
		return write(w, http.StatusOK, reply)
	}
}

// write answers with a short text, JSON where it looks like it.
func write(w http.ResponseWriter, status int, reply string) error {
	contentType := "text/plain; charset=utf-8"
	if len(reply) > 0 && reply[0] == '{' {
		contentType = "application/json"
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	// An error here means that the tracer has gone: nobody is left to be told.
	_, _ = io.WriteString(w, reply)
	return nil
}
