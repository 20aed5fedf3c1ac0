package bench

import (
	"bufio"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An apm is a process that can be killed and run again.
type apm struct {
	b       *testing.B // whose benchmark is running
	program string
	args    []string
	data    string // the directory of its database
	process *exec.Cmd
	url     string
}

// start builds apm and runs it on a free port.
func start(b *testing.B, flags ...string) *apm {
	b.Helper()
	dir := b.TempDir()
	a := &apm{b: b, program: filepath.Join(dir, "apm"), data: filepath.Join(dir, "data")}
	if err := os.Mkdir(a.data, 0o700); err != nil {
		b.Fatal(err)
	}
	a.args = append([]string{"--addr", "localhost:0", "--db", filepath.Join(a.data, "traces.db")}, flags...)
	a.args = append(a.args, strings.Fields(*apmFlags)...)
	if output, err := exec.Command("go", "build", "-o", a.program, "thinker/shared/apm/cmd/apm").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, output)
	}
	a.run()
	b.Cleanup(a.kill)
	return a
}

// run runs the process until it listens.
func (a *apm) run() {
	a.b.Helper()
	a.process = exec.Command(a.program, a.args...)
	a.process.Stderr = os.Stderr // it says little, and that is worth to be seen
	output, err := a.process.StdoutPipe()
	if err != nil {
		a.b.Fatal(err)
	}
	if err := a.process.Start(); err != nil {
		a.b.Fatal(err)
	}
	lines := bufio.NewReader(output)
	line, err := lines.ReadString('\n')
	_, rest, listens := strings.Cut(line, "apm listens on ")
	if !listens {
		a.kill()
		a.b.Fatalf("apm %s does not listen: %q, %v", strings.Join(a.args, " "), line, err)
	}
	a.url, _, _ = strings.Cut(rest, ";")
	go func() { _, _ = io.Copy(io.Discard, lines) }() // until it ends
}

// kill ends the process and leaves it no time to save anything.
func (a *apm) kill() {
	_ = a.process.Process.Kill() // an error means that it has ended
	_ = a.process.Wait()         // by a signal
}

// restart runs the process that was killed again, and is how long it takes until
// it answers.
func (a *apm) restart() time.Duration {
	a.b.Helper()
	began := time.Now()
	a.run()
	for a.get("/api/traces?limit=1").status != http.StatusOK {
	}
	return time.Since(began)
}

// reportSize reports the process's memory, and what its database
// takes on disk.
func (a *apm) reportSize() {
	a.b.Helper()
	if now, most, known := a.memory(); known {
		a.b.ReportMetric(now, "RSS-MB")
		a.b.ReportMetric(most, "peak-RSS-MB")
	}
	var onDisk int64
	err := filepath.WalkDir(a.data, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() {
			onDisk += info.Size()
		}
		return err
	})
	if err != nil {
		a.b.Fatal(err)
	}
	if onDisk > 0 {
		a.b.ReportMetric(float64(onDisk)/1e6, "MB-on-disk")
	}
}

// memory is what the process has of it, and the most it had, in MB; Linux alone
// tells.
func (a *apm) memory() (now, most float64, known bool) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(a.process.Process.Pid), "status"))
	if err != nil {
		return 0, 0, false
	}
	for line := range strings.Lines(string(status)) {
		words := strings.Fields(line)
		if len(words) != 3 {
			continue
		}
		kilobytes, _ := strconv.ParseFloat(words[1], 64)
		switch words[0] {
		case "VmRSS:":
			now = kilobytes * 1024 / 1e6
		case "VmHWM:":
			most = kilobytes * 1024 / 1e6
		}
	}
	return now, most, most > 0
}
