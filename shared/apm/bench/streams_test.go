package bench

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

var (
	streams       = flag.Int("streams", 500, "how many event streams BenchmarkEventStreams opens")
	payloadTraces = flag.Int("payload-traces", 500, "how many traces each of its payloads has")
)

// BenchmarkEventStreams measures how long 20 payloads take, sent one after the
// other, while nobody follows the changes and while many event streams do. Half
// of these are never read.
func BenchmarkEventStreams(b *testing.B) {
	for b.Loop() {
		alone, followed := payloads(b, 0), payloads(b, *streams)
		b.ReportMetric(float64(alone)/1e6, "ms-alone")
		b.ReportMetric(float64(followed)/1e6, "ms-followed")
		b.ReportMetric(float64(followed)/float64(alone), "times-as-long")
	}
	b.ReportMetric(0, "ns/op") // leaves it out
}

func payloads(b *testing.B, streams int) time.Duration {
	a := start(b)
	defer a.Kill()
	for i := range streams {
		if s := a.Stream("/api/events"); i%2 == 0 {
			go func() { _, _ = io.Copy(io.Discard, s) }() // until apm ends
		}
	}
	const payloads = 20
	var bodies []string
	for p := range payloads {
		var traces []string
		for i := range *payloadTraces {
			id := p**payloadTraces + i + 1
			traces = append(traces, fmt.Sprintf(`[{"trace_id":%d,"span_id":%[1]d,"service":"shop","name":"checkout","resource":"POST /checkout","start":1700000000000000000,"duration":1}]`, id))
		}
		bodies = append(bodies, "["+strings.Join(traces, ",")+"]")
	}
	began := time.Now()
	for _, body := range bodies {
		if response := a.Post("/v0.4/traces", "application/json", strings.NewReader(body)); response.Status != http.StatusOK {
			b.Fatalf("status %d: %s", response.Status, response.Body)
		}
	}
	took := time.Since(began)
	if a.reportSize(); b.Failed() {
		b.FailNow()
	}
	return took
}
