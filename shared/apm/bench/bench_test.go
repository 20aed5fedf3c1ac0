// Package bench_test measures apm as a process, with traces in a file, under a load that
// apm load sends from another process: how many spans it receives and how much memory
// that needs, how fast searches are, and what is left after a kill. make bench runs it.
package bench_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/process"
	"thinker/shared/apm/tracegen"
)

var (
	loadTime = flag.Duration("loadtime", 30*time.Second, "how long each benchmark of the intake sends spans")
	fill     = flag.Int("fill", 1_000_000, "how many spans there are to search in")
	apmFlags = flag.String("apmflags", "", "more flags for the apm that is measured, separated by spaces")
	streams  = flag.Int("streams", 500, "how many event streams BenchmarkEventStreams opens")
)

func TestMain(m *testing.M) { os.Exit(process.Main(m)) }

func start(b *testing.B, flags ...string) *process.APM {
	b.Helper()
	return process.Start(b, append(flags, strings.Fields(*apmFlags)...)...)
}

// reportSize reports apm's memory and disk use, and leaves out the time per operation.
func reportSize(b *testing.B, a *process.APM) {
	b.Helper()
	now, peak := a.Memory()
	b.ReportMetric(now, "RSS-MB")
	b.ReportMetric(peak, "peak-RSS-MB")
	b.ReportMetric(float64(a.DiskUse())/1e6, "MB-on-disk")
	b.ReportMetric(0, "ns/op")
}

// A load is a running apm load.
type load struct {
	b              *testing.B
	process        *exec.Cmd
	stdout, stderr bytes.Buffer
}

func startLoad(b *testing.B, a *process.APM, flags ...string) *load {
	b.Helper()
	args := append([]string{"load", "--json", "--addr", a.Addr()}, flags...)
	l := &load{b: b, process: exec.Command(process.Program(), args...)}
	l.process.Stdout, l.process.Stderr = &l.stdout, &l.stderr
	if err := l.process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.process.Process.Kill() }) // fails if it has ended
	return l
}

// lost counts spans that were sent and not received.
func lost(r tracegen.LoadReport) float64 {
	received := 0
	if r.TakenIn != nil {
		received = *r.TakenIn
	}
	return float64(max(0, r.Sent-received))
}

// wait waits for the end of a load. Missing spans and an apm that stops responding are
// figures, not failures.
func (l *load) wait() (result tracegen.LoadReport) {
	l.b.Helper()
	ended := l.process.Wait()
	if err := json.Unmarshal(l.stdout.Bytes(), &result); err != nil {
		l.b.Fatalf("apm load: %v\n%s", ended, l.stderr.String())
	}
	return result
}

// interrupt ends a load.
func (l *load) interrupt() tracegen.LoadReport {
	l.b.Helper()
	if err := l.process.Process.Signal(os.Interrupt); err != nil {
		l.b.Fatalf("interrupt apm load: %v\n%s", err, l.stderr.String())
	}
	return l.wait()
}

// BenchmarkIntake measures how many spans per second apm receives, and its memory.
func BenchmarkIntake(b *testing.B) { benchmarkIntake(b) }

// BenchmarkIntakeManyAttributes adds 14 of 200 attributes to each span.
func BenchmarkIntakeManyAttributes(b *testing.B) { benchmarkIntake(b, "--attributes", "200") }

// BenchmarkIntakeUnique adds an attribute with a unique value to each span.
func BenchmarkIntakeUnique(b *testing.B) { benchmarkIntake(b, "--unique") }

func benchmarkIntake(b *testing.B, flags ...string) {
	for b.Loop() {
		a := start(b)
		sent := startLoad(b, a, append(flags, "--for", loadTime.String())...).wait()
		b.ReportMetric(sent.SpansPerSecond, "spans/s")
		b.ReportMetric(float64(sent.WorstSecond), "spans-in-worst-second")
		b.ReportMetric(float64(sent.BestSecond), "spans-in-best-second")
		b.ReportMetric(lost(sent), "lost")
		reportSize(b, a)
		a.Kill()
	}
}

// BenchmarkKill measures how many acknowledged spans apm loses when it is killed three
// times while it receives more.
func BenchmarkKill(b *testing.B) {
	for b.Loop() {
		a := start(b, "--max-spans", "3000000")
		acknowledged := 0
		for range 3 {
			load := startLoad(b, a, "--rate", "100000", "--for", "10m")
			for received := 0; received < 100_000; {
				received = process.Decode[api.Intake](a, "/api/intake").Spans
			}
			a.Kill()
			acknowledged += load.wait().Acknowledged
			a.Run()
		}
		b.ReportMetric(float64(acknowledged), "acknowledged")
		b.ReportMetric(float64(max(0, acknowledged-countSpans(b, a))), "lost")
		reportSize(b, a)
		a.Kill()
	}
}

// BenchmarkEventStreams measures how long 20 payloads take, one after the other, without
// event streams and with many of them. Half of these are never read.
func BenchmarkEventStreams(b *testing.B) {
	for b.Loop() {
		alone, followed := sendPayloads(b, 0), sendPayloads(b, *streams)
		b.ReportMetric(milliseconds(alone), "ms-alone")
		b.ReportMetric(milliseconds(followed), "ms-followed")
		b.ReportMetric(float64(followed)/float64(alone), "times-as-long")
	}
}

func sendPayloads(b *testing.B, streams int) time.Duration {
	const payloads, traces = 20, 500 // traces of each payload
	a := start(b)
	defer a.Kill()
	for i := range streams {
		if stream := a.Stream("/api/events"); i%2 == 0 {
			go func() { _, _ = io.Copy(io.Discard, stream) }() // until apm ends
		}
	}
	var bodies []string
	for p := range payloads {
		var body strings.Builder
		for i := range traces {
			fmt.Fprintf(&body, `,[{"trace_id":%d,"span_id":%[1]d,"service":"shop","name":"checkout",`+
				`"resource":"POST /checkout","start":1700000000000000000,"duration":1}]`, p*traces+i+1)
		}
		bodies = append(bodies, "["+body.String()[1:]+"]")
	}
	began := time.Now()
	for _, body := range bodies {
		a.PostTraces(body)
	}
	took := time.Since(began)
	reportSize(b, a)
	return took
}
