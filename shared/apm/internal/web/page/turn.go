package page

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
)

// Turns bound the memory: few requests are served at a time, and only one of them has a
// large trace in memory. A turn ends when the response is ready, so a client that reads
// slowly delays no other.
const (
	turnsAtOnce   = 3
	exportsAtOnce = 2
	smallTrace    = 8 << 20  // bytes of memory
	largeTrace    = 64 << 20 // likewise, of all traces of a request together

	smallResponse = 256 << 10 // bytes
	mostSending   = 32 << 20  // bytes of larger responses that are being sent
)

type turns struct {
	requests, largeTraces, exports chan struct{}
	sending                        atomic.Int64 // bytes
}

func newTurns() *turns {
	return &turns{requests: make(chan struct{}, turnsAtOnce), largeTraces: make(chan struct{}, 1),
		exports: make(chan struct{}, exportsAtOnce)}
}

// A turn belongs to the goroutine of a request.
type turn struct {
	http.ResponseWriter
	all  *turns
	held []chan struct{}
}

type turnKey struct{}

// BeginExport ends a request's turn before its response is written in parts. It waits while
// too many other responses are. The caller calls end after the last part.
func (site *Site) BeginExport(ctx context.Context, rw http.ResponseWriter) (end func(), err error) {
	select {
	case site.turns.exports <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
	if t, ok := rw.(*turn); ok {
		t.end()
	}
	return func() { <-site.turns.exports }, nil
}

// InTurn serves requests when it is their turn.
func (site *Site) InTurn(serve Handler) Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		t := &turn{ResponseWriter: rw, all: site.turns}
		defer t.end()
		if err := t.take(r.Context(), site.turns.requests); err != nil {
			return err
		}
		return serve(t, r.WithContext(context.WithValue(r.Context(), turnKey{}, t)))
	}
}

// take waits for a turn of one kind, unless the request already has one.
func (t *turn) take(ctx context.Context, from chan struct{}) error {
	if slices.Contains(t.held, from) {
		return nil
	}
	select {
	case from <- struct{}{}:
		t.held = append(t.held, from)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
}

// end ends the turn, so that other requests have theirs.
func (t *turn) end() {
	for _, held := range t.held {
		<-held
	}
	t.held = nil
}

// Unwrap is for http.ResponseController.
func (t *turn) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// takeLargeTrace waits until no other request has a large trace in memory.
func (site *Site) takeLargeTrace(ctx context.Context) error {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		return t.take(ctx, site.turns.largeTraces)
	}
	return nil
}
