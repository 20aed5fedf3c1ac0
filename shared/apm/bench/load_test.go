package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"thinker/shared/apm/internal/process"
)

// A load is apm load, sending.
type load struct {
	b              *testing.B
	process        *exec.Cmd
	stdout, stderr bytes.Buffer
}

// A loaded is what apm load --json prints.
type loaded struct {
	Sent           int     `json:"sent"`
	Acknowledged   int     `json:"acknowledged"`
	TakenIn        int     `json:"taken_in"`
	SpansPerSecond float64 `json:"spans_per_second"`
	WorstSecond    float64 `json:"worst_second"`
	BestSecond     float64 `json:"best_second"`
}

// lost is how many spans were sent and not taken in.
func (l loaded) lost() int { return max(0, l.Sent-l.TakenIn) }

// startLoad has apm load send spans to a.
func (a *apm) startLoad(flags ...string) *load {
	a.b.Helper()
	l := &load{b: a.b, process: exec.Command(process.Program(a.b), append([]string{"load", "--json", "--addr", a.Addr()}, flags...)...)}
	l.process.Stdout, l.process.Stderr = &l.stdout, &l.stderr
	if err := l.process.Start(); err != nil {
		a.b.Fatal(err)
	}
	a.b.Cleanup(func() { _ = l.process.Process.Kill() }) // an error means that it has ended
	return l
}

// wait waits for the end of a load. That spans are missing, or that nobody answers
// any more, is a figure rather than a failure.
func (l *load) wait() loaded {
	l.b.Helper()
	ended := l.process.Wait()
	var answer loaded
	if err := json.Unmarshal(l.stdout.Bytes(), &answer); err != nil {
		l.b.Fatalf("apm load: %v\n%s", ended, l.stderr.String())
	}
	return answer
}

// interrupt ends a load.
func (l *load) interrupt() loaded {
	l.b.Helper()
	if err := l.process.Process.Signal(os.Interrupt); err != nil {
		l.b.Fatalf("interrupt apm load: %v\n%s", err, l.stderr.String())
	}
	return l.wait()
}
