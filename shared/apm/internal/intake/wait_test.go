package intake_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm"
	"thinker/shared/apm/internal/intake"
)

// A gate is a sink that blocks until it is opened.
type gate struct {
	opened  chan struct{}
	waiting atomic.Int32
}

func (g *gate) Add(ctx context.Context, _ []apm.Span) error {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	select {
	case <-g.opened:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("queue at /secret: %w", ctx.Err())
	}
}

func newGated() (*intake.Intake, *gate) {
	g := &gate{opened: make(chan struct{})}
	return intake.New(g, slog.New(slog.DiscardHandler)), g
}

// large is a payload of which the memory for bodies has room for one.
func large(t testing.TB) []byte {
	return msgpack(t, pb.Traces{{{TraceID: 1, SpanID: 1, Resource: strings.Repeat("x", 20<<20)}}})
}

// stall starts a request that announces 25 MiB and stops after its first bytes.
func stall(t *testing.T, in *intake.Intake, first []byte) (disconnect func()) {
	body, sender := io.Pipe()
	r := httptest.NewRequest(http.MethodPost, "/v0.4/traces", body)
	r.ContentLength = 25 << 20
	var group sync.WaitGroup
	group.Go(func() { in.ServeHTTP(httptest.NewRecorder(), r) })
	if _, err := sender.Write(first); err != nil {
		t.Error(err)
	}
	synctest.Wait() // until it has reserved memory
	return func() {
		_ = sender.CloseWithError(errors.New("disconnected")) // a pipe returns no error
		group.Wait()
	}
}

func TestIntake_WaitsForMemory(t *testing.T) {
	body := large(t)
	for name, c := range map[string]struct {
		body     []byte
		encoding string
	}{"plain": {body, ""}, "gzip": {compress(t, body), "gzip"}} {
		synctest.Test(t, func(t *testing.T) {
			in, g := newGated()
			var group sync.WaitGroup
			for range 3 {
				group.Go(func() {
					w := send(in, http.MethodPost, "/v0.4/traces", c.body, "Content-Encoding", c.encoding)
					if w.Code != http.StatusOK || w.Body.String() != keepAll {
						t.Errorf("%s: %d %s", name, w.Code, w.Body)
					}
				})
			}
			synctest.Wait()
			if n := g.waiting.Load(); n != 1 {
				t.Errorf("%s: %d payloads are in memory, which has room for 1", name, n)
			}
			if w := send(in, http.MethodPut, "/v0.4/traces", nil); w.Code != http.StatusOK || in.Stats().Payloads != 1 {
				t.Errorf("%s: an empty probe waits: %d", name, w.Code)
			}
			close(g.opened)
			group.Wait()
			if in.Stats().Payloads != 4 || in.Refused() != 0 {
				t.Errorf("%s: %+v", name, in.Stats())
			}
		})
	}
}

// Whether a payload waits for memory or for the sink, it is dropped after ten seconds.
// The response says so only on request; the report always does.
func TestIntake_DropsAfterTenSeconds(t *testing.T) {
	small, body := msgpack(t, sample()), large(t)
	for _, c := range []struct {
		name, path, realStatus string
		noMemory               bool // else the sink is slow
		status                 int
		reply, detail          string
	}{
		{"sink", "/v0.4/traces", "", false, 200, keepAll, "2 spans dropped: the agent was too busy for 10s"},
		{"sink, real status", "/v0.4/traces", "true", false, 429, keepAll, "2 spans dropped: the agent was too busy for 10s"},
		{"memory", "/v0.4/traces", "", true, 200, keepAll, "a payload dropped: the agent was too busy for 10s"},
		{"memory, not requested", "/v0.4/traces", "false", true, 200, keepAll, "a payload dropped: the agent was too busy for 10s"},
		{"memory, v0.3", "/v0.3/traces", "", true, 200, "OK\n", "a payload dropped: the agent was too busy for 10s"},
		{"memory, v0.3, real status", "/v0.3/traces", "1", true, 429, "OK\n", "a payload dropped: the agent was too busy for 10s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			in, g := newGated()
			sent := small
			disconnect := func() {}
			if c.noMemory {
				sent = body
				disconnect = stall(t, in, body[:2<<20])
			}
			w := send(in, http.MethodPost, c.path, sent, "Datadog-Send-Real-Http-Status", c.realStatus)
			if w.Code != c.status || w.Body.String() != c.reply {
				t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			}
			report := in.Report()
			if loss := report.Losses[0]; loss.Reason != "dropped: too busy" || loss.Advice == "" {
				t.Errorf("%s: %+v", c.name, report.Losses)
			}
			if got := report.Refusals[0]; got.Status != c.status || got.Detail != c.detail ||
				got.FirstBytes != hex.EncodeToString(sent[:64]) {
				t.Errorf("%s: %+v", c.name, got)
			}
			if last := report.Requests[0]; last.Status != c.status || last.Spans != 0 || report.Spans != 0 {
				t.Errorf("%s: %+v", c.name, last)
			}
			close(g.opened)
			disconnect() // all memory is free again
			if w := send(in, http.MethodPost, "/v0.4/traces", body); w.Code != http.StatusOK || in.Stats().Spans != 1 {
				t.Errorf("%s: afterwards %d %s", c.name, w.Code, w.Body)
			}
		})
	}
}

func TestIntake_SenderDisconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, _ := newGated()
		timed, stop := context.WithTimeout(t.Context(), time.Second)
		canceled, cancel := context.WithCancel(t.Context())
		defer stop()
		for _, ctx := range []context.Context{timed, canceled} {
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v0.4/traces", bytes.NewReader(msgpack(t, sample())))
			go in.ServeHTTP(httptest.NewRecorder(), r)
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		got := in.Report().Refusals
		if len(got) != 1 || got[0].Detail != "2 spans dropped: the sender closed the connection while the agent was busy" {
			t.Errorf("%+v", got)
		}
		<-timed.Done()
		synctest.Wait()
		if got := in.Report().Losses; len(got) != 1 || got[0].Count != 2 || got[0].Reason != "dropped: too busy" {
			t.Errorf("%+v", got)
		}
	})
}

// Bodies reserve what has arrived, not what they announce. So stalled ones don't keep
// others waiting, and neither do small ones whose length isn't known.
func TestIntake_ReservesWhatArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, g := newGated()
		var group sync.WaitGroup
		var stalled []func()
		for range 100 {
			stalled = append(stalled, stall(t, in, []byte{0x91}))
		}
		for range 100 {
			group.Go(func() {
				send(in, http.MethodPost, "/v0.4/traces", compress(t, msgpack(t, sample())), "Content-Encoding", "gzip")
			})
		}
		synctest.Wait()
		if n := g.waiting.Load(); n != 100 {
			t.Errorf("%d of 100 payloads were read", n)
		}
		close(g.opened)
		for _, disconnect := range stalled {
			disconnect()
		}
		group.Wait()
		if n := in.Stats().Refused["malformed"]; n != 100 {
			t.Errorf("%d of 100 stalled payloads were refused", n)
		}
		// All memory is free again: a payload that needs most of it doesn't wait.
		if w := send(in, http.MethodPost, "/v0.4/traces", large(t)); w.Code != http.StatusOK || in.Stats().Spans != 201 {
			t.Errorf("afterwards %d %s", w.Code, w.Body)
		}
	})
}
