// Package events streams what changes as server-sent events.
package events

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"thinker/shared/apm/guest"
	"thinker/shared/apm/internal/web/page"
)

// Routes returns the endpoint. Its responses last, so it takes no turn.
func Routes(site *page.Site) []page.Route {
	s := &server{Site: site}
	return []page.Route{{Pattern: "GET /api/events", Serve: s.serve}}
}

type server struct {
	*page.Site
	streams atomic.Int64 // open ones
}

// serve streams one event
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
func (s *server) serve(rw http.ResponseWriter, r *http.Request) error {
	request, err := s.parse(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.Ending, cancel)()
	s.streams.Add(1)
	defer s.streams.Add(-1)
	var (
		changes <-chan []uint64  // of traces
		notices <-chan []uint64  // changes, or nil while the stream rests
		rested  <-chan time.Time // when the rest ends
		looks   <-chan time.Time // at the intake
		news    <-chan struct{}  // of a guest
		calls   = s.Intake.Calls()
	)
	switch {
	case request.guest != nil:
		news = request.guest.News(ctx)
	case request.kind == "intake":
		ticker := time.NewTicker(250 * time.Millisecond)
		defer ticker.Stop()
		looks = ticker.C
	default:
		changes = s.Traces.Subscribe(ctx)
		notices = changes
	}

	rw.Header().Set("Content-Type", "text/event-stream")
	stream := stream{rw: rw, control: http.NewResponseController(rw)}
	// Clients look for what they missed when the stream opens, so it must not open before
	// we have subscribed.
	err = stream.send(": open\n\n")
	// An idle stream sends something now and then, to notice that the client has gone.
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for err == nil {
		select {
		case ids := <-notices:
			if request.only != nil {
				ids = slices.DeleteFunc(ids, func(id uint64) bool { return !slices.Contains(request.only, id) })
			}
			err = stream.sendTraces(ids)
			notices, rested = nil, time.After(s.rest(len(ids) > 0))
		case <-rested:
			notices, rested = changes, nil
		case <-looks:
			if now := s.Intake.Calls(); now != calls {
				calls = now
				err = stream.send("event: intake\ndata: {\"calls\":%d}\n\n", calls)
			}
		case <-news:
			err = stream.send("event: %s\ndata: {}\n\n", request.kind)
		case <-alive.C:
			err = stream.send(": alive\n\n")
		case <-ctx.Done():
			return nil
		}
	}
	return nil // the client has gone
}

// A request names the events to send.
type request struct {
	kind  string
	guest *guest.Guest // of that kind, if there is one
	only  []uint64     // IDs that the trace may have; nil for all traces
}

func (s *server) parse(r *http.Request) (request, error) {
	wants := request{kind: r.URL.Query().Get("kind")}
	if text := r.URL.Query().Get("trace"); text != "" {
		if wants.only = page.TraceIDs(text); len(wants.only) == 0 {
			return wants, page.Failure{Status: http.StatusBadRequest,
				Detail: fmt.Sprintf("Invalid trace=%.40q: use a decimal or hexadecimal trace ID.", text)}
		}
	}
	of := slices.IndexFunc(s.Guests, func(g guest.Guest) bool { return g.Kind() == wants.kind })
	if of >= 0 {
		wants.guest = &s.Guests[of]
	} else if !slices.Contains([]string{"", "trace", "intake"}, wants.kind) {
		return wants, page.Failure{Status: http.StatusBadRequest,
			Detail: fmt.Sprintf("Invalid kind=%.40q: use trace or intake.", wants.kind)}
	}
	return wants, nil
}

// rest returns how long a stream waits after changes of traces, to send the next ones
// together. It grows with the number of streams, so that most of the time is left for the
// intake.
func (s *server) rest(sent bool) time.Duration {
	turn := 400 * time.Microsecond // of which a stream takes a part
	if !sent {
		turn /= 10
	}
	return max(10*time.Millisecond, time.Duration(s.streams.Load())*turn)
}

// A stream sends each text at once.
type stream struct {
	rw      http.ResponseWriter
	control *http.ResponseController
	text    []byte // of several events
}

func (s *stream) send(format string, args ...any) error {
	if err := s.write(fmt.Appendf(nil, format, args...)); err != nil {
		return err
	}
	return s.flush()
}

// sendTraces sends an event for each trace.
func (s *stream) sendTraces(ids []uint64) error {
	if len(ids) == 0 {
		return nil
	}
	// A part at a time, since the client may read nothing for a while.
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
	// A stream may last longer than other responses, unless the client reads nothing. The
	// error means that the connection has no deadlines.
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
