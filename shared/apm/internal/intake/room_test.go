package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
)

// gate is a sink that lets nothing pass until it is opened.
type gate struct {
	open    chan struct{}
	waiting atomic.Int32
}

func (g *gate) Add(ctx context.Context, _ []apm.Span) error {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("queue at /secret: %w", ctx.Err())
	}
}

// gated is an intake before a gate, with room for so many bytes.
func gated(size int64) (*Intake, *gate) {
	in, _ := newTest()
	g := &gate{open: make(chan struct{})}
	in.sink, in.room = g, newRoom(size)
	return in, g
}

// whole holds that nobody has kept a place.
func whole(t *testing.T, in *Intake, size int64) {
	t.Helper()
	for s, size := range [stages]int64{size, size, maxDecoded, maxTagged, maxStoring} {
		if !in.room[s].TryAcquire(size) {
			t.Errorf("not all room of stage %d was given back", s)
		}
	}
}

func TestAPayloadWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := msgpack(t, sample())
		size := int64(len(body)) // one body as it arrives, and one that waits until there is room for all of it
		in, g := gated(size)
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				if w := send(in, http.MethodPost, "/v0.4/traces", body); w.Code != http.StatusOK || w.Body.String() != rates {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		}
		synctest.Wait()
		if n := g.waiting.Load(); n != 2 {
			t.Errorf("%d payloads in a room for 2", n)
		}
		if w := send(in, http.MethodPut, "/v0.4/traces", nil); w.Code != http.StatusOK || in.Stats().Payloads != 1 {
			t.Errorf("an empty probe waits: %d", w.Code)
		}
		<-time.After(patience - time.Nanosecond) // by the clock of synctest
		close(g.open)
		group.Wait()
		if in.Stats().Payloads != 6 || in.Refused() != 0 {
			t.Errorf("%+v", in.Stats())
		}
		whole(t, in, size)
	})
}

// A payload that has waited in vain is dropped, wherever it waited; its sender
// is told if it wants to be, and the record has it in any case.
func TestAPayloadThatWaitsTooLong(t *testing.T) {
	body := msgpack(t, sample())
	for name, c := range map[string]struct {
		path, header string
		full         bool // there is no room; else the sink is slow
		status       int
		reply, says  string
	}{
		"sink":             {"/v0.4/traces", "", false, 200, rates, "2 spans dropped: the agent was too busy for 10s"},
		"sink, truth":      {"/v0.4/traces", "true", false, 429, rates, "2 spans dropped: the agent was too busy for 10s"},
		"room":             {"/v0.4/traces", "", true, 200, rates, "a payload dropped: the agent was too busy for 10s"},
		"room, no truth":   {"/v0.4/traces", "false", true, 200, rates, "a payload dropped: the agent was too busy for 10s"},
		"room, v0.3":       {"/v0.3/traces", "", true, 200, "OK\n", "a payload dropped: the agent was too busy for 10s"},
		"room, v0.3 truth": {"/v0.3/traces", "1", true, 429, "OK\n", "a payload dropped: the agent was too busy for 10s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			size := int64(len(body))
			in, _ := gated(size)
			if c.full {
				in.room[bodies].TryAcquire(size)
				in.room[rest].TryAcquire(size)
			}
			headers := []string{"Content-Type", "application/msgpack"}
			if c.header != "" {
				headers = append(headers, "Datadog-Send-Real-Http-Status", c.header)
			}
			w := send(in, http.MethodPost, c.path, body, headers...)
			if w.Code != c.status || w.Body.String() != c.reply {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			report := in.Report()
			if len(report.Losses) != 1 || report.Losses[0].Reason != reasonBusy || report.Losses[0].Count != 1 || report.Losses[0].Advice == "" {
				t.Fatalf("%s: %+v", name, report.Losses)
			}
			if got := report.Refusals[0]; got.Status != c.status || got.Detail != c.says || string(got.First) != string(body[:64]) {
				t.Errorf("%s: %+v", name, got)
			}
			if last := report.Requests[0]; last.Status != c.status || last.Spans != 0 || last.Bytes != size || report.Spans != 0 {
				t.Errorf("%s: %+v", name, last)
			}
			if c.full {
				in.room[bodies].Release(size)
				in.room[rest].Release(size)
			}
			whole(t, in, size)
		})
	}
}

func TestASenderThatGoesAwayMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, _ := gated(maxRoom)
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		gone, hangUp := context.WithCancel(t.Context())
		defer leave()
		for _, ctx := range []context.Context{ctx, gone} {
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v0.4/traces", bytes.NewReader(msgpack(t, sample())))
			go in.ServeHTTP(httptest.NewRecorder(), r)
		}
		synctest.Wait()
		hangUp()
		synctest.Wait()
		if got := in.Report().Refusals; len(got) != 1 || got[0].Detail != "2 spans dropped: the sender closed the connection while the agent was busy" {
			t.Errorf("%+v", got)
		}
		<-ctx.Done()
		synctest.Wait()
		if got := in.Report().Losses; len(got) != 1 || got[0].Count != 2 || got[0].Reason != reasonBusy {
			t.Errorf("%+v", got)
		}
		whole(t, in, maxRoom)
	})
}

// A sink's own failure is no want of time, whatever it calls it.
func TestASinkThatIsCancelledByItself(t *testing.T) {
	in, sink := newTest()
	sink.err = context.Canceled
	if w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, sample())); w.Code != http.StatusInternalServerError || in.Stats().Refused[reasonNotKept] != 1 {
		t.Errorf("%d %v", w.Code, in.Stats())
	}
}

// unannounced is a body of unknown length, which ends when its pipe is closed.
func unannounced(t *testing.T, in *Intake, body io.Reader, headers ...string) (answer func() *httptest.ResponseRecorder) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v0.4/traces", struct{ io.Reader }{body})
	r.ContentLength = -1
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, done := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(done)
		in.ServeHTTP(w, r)
	}()
	return func() *httptest.ResponseRecorder { <-done; return w }
}

// A body takes room as it arrives. Where there is none, it waits until there is
// room for as much as it may have, and once it is read counts for what it has.
func TestRoom_CountsBytesAsTheyArrive(t *testing.T) {
	const mebi = 1 << 20
	long := msgpack(t, pb.Traces{{{TraceID: 1, SpanID: 1, Resource: strings.Repeat("x", 2*mebi)}}})
	for name, c := range map[string]struct {
		body    []byte
		headers []string
	}{
		"chunked": {long, []string{"Content-Type", "application/msgpack"}},
		"gzip":    {zipped(t, long), []string{"Content-Type", "application/msgpack", "Content-Encoding", "gzip"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			in, g := gated(maxRoom)
			in.room[bodies].TryAcquire(maxRoom - mebi)
			in.room[rest].TryAcquire(maxRoom - mebi/2)
			answer := unannounced(t, in, bytes.NewReader(c.body), c.headers...)
			synctest.Wait()
			if g.waiting.Load() != 0 {
				t.Errorf("%s: it is longer than there is room for", name)
			}
			in.room[rest].Release(maxRoom - mebi/2)
			synctest.Wait()
			if g.waiting.Load() != 1 {
				t.Errorf("%s: it waits for more room than it needs", name)
			}
			in.room[bodies].Release(maxRoom - mebi)
			left := 2*maxRoom - int64(len(long))
			held := in.room[bodies].TryAcquire(maxRoom - mebi)
			if !held || !in.room[rest].TryAcquire(left-(maxRoom-mebi)-mebi) {
				t.Errorf("%s: once it is read, it counts for more than its length", name)
			}
			in.room[bodies].Release(maxRoom - mebi)
			in.room[rest].Release(left - (maxRoom - mebi) - mebi)
			close(g.open)
			if w := answer(); w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			whole(t, in, maxRoom)
		})
	}
}

// Small payloads do not wait for each other because they are packed.
func TestPackedBodiesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, g := gated(maxRoom)
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				send(in, http.MethodPost, "/v0.4/traces", zipped(t, msgpack(t, sample())), "Content-Encoding", "gzip")
			})
		}
		synctest.Wait()
		if n := g.waiting.Load(); n != 100 {
			t.Errorf("%d of 100 payloads have been read", n)
		}
		close(g.open)
		group.Wait()
		whole(t, in, maxRoom)
	})
}

// A payload that cannot be read leaves its place as well.
func TestRoomIsGivenBack(t *testing.T) {
	in, _ := newTest()
	good := msgpack(t, sample())
	for _, c := range []struct {
		body    io.Reader
		headers []string
	}{
		{bytes.NewReader(good), []string{"Content-Encoding", "gzip"}},
		{bytes.NewReader(good), []string{"Content-Encoding", "br"}},
		{bytes.NewReader(good[:9]), nil},
		{bytes.NewReader(zipped(t, make([]byte, maxBody+1))), []string{"Content-Encoding", "gzip"}},
		{io.MultiReader(bytes.NewReader(good), broken{}), nil},
	} {
		if w := unannounced(t, in, c.body, c.headers...)(); w.Code < 400 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		send(in, http.MethodPost, "/v0.4/traces", []byte("\xff"), c.headers...)
	}
	whole(t, in, maxRoom)
}

// broken is a connection that breaks off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken off") }

// fullAfterOne is a sink that has room for one portion.
type fullAfterOne struct{ portions int }

func (f *fullAfterOne) Add(context.Context, []apm.Span) error {
	if f.portions++; f.portions > 1 {
		return ErrFull
	}
	return nil
}

// A large payload reaches the sink in portions, and what was kept of it counts.
func TestIntake_PayloadKeptInPart(t *testing.T) {
	in, _ := newTest()
	in.sink = &fullAfterOne{}
	var traces pb.Traces
	for id := range 3 {
		traces = append(traces, pb.Trace{{TraceID: uint64(id + 1), SpanID: 1, Meta: map[string]string{"_dd.text.json": strings.Repeat("x", 5<<20)}}})
	}
	if w := send(in, http.MethodPost, "/v0.4/traces", msgpack(t, traces)); w.Code != http.StatusInsufficientStorage {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	report := in.Report()
	if report.Spans != 2 || report.Payloads != 0 || report.Requests[0].Spans != 2 {
		t.Errorf("%d spans, %d payloads, %+v", report.Spans, report.Payloads, report.Requests[0])
	}
	whole(t, in, maxRoom)
}
