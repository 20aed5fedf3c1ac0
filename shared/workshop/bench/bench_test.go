package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// BenchmarkUp measures the learner's command, with everything built: from Enter until both
// services are healthy. The target is 5 s.
func BenchmarkUp(b *testing.B) {
	root := checkout.Root(b)
	up := func() time.Duration {
		cmd := exec.CommandContext(b.Context(), "go", "run", "./shared/workshop/cmd/workshop", "up", "--step", "3",
			"--api-port", fmt.Sprint(need.Port(b)), "--thinker-port", fmt.Sprint(need.Port(b)), "--agent-port",
			fmt.Sprint(need.Port(b)))
		cmd.Dir = root
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		output, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		var took time.Duration
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "Ready after") {
				took = time.Since(began)
				// go run does not pass signals on: end its child, workshop.
				if err := exec.Command("pkill", "-INT", "-P", fmt.Sprint(cmd.Process.Pid)).Run(); err != nil {
					b.Fatal(err)
				}
			}
		}
		cmd.Wait()
		if took == 0 {
			b.Fatal("workshop up did not become healthy")
		}
		return took
	}
	need.Program(b, "pkill")
	up() // builds
	var took []time.Duration
	for b.Loop() {
		took = append(took, up())
	}
	spread(b, took, time.Millisecond, "ms-to-healthy")
}

// BenchmarkCheck measures workshop check for a step that is built: from Enter to the result.
// Three thoughts take 1.5 s of that. The target is 10 s.
func BenchmarkCheck(b *testing.B) {
	program := filepath.Join(b.TempDir(), "workshop.exe")
	if output, err := exec.CommandContext(b.Context(), "go", "build", "-o", program,
		"thinker/shared/workshop/cmd/workshop").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, output)
	}
	check := func() time.Duration {
		cmd := exec.CommandContext(b.Context(), program, "check", "3")
		cmd.Dir = checkout.Root(b)
		began := time.Now()
		if output, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, output)
		}
		return time.Since(began)
	}
	check() // builds
	var took []time.Duration
	for b.Loop() {
		took = append(took, check())
	}
	spread(b, took, time.Millisecond, "ms-to-answer")
}

// BenchmarkTraceOnPage measures the time from a response until the page shows the whole trace,
// through the proxies of workshop up. The target is 2 s.
func BenchmarkTraceOnPage(b *testing.B) {
	workshop, api := open(b, runner.Target{Step: 3}, "10ms")
	agent := workshop.Agent()
	var took []time.Duration
	changes := agent.Store().Subscribe(b.Context())
	for b.Loop() {
		get(b, api+"/think/?subject=war")
		answered := time.Now()
		whole := func(id uint64) bool {
			// The four spans of this lesson; the page shows each by its ID.
			trace, ok, _ := agent.Store().Trace(b.Context(), id)
			return ok && len(trace.Spans) == 4 &&
				strings.Contains(get(b, fmt.Sprintf("%s/trace/%d", agent.URL(), id)), fmt.Sprint(trace.Spans[3].SpanID))
		}
		for ids := range changes {
			if slices.ContainsFunc(ids, whole) {
				break
			}
		}
		took = append(took, time.Since(answered))
	}
	spread(b, took, time.Millisecond, "ms-to-page")
}

// BenchmarkHit compares the thinker's time for a cached subject with a bare GET of the same
// key. The target is 1 ms more at the median.
func BenchmarkHit(b *testing.B) {
	redis := need.Redis(b)
	running, api := up(b, 5, redis, "0s")
	get(b, api+"/think/?subject=war")
	conn := dial(b, redis)
	var bare []time.Duration
	for b.Loop() {
		get(b, api+"/think/?subject=war")
		began := time.Now()
		command(b, conn, "GET thought:v1:war")
		bare = append(bare, time.Since(began))
	}
	hits := serverTimes(b, running)[1:]
	spread(b, hits, time.Microsecond, "µs-hit")
	spread(b, bare, time.Microsecond, "µs-bare-GET")
	b.ReportMetric(float64(median(hits)-median(bare))/1e3, "µs-hit-over-GET-p50")
}

// BenchmarkMiss compares the thinker's time for a subject that isn't cached, without thinking,
// with the step without a cache.
func BenchmarkMiss(b *testing.B) {
	redis := need.Redis(b)
	running4, api4 := up(b, 4, "", "0s")
	running5, api5 := up(b, 5, redis, "0s")
	conn := dial(b, redis)
	for b.Loop() {
		get(b, api4+"/think/?subject=war")
		command(b, conn, "DEL thought:v1:war")
		get(b, api5+"/think/?subject=war")
	}
	without, miss := serverTimes(b, running4), serverTimes(b, running5)
	spread(b, without, time.Microsecond, "µs-without-cache")
	spread(b, miss, time.Microsecond, "µs-miss")
	b.ReportMetric(float64(median(miss))/float64(median(without)), "miss/without-p50")
}

// spread reports the minimum, median and maximum of some durations.
func spread(b *testing.B, took []time.Duration, unit time.Duration, name string) {
	b.Helper()
	slices.Sort(took)
	for label, d := range map[string]time.Duration{"min": took[0], "p50": median(took), "max": took[len(took)-1]} {
		b.ReportMetric(float64(d)/float64(unit), name+"-"+label)
	}
	b.ReportMetric(0, "ns/op") // leaves it out
}

func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

// serverTimes stops the services and returns how long the thinker took for each
// request, in no order.
func serverTimes(b *testing.B, running *runner.Running) (took []time.Duration) {
	b.Helper()
	if err := running.StopServices(); err != nil {
		b.Fatal(err)
	}
	summaries, _, _ := running.Agent.Store().Recent(1_000_000, 0)
	for _, summary := range summaries {
		trace, _, _ := running.Agent.Store().Trace(b.Context(), summary.TraceID)
		for _, span := range trace.Spans {
			if span.Service == "thinker-microservice" && span.Resource == "GET /" {
				took = append(took, span.Duration)
			}
		}
	}
	if len(took) < 2 {
		b.Fatalf("the thinker reported %d requests", len(took))
	}
	return took
}

func up(b *testing.B, step int, redis, delay string) (running *runner.Running, api string) {
	b.Helper()
	ports := runner.Ports{API: need.Port(b), Thinker: need.Port(b)}
	running, err := runner.Up(b.Context(), runner.Options{
		Root: checkout.Root(b), Target: runner.Target{Step: step}, Ports: ports, RedisAddr: redis,
		Dir:      filepath.Join(b.TempDir(), "workshop"),
		Env:      []string{"THINK_DELAY=" + delay},
		Building: func(string) {},
		Log:      func(string, string) {},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { running.Stop() })
	return running, fmt.Sprintf("http://localhost:%d", ports.API)
}

func dial(b *testing.B, addr string) net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return conn
}

// command sends a Redis command as a line, and reads the reply.
func command(b *testing.B, conn net.Conn, line string) {
	b.Helper()
	answer := make([]byte, 4096)
	if _, err := fmt.Fprintf(conn, "%s\r\n", line); err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Read(answer); err != nil {
		b.Fatal(err)
	}
}

// get sends a GET request, on a connection that the next one reuses.
func get(b *testing.B, url string) string {
	b.Helper()
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("GET %s: %s %s %v", url, resp.Status, body, err)
	}
	return string(body)
}
