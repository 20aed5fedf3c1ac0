// Package process builds apm and runs it as a process, for tests and benchmarks
// that look at it from outside: over HTTP, its files, its memory, its end.
package process

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// An APM is an apm process. It can be killed and run again on the same data.
type APM struct {
	TB   testing.TB // the running test or benchmark
	Args []string
	Data string // the directory of its database, traces.db
	URL  string // for example http://localhost:43125

	process *exec.Cmd
	stderr  tail
}

// Main builds apm, runs the package's tests and removes the program again. It
// belongs in TestMain.
func Main(m *testing.M) int {
	defer func() {
		if dir != "" {
			_ = os.RemoveAll(dir) // it is in the system's temporary directory
		}
	}()
	return m.Run()
}

var dir string // of the program, once it is built

var build = sync.OnceValues(func() (program string, err error) {
	if dir, err = os.MkdirTemp("", "apm"); err != nil {
		return "", err
	}
	program = filepath.Join(dir, "apm.exe") // Windows insists on the ending; others accept it
	output, err := exec.Command("go", "build", "-o", program, "thinker/shared/apm/cmd/apm").CombinedOutput()
	if err != nil {
		return "", &buildError{err, output}
	}
	return program, nil
})

type buildError struct {
	err    error
	output []byte
}

func (e *buildError) Error() string { return "go build: " + e.err.Error() + "\n" + string(e.output) }

// Program returns the path of the apm program. It is built without the race
// detector, whose memory would hide its own.
func Program(t testing.TB) string {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// Start runs apm on a free port with a new database. Later flags win, so
// flags may name another --db or --addr. The process is killed when the test
// ends.
func Start(t testing.TB, flags ...string) *APM {
	t.Helper()
	a := &APM{TB: t, Data: filepath.Join(t.TempDir(), "data")}
	if err := os.Mkdir(a.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	a.Args = append([]string{"--addr", "localhost:0", "--db", filepath.Join(a.Data, "traces.db")}, flags...)
	a.Run()
	t.Cleanup(func() { a.Kill() })
	return a
}

// Run starts the process and waits until it listens.
func (a *APM) Run() {
	a.TB.Helper()
	a.process = exec.Command(Program(a.TB), a.Args...)
	a.process.Stderr = &a.stderr
	output, err := a.process.StdoutPipe()
	if err != nil {
		a.TB.Fatal(err)
	}
	if err := a.process.Start(); err != nil {
		a.TB.Fatal(err)
	}
	lines := bufio.NewReader(output)
	line, err := lines.ReadString('\n')
	_, rest, listens := strings.Cut(line, "apm is listening on ")
	if !listens {
		a.Kill()
		a.TB.Fatalf("apm %s does not listen: %q, %v\n%s", strings.Join(a.Args, " "), line, err, a.Stderr())
	}
	a.URL, _, _ = strings.Cut(strings.TrimSpace(rest), " and ") // a socket
	go func() { _, _ = io.Copy(io.Discard, lines) }()           // until the process ends
}

// Kill ends the process without giving it time to save anything, and waits for
// its end.
func (a *APM) Kill() {
	_ = a.process.Process.Kill() // an error means that it has ended
	_ = a.process.Wait()         // the signal is its error
}

// Stop asks the process to end, waits for it and returns how it ended.
func (a *APM) Stop() error {
	if err := a.process.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return a.process.Wait()
}

// Restart runs a process that was killed again and returns the time until it
// answers.
func (a *APM) Restart() time.Duration {
	a.TB.Helper()
	began := time.Now()
	a.Run()
	for a.Get("/api/traces?limit=1").Status != http.StatusOK {
	}
	return time.Since(began)
}

// Stderr returns the last 64 KB that the process has written to its standard
// error.
func (a *APM) Stderr() string { return a.stderr.String() }

// Addr returns the address it listens on, for example localhost:43125.
func (a *APM) Addr() string { return strings.TrimPrefix(a.URL, "http://") }

// A Response has been read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get sends a GET for a path.
func (a *APM) Get(path string) Response {
	a.TB.Helper()
	request, err := http.NewRequest(http.MethodGet, a.URL+path, nil)
	if err != nil {
		a.TB.Fatal(err)
	}
	return a.Do(request)
}

// Post sends a body to a path.
func (a *APM) Post(path, contentType string, body io.Reader) Response {
	a.TB.Helper()
	request, err := http.NewRequest(http.MethodPost, a.URL+path, body)
	if err != nil {
		a.TB.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	return a.Do(request)
}

// Do sends a request and reads the response. It doesn't follow redirects, and fails
// the test after two minutes.
func (a *APM) Do(request *http.Request) Response {
	a.TB.Helper()
	ctx, cancel := context.WithTimeout(request.Context(), 2*time.Minute)
	defer cancel()
	response, err := http.DefaultTransport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		a.TB.Fatalf("%v\n%s", err, a.Stderr())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		a.TB.Fatalf("read the response to %s: %v\n%s", request.URL.Path, err, a.Stderr())
	}
	return Response{response.StatusCode, response.Header, body}
}

// Memory returns the process's resident memory now and at its peak, in MB
// (10^6 bytes). Only Linux knows it.
func (a *APM) Memory() (now, peak float64, known bool) {
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
			peak = kilobytes * 1024 / 1e6
		}
	}
	return now, peak, peak > 0
}

// A tail keeps the last 64 KB written to it, and passes on nothing.
type tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text.Write(p)
	t.text.Next(max(0, t.text.Len()-64<<10))
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
