package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/process"
	"thinker/shared/apm/tracegen"
)

// waitLimit limits each wait of a test.
const waitLimit = 2 * time.Minute

func dial(t *testing.T, a *process.APM) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // it may be closed already
	if err := c.SetDeadline(time.Now().Add(waitLimit)); err != nil {
		t.Fatal(err)
	}
	return c
}

func postHeader(length int) string {
	return fmt.Sprintf("POST /v0.4/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: "+
		"application/msgpack\r\nContent-Length: %d\r\n\r\n", length)
}

// TestIntake_StalledConnections checks that senders that stop in the middle of a
// payload don't block others, and are disconnected.
func TestIntake_StalledConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ connections, announced, sent int }{
		"one byte each":    {500, 16 << 20, 1},
		"a few KB each":    {500, 16 << 20, 10_000},
		"all but one byte": {40, 1 << 20, 1<<20 - 1},
		"two large bodies": {2, 24 << 20, 24<<20 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // as each waits for apm to give up
			a := process.Start(t)
			body := bytes.Repeat([]byte{0x91}, c.sent)
			var stalled []net.Conn
			var senders sync.WaitGroup
			for range c.connections {
				connection := dial(t, a)
				stalled = append(stalled, connection)
				senders.Go(func() {
					_, _ = io.WriteString(connection, postHeader(c.announced)) // apm may give up before
					_, _ = connection.Write(body)
				})
			}
			for id := range 50 {
				store(t, a, id+1)
			}
			for _, connection := range stalled {
				_, err := bufio.NewReader(connection).ReadByte() // of a response, or an error as it was reset
				if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
					t.Fatal("a stalled connection stays open")
				}
			}
			senders.Wait()
			checkMemory(t, a, "receiving")
		})
	}
}

// TestIntake_TricklingBody checks that a sender can't keep its room by sending a
// byte now and then.
func TestIntake_TricklingBody(t *testing.T) {
	t.Parallel() // as it waits for apm to give up
	a := process.Start(t)
	connection := dial(t, a)
	if _, err := io.WriteString(connection, postHeader(1<<20)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for range tick.C {
			if _, err := connection.Write([]byte{0x91}); err != nil {
				return
			}
		}
	}()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatalf("there is no response: %v", err)
	}
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusRequestTimeout ||
		!strings.Contains(string(text), "too slowly") {
		t.Errorf("status %d: %s", response.StatusCode, text)
	}
	_ = connection.Close()
	<-ended
}

// TestIntake_LargeBodyIsAnswered checks that a sender of too large a body can
// read why it was refused, though it sends all of it first.
func TestIntake_LargeBodyIsAnswered(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	for _, size := range []int{25<<20 + 1, 40 << 20, 150 << 20} {
		connection := dial(t, a)
		if _, err := io.WriteString(connection, postHeader(size)); err != nil {
			t.Fatal(err)
		}
		block := make([]byte, 1<<20)
		for left := size; left > 0; left -= min(left, len(block)) {
			if _, err := connection.Write(block[:min(left, len(block))]); err != nil {
				t.Fatalf("%d bytes: with %d left: %v", size, left, err)
			}
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		text, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusRequestEntityTooLarge ||
			!strings.Contains(string(text), "larger than 25 MiB") || err != nil {
			t.Errorf("%d bytes: status %d: %s, %v", size, response.StatusCode, text, err)
		}
	}
	store(t, a, 1)
}

// TestIntake_TextsAreShortened checks the Agent's limits.
func TestIntake_TextsAreShortened(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	long := strings.Repeat("é", 20_000) // of two bytes each
	body, err := json.Marshal([][]any{{map[string]any{
		"trace_id": 1, "span_id": 1, "service": "shop", "name": "checkout", "resource": long,
		"meta":    map[string]string{"text": long, long: "value", "_dd.appsec.json": long, "short": "é"},
		"metrics": map[string]float64{long: 7},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	post(t, a, string(body))
	trace := process.Decode[api.Trace](a, "/api/traces/1")
	if len(trace.Spans) != 1 {
		t.Fatalf("%d spans, want 1", len(trace.Spans))
	}
	got := trace.Spans[0]
	for what, texts := range map[string][2]string{
		"resource":       {got.Resource, strings.Repeat("é", 2_500)},
		"value":          {got.Meta["text"], strings.Repeat("é", 12_500) + "..."},
		"structured tag": {got.Meta["_dd.appsec.json"], long},
		"short value":    {got.Meta["short"], "é"},
		"long name":      {got.Meta[strings.Repeat("é", 100)+"..."], "value"},
	} {
		if texts[0] != texts[1] {
			t.Errorf("%s: %d bytes, want %d", what, len(texts[0]), len(texts[1]))
		}
	}
	if got.Metrics[strings.Repeat("é", 100)+"..."] != 7 {
		t.Errorf("metrics: %d", len(got.Metrics))
	}
}

// TestIntake_MutatedPayloads checks that apm survives 10,000 payloads with some
// bytes changed, in each format.
func TestIntake_MutatedPayloads(t *testing.T) {
	t.Parallel()
	a := process.Start(t)
	const seed = 20260301
	random := rand.New(rand.NewPCG(seed, 0))
	originals := tracegen.SmallPayloads()
	var bodies [][]byte
	for _, payload := range originals {
		bodies = append(bodies, payload.Body())
	}
	statuses := map[int]int{}
	for i := range 10_000 {
		sample := originals[i%len(originals)]
		body := bytes.Clone(bodies[i%len(originals)])
		for range 1 + random.IntN(8) {
			switch at := random.IntN(len(body)); random.IntN(4) {
			case 0:
				body[at] = byte(random.Uint32())
			case 1:
				body[at] ^= 1 << random.IntN(8)
			case 2:
				body = body[:max(1, at)]
			default:
				body = append(body[:at:at], body[random.IntN(at+1):]...)
			}
		}
		response := a.Request(http.MethodPost, sample.Path, bytes.NewReader(body), "Content-Type", sample.ContentType())
		statuses[response.Status]++
	}
	for status := range statuses {
		if status >= 500 {
			t.Errorf("%d payloads were answered with status %d", statuses[status], status)
		}
	}
	if statuses[http.StatusOK] == 0 || statuses[http.StatusBadRequest] == 0 {
		t.Errorf("statuses %v: the payloads are too much like each other", statuses)
	}
	checkNoPanic(t, a)
	checkMemory(t, a, "receiving")
	store(t, a, 424242)
}
