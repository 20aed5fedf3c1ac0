package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// events serves GET /api/events, a stream of server-sent events: one
//
//	event: trace
//	data: {"trace_id":"5577006791947779410"}
//
// for each trace that has changed. It is a notice only; what has changed is to
// be fetched. With ?trace=ID it is of that trace alone. With ?kind=intake it is
// instead
//
//	event: intake
//	data: {"calls":123}
//
// after the intake has answered requests, at most a few times a second; and with
// a guest's kind, after that has news,
//
//	event: workshop
//	data: {}
func (w *Web) events(rw http.ResponseWriter, r *http.Request) error {
	var only []uint64
	if text := r.URL.Query().Get("trace"); text != "" {
		if only = traceIDs(text); len(only) == 0 {
			return failure{http.StatusBadRequest, fmt.Sprintf("trace=%.40q is not a trace ID.", text)}
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	var (
		notices <-chan uint64    // of traces
		looks   <-chan time.Time // at the intake
		news    <-chan struct{}  // of a guest
		calls   = w.Intake.Calls()
	)
	kind := r.URL.Query().Get("kind")
	switch kind {
	case "", "trace":
		notices = w.Traces.Subscribe(ctx)
	case "intake":
		ticker := time.NewTicker(250 * time.Millisecond)
		defer ticker.Stop()
		looks = ticker.C
	default:
		guest, ok := w.guest(kind)
		if ok {
			news = guest.News(ctx)
			break
		}
		return failure{http.StatusBadRequest, fmt.Sprintf("kind=%.40q is no kind of event: it is trace or intake.", kind)}
	}

	rw.Header().Set("Content-Type", "text/event-stream")
	stream := stream{rw, http.NewResponseController(rw)}
	// Readers look at what they missed when the stream opens: it must not open
	// before we have subscribed.
	if err := stream.send(": open\n\n"); err != nil {
		return nil // the reader has gone
	}
	// Now and then something must be sent, to notice readers who are gone.
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for {
		var text string
		select {
		case id := <-notices:
			if only != nil && !slices.Contains(only, id) {
				continue
			}
			text = fmt.Sprintf("event: trace\ndata: {\"trace_id\":\"%d\"}\n\n", id)
		case <-looks:
			now := w.Intake.Calls()
			if now == calls {
				continue
			}
			calls = now
			text = fmt.Sprintf("event: intake\ndata: {\"calls\":%d}\n\n", calls)
		case <-news:
			text = fmt.Sprintf("event: %s\ndata: {}\n\n", kind)
		case <-alive.C:
			text = ": alive\n\n"
		case <-w.ending.Done():
			return nil
		case <-ctx.Done():
			return nil
		}
		if err := stream.send(text); err != nil {
			return nil // the reader has gone
		}
	}
}

// A stream sends what it is given at once.
type stream struct {
	rw      http.ResponseWriter
	control *http.ResponseController
}

func (s stream) send(text string) error {
	// A stream outlives the server's limit for answers, but not a reader who
	// takes nothing off it. Where deadlines are not to be had, there is none.
	_ = s.control.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := s.rw.Write([]byte(text)); err != nil {
		return fmt.Errorf("send event: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
