// Package attack sends an apm process what would take most memory or time: the
// cases that tests and benchmarks share. What it sends is bounded.
package attack

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"thinker/shared/apm/internal/process"
)

// MaxMemory is how much resident memory apm may take, in MB, whatever it is
// sent.
const MaxMemory = 256

// A Case is one attack on a new apm process.
type Case struct {
	Name string
	// Run attacks a, and fails t if a does not answer as it should.
	Run func(t testing.TB, a *process.APM)
}

// Cases returns all attacks.
func Cases() []Case { return slices.Concat(payloadCases(), readerCases()) }

// A payload is a body for one of the intake's endpoints.
type payload struct {
	path string
	json bool // rather than MessagePack
	body func() []byte
}

func (p payload) contentType() string {
	if p.json {
		return "application/json"
	}
	return "application/msgpack"
}

// sent returns a case that sends p n times at once, packed with gzip, and
// expects a status for each. Of several, some may be too many for a busy
// machine.
func sent(name string, n int, p payload, status int) Case {
	return Case{name, func(t testing.TB, a *process.APM) {
		t.Helper()
		body := pack(p.body())
		var senders sync.WaitGroup
		for range n {
			senders.Go(func() {
				if got, reply := post(t, a, p, body); got != status && (n == 1 || got != http.StatusTooManyRequests) {
					t.Errorf("%s: status %d, want %d: %.200s", name, got, status, reply)
				}
			})
		}
		senders.Wait()
	}}
}

// post sends a packed body. It is safe for use in any goroutine.
func post(t testing.TB, a *process.APM, p payload, body []byte) (status int, reply string) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+p.path, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	request.Header.Set("Content-Type", p.contentType())
	request.Header.Set("Content-Encoding", "gzip")
	request.Header.Set("Datadog-Send-Real-Http-Status", "true")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Sprintf("%v\n%s", err, a.Stderr())
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body) // as far as it came
	return response.StatusCode, string(text)
}

func pack(body []byte) []byte {
	var packed bytes.Buffer
	to, _ := gzip.NewWriterLevel(&packed, gzip.NoCompression) // what counts is what it unfolds into
	_, _ = to.Write(body)                                     // a Buffer takes everything
	_ = to.Close()
	return packed.Bytes()
}
