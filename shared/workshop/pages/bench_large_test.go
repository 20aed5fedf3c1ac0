package pages

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/busy"
	"thinker/shared/apm/load"
)

// million is an apm in a process of its own that holds a million spans of the
// last hour, and a busy system's beside them.
func million(b *testing.B) *site {
	b.Helper()
	dir := b.TempDir()
	program := filepath.Join(dir, "apm")
	if output, err := exec.Command("go", "build", "-o", program, "thinker/shared/apm/cmd/apm").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, output)
	}
	process := exec.Command(program, "--addr", "localhost:0", "--db", filepath.Join(dir, "traces.db"))
	output, err := process.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = process.Process.Kill() // an error means that it has ended
		_ = process.Wait()         // by a signal
	})
	lines := bufio.NewReader(output)
	line, err := lines.ReadString('\n')
	_, rest, listens := strings.Cut(line, "apm is listening on ")
	if !listens {
		b.Fatalf("apm does not listen: %q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // until it ends

	origin := strings.TrimSpace(rest)
	s := &site{t: b, origin: origin}
	if _, err := load.Run(b.Context(), load.Config{URL: origin, Spans: 1_000_000, Spread: time.Hour}); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	s.spans = append(busy.Large(40_000, now.Add(-time.Minute)), busy.Traces(1, 400, now)...)
	s.send(s.spans)
	return s
}

// underLoad has an apm take in so many traces a second until stop is called, which
// is how many it was.
func (s *site) underLoad(tracesPerSecond int) (stop func() float64) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	type sent struct {
		spans int
		err   error
	}
	done, began := make(chan sent, 1), time.Now()
	go func() {
		result, err := load.Run(ctx, load.Config{URL: s.origin, For: time.Hour, Rate: tracesPerSecond * load.SpansPerTrace})
		done <- sent{result.Sent, err}
	}()
	return func() float64 {
		s.t.Helper()
		cancel()
		took := time.Since(began).Seconds()
		all := <-done
		if all.err != nil {
			s.t.Errorf("load: %v", all.err)
		}
		return float64(all.spans) / load.SpansPerTrace / took
	}
}
