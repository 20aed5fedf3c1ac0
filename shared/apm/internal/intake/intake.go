// Package intake serves the endpoints of the Datadog Agent. It decodes traces in every
// format and passes their spans to a Sink. It accepts, counts and discards everything
// else that tracers send.
package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"thinker/shared/apm"
)

// A Sink stores spans.
//
//   - Add owns the spans and their maps from the moment it is called.
//   - When it returns nil, readers can find the spans.
//   - It may block until it has room, and returns ctx's error when ctx is done. ctx always
//     has a deadline.
//   - An error that wraps ErrFull reports a full disk.
type Sink interface {
	Add(ctx context.Context, spans []apm.Span) error
}

// ErrFull is a Sink's error if its disk is full.
var ErrFull = errors.New("the disk is full")

// agentVersion is the release of the Datadog Agent whose types decode the payloads.
// Tracers use it to choose what to send.
const agentVersion = "7.85.1"

// infoBody is the response of /info, which lists what the agent supports. It leaves out
// some endpoints on purpose. Tracers that find /v0.6/stats compute statistics and may
// drop spans, and those that find a proxy send data that nothing here reads. A
// statsd_port would override the client's own.
const infoBody = `{"client_drop_p0s":false,"config":{"default_env":"none"},` +
	`"endpoints":["/v0.3/traces","/v0.3/services","/v0.4/traces","/v0.4/services",` +
	`"/v0.5/traces","/v0.7/traces","/v1.0/traces"],"long_running_spans":false,` +
	`"peer_tags":[],"span_events":true,"version":"` + agentVersion + `"}`

const (
	okText = "OK\n"
	// keepAll responds to a trace payload: it makes the tracer send every trace. With an
	// empty object, the tracer would keep a lower rate from an earlier Agent.
	keepAll = `{"rate_by_service":{"service:,env:":1}}`

	configPath = "/v0.7/config" // tracers poll it every few seconds
)

// maxWait limits how long a payload waits for memory, and then for the sink. dd-trace-go
// waits as long for a response.
const maxWait = 10 * time.Second

// An Intake serves the Agent's endpoints. It is safe for concurrent use.
type Intake struct {
	sink    Sink
	log     *slog.Logger
	mux     *http.ServeMux
	paths   []string
	state   string // changes when infoBody does; tracers check it in each response
	record  record
	memory  memory
	buffers sync.Pool // of bodies that were read, as *[]byte
}

// New returns an intake that passes decoded spans to sink.
func New(sink Sink, logger *slog.Logger) *Intake {
	sum := sha256.Sum256([]byte(infoBody))
	in := &Intake{sink: sink, log: logger, mux: http.NewServeMux(), state: hex.EncodeToString(sum[:]),
		record: newRecord(), memory: newMemory()}

	in.handle("/info", func(c *call) error { return c.respond(http.StatusOK, infoBody) },
		http.MethodGet, http.MethodHead)
	for _, format := range []struct {
		version string
		decode  decoder
		reply   string
	}{
		{"v0.3", decodeV04, okText},
		{"v0.4", decodeV04, keepAll},
		{"v0.5", decodeV05, keepAll},
		{"v0.7", decodeV07, keepAll},
		{"v1.0", decodeV10, keepAll},
	} {
		in.handle("/"+format.version+"/traces", func(c *call) error {
			if err := in.receive(c, format.version, format.decode, format.reply); err != nil {
				return err
			}
			return c.respond(http.StatusOK, format.reply)
		}, http.MethodPost, http.MethodPut)
	}

	in.handle("/v0.3/services", in.discard(okText))
	in.handle("/v0.4/services", in.discard(okText))
	in.handle("/v0.6/stats", in.discard(""))
	for _, path := range []string{
		configPath, "/telemetry/proxy/", "/profiling/v1/input",
		"/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v3/", "/evp_proxy/v4/",
		"/debugger/", "/symdb/v1/input", "/dogstatsd/v1/proxy", "/dogstatsd/v2/proxy",
		"/tracer_flare/v1", "/v0.1/pipeline_stats",
	} {
		in.handle(path, in.discard("{}"))
	}
	in.route("/", func(c *call) error {
		return refusal{http.StatusNotFound, reasonPath,
			fmt.Errorf("unknown path %s. Datadog tracers send to paths such as /v0.4/traces", c.r.URL.Path)}
	})
	return in
}

// Paths returns the intake's own patterns, in http.ServeMux's notation. A server that
// has other handlers routes these to the intake. The intake also refuses and records
// requests for any other path.
func (in *Intake) Paths() []string { return in.paths }

// ServeHTTP implements http.Handler.
func (in *Intake) ServeHTTP(w http.ResponseWriter, r *http.Request) { in.mux.ServeHTTP(w, r) }

// A handler responds to a request, or returns why it refuses it.
type handler func(*call) error

// handle serves one of the intake's own paths, for certain methods or for all.
func (in *Intake) handle(path string, serve handler, methods ...string) {
	in.paths = append(in.paths, path)
	in.route(path, serve, methods...)
}

func (in *Intake) route(path string, serve handler, methods ...string) {
	in.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		c := newCall(w, r)
		w.Header().Set("Datadog-Agent-Version", agentVersion)
		w.Header().Set("Datadog-Agent-State", in.state)
		err := checkRequest(w, r, methods)
		if err == nil {
			err = serve(c)
		}
		status := http.StatusOK
		if err != nil {
			status = in.refuse(c, err)
		}
		in.record.served(c.summary(status))
	})
}

// checkRequest refuses other methods, and requests from web pages. Tracers aren't
// browsers. But a person may open a URL in the address bar (Sec-Fetch-Site: none).
func checkRequest(w http.ResponseWriter, r *http.Request, methods []string) error {
	site := r.Header.Get("Sec-Fetch-Site")
	if _, crossed := r.Header["Origin"]; crossed || (site != "" && site != "none") {
		return refusal{http.StatusForbidden, reasonBrowser,
			errors.New("this endpoint is for tracers, not for web pages")}
	}
	if len(methods) > 0 && !slices.Contains(methods, r.Method) {
		allowed := strings.Join(methods, ", ")
		w.Header().Set("Allow", allowed)
		return refusal{http.StatusMethodNotAllowed, reasonMethod,
			fmt.Errorf("%s accepts %s, not %s", r.URL.Path, allowed, r.Method)}
	}
	return nil
}

// discard returns a handler that reads and discards the body.
func (in *Intake) discard(reply string) handler {
	return func(c *call) error {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(c.w, c.r.Body, maxBody)); err != nil {
			return readError(err)
		}
		in.record.discarded()
		return c.respond(http.StatusOK, reply)
	}
}

// receive reads, decodes and stores one payload. It waits while the agent is busy.
// See decisions/payloads-wait.md.
func (in *Intake) receive(c *call, format string, decode decoder, reply string) error {
	c.reservation.memory = &in.memory
	defer c.reservation.releaseAll()
	body, err := in.readBody(c)
	if err != nil {
		return dropBusy(c, err, "a payload", reply)
	}
	size := len(body)
	p := payload{reserve: func(s stage, bytes int64) error {
		return c.wait(func(ctx context.Context) error { return c.reservation.take(ctx, s, bytes) })
	}}
	err = p.decode(decode, body, c.r.Header)
	in.releaseBuffer(body) // decoded spans don't refer to it
	if err != nil {
		err = dropBusy(c, err, "a payload", reply)
		if refused := (refusal{}); errors.As(err, &refused) {
			return err
		}
		status, why := http.StatusBadRequest, reasonMalformed
		if large := (sizeError{}); errors.As(err, &large) {
			status, why = http.StatusRequestEntityTooLarge, reasonTooLarge
		}
		return refusal{status, why, fmt.Errorf("decode %s payload of %d bytes: %w", c.r.URL.Path, size, err)}
	}
	arrival := arrivalOf(p, c, format, size) // before the sink owns the spans
	c.tracer = arrival.tracer
	if err := in.store(c, p, reply); err != nil {
		in.record.receivedPart(c.spans)
		return err
	}
	in.record.received(p, arrival)
	return nil
}

// store passes a payload's spans to the sink, a portion at a time. If it fails, the sink
// may have stored c.spans of them.
func (in *Intake) store(c *call, p payload, reply string) error {
	if len(p.spans) == 0 {
		return nil
	}
	err := c.wait(func(ctx context.Context) error {
		for spans, weight := range p.portions() {
			if err := c.reservation.take(ctx, storing, weight); err != nil {
				return err
			}
			err := in.sink.Add(ctx, spans)
			c.reservation.release(storing, weight)
			if err != nil {
				return err
			}
			c.spans += len(spans)
		}
		return nil
	})
	if err == nil {
		return nil
	}
	lost := fmt.Sprintf("%d spans", len(p.spans))
	if c.spans > 0 {
		lost = fmt.Sprintf("%d of %d spans", len(p.spans)-c.spans, len(p.spans))
	}
	return dropBusy(c, fmt.Errorf("store %s: %w", lost, err), lost, reply)
}

// dropBusy turns a wait that was too long into a refusal, and returns other errors
// unchanged. Tracers drop a payload after any error response, and log it. So like the
// Datadog Agent, the intake responds with 200 unless the tracer requests the real status.
// The record has the loss either way.
func dropBusy(c *call, err error, lost, reply string) error {
	busy := busyError{}
	if !errors.As(err, &busy) {
		return err
	}
	status := http.StatusOK
	if isTrue(c.r.Header, "Datadog-Send-Real-Http-Status") {
		status = http.StatusTooManyRequests
	}
	detail := fmt.Errorf("%s dropped: the agent was too busy for %s", lost, maxWait)
	if errors.Is(err, context.Canceled) {
		detail = fmt.Errorf("%s dropped: the sender closed the connection while the agent was busy", lost)
	}
	c.reply = reply
	return refusal{status, reasonBusy, detail}
}

// A refusal is an error whose text is meant for the sender.
type refusal struct {
	status int
	reason string
	err    error
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

// refuse responds to a request that failed, records and logs it, and returns the status.
// It responds at once, then reads the rest of the body.
func (in *Intake) refuse(c *call, err error) (status int) {
	var refused refusal
	switch {
	case errors.As(err, &refused):
	case errors.Is(err, ErrFull):
		refused = refusal{http.StatusInsufficientStorage, reasonFull,
			errors.New("could not store the spans: the agent's disk is full")}
	default: // the agent's fault: the details stay in its log
		refused = refusal{http.StatusInternalServerError, reasonNotStored,
			errors.New("could not store the spans. See the agent's log")}
	}
	in.record.refused(c.refusal(refused))
	in.log.WarnContext(c.r.Context(), "refused a request",
		"method", c.r.Method, "path", c.r.URL.Path, "reason", refused.reason, "error", err)
	_ = c.body.connection.EnableFullDuplex() // without it, the server reads the body before it responds
	if c.reply != "" {
		_ = c.respond(refused.status, c.reply)
	} else {
		http.Error(c.w, refused.Error(), refused.status)
	}
	_ = c.body.connection.Flush() // an error means that the sender disconnected
	c.body.drain()
	return refused.status
}

// isTrue reports whether a header is set and isn't false, as the Datadog Agent reads its
// switches.
func isTrue(header http.Header, name string) bool {
	value := header.Get(name)
	on, err := strconv.ParseBool(value)
	return value != "" && (on || err != nil)
}
