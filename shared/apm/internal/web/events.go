package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"thinker/shared/apm/internal/web/page"
	"time"
)

// events serves GET /api/events, a stream of server-sent events: one
//
//	event: trace
//	data: {"trace_id":"5577006791947779410"}
//
// for each changed trace. Clients fetch the trace to see the change. With ?trace=ID it
// sends events of that trace only. With ?kind=intake it sends
//
//	event: intake
//	data: {"calls":123}
//
// after requests to the intake, at most a few times a second. With a guest's kind, it
// sends an event when that guest has news:
//
//	event: workshop
//	data: {}
func (w *Web) events(rw http.ResponseWriter, r *http.Request) error {
	var only []uint64
	if text := r.URL.Query().Get("trace"); text != "" {
		if only = page.TraceIDs(text); len(only) == 0 {
			return page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf("Invalid trace=%.40q: use a decimal or hexadecimal trace ID.", text)}
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	w.streams.Add(1)
	defer w.streams.Add(-1)
	var (
		changes <-chan []uint64  // of traces
		notices <-chan []uint64  // changes, or nil while the stream rests
		rested  <-chan time.Time // when it doesn't any more
		looks   <-chan time.Time // at the intake
		news    <-chan struct{}  // of a guest
		calls   = w.Intake.Calls()
	)
	kind := r.URL.Query().Get("kind")
	switch kind {
	case "", "trace":
		changes = w.Traces.Subscribe(ctx)
		notices = changes
	case "intake":
		ticker := time.NewTicker(250 * time.Millisecond)
		defer ticker.Stop()
		looks = ticker.C
	default:
		guest, ok := w.guestOf(kind)
		if ok {
			news = guest.News(ctx)
			break
		}
		return page.Failure{Status: http.StatusBadRequest, Detail: fmt.Sprintf("Invalid kind=%.40q: use trace or intake.", kind)}
	}

	rw.Header().Set("Content-Type", "text/event-stream")
	stream := stream{rw: rw, control: http.NewResponseController(rw)}
	// Readers look at what they missed when the stream opens: it must not open
	// before we have subscribed.
	err := stream.send(": open\n\n")
	// Now and then something must be sent, to notice readers who are gone.
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for err == nil {
		select {
		case ids := <-notices:
			if only != nil {
				ids = slices.DeleteFunc(ids, func(id uint64) bool { return !slices.Contains(only, id) })
			}
			err = stream.sendTraces(ids)
			notices, rested = nil, time.After(w.rest(len(ids) > 0))
		case <-rested:
			notices, rested = changes, nil
		case <-looks:
			if now := w.Intake.Calls(); now != calls {
				calls = now
				err = stream.send("event: intake\ndata: {\"calls\":%d}\n\n", calls)
			}
		case <-news:
			err = stream.send("event: %s\ndata: {}\n\n", kind)
		case <-alive.C:
			err = stream.send(": alive\n\n")
		case <-w.ending.Done():
			return nil
		case <-ctx.Done():
			return nil
		}
	}
	return nil // the reader has gone
}

// rest returns how long a stream waits after changes of traces, to send the next
// ones together. The more streams there are, the longer: however many follow what
// changes, most of the time is left for the intake.
func (w *Web) rest(sent bool) time.Duration {
	turn := 400 * time.Microsecond // of which a stream takes a part
	if !sent {
		turn /= 10
	}
	return max(10*time.Millisecond, time.Duration(w.streams.Load())*turn)
}

// A stream sends what it is given at once.
type stream struct {
	rw      http.ResponseWriter
	control *http.ResponseController
	text    []byte // of notices
}

func (s *stream) send(format string, args ...any) error {
	if err := s.write(fmt.Appendf(nil, format, args...)); err != nil {
		return err
	}
	return s.flush()
}

// sendTraces sends a notice for each trace.
func (s *stream) sendTraces(ids []uint64) error {
	if len(ids) == 0 {
		return nil
	}
	// A part at a time, as the reader may take nothing for a while.
	for part := range slices.Chunk(ids, 256) {
		s.text = s.text[:0]
		for _, id := range part {
			s.text = append(s.text, "event: trace\ndata: {\"trace_id\":\""...)
			s.text = strconv.AppendUint(s.text, id, 10)
			s.text = append(s.text, "\"}\n\n"...)
		}
		if err := s.write(s.text); err != nil {
			return err
		}
	}
	return s.flush()
}

func (s *stream) write(text []byte) error {
	// A stream outlives the server's limit for answers, but not a reader who
	// takes nothing off it. Where deadlines are not to be had, there is none.
	_ = s.control.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := s.rw.Write(text); err != nil {
		return fmt.Errorf("send events: %w", err)
	}
	return nil
}

func (s *stream) flush() error {
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("flush events: %w", err)
	}
	return nil
}
