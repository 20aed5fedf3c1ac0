// Package process builds apm and runs it as a process, so that tests and benchmarks can
// observe it from outside: over HTTP, its files, its memory, its end.
package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/fetch"
)

// An APM is an apm process. It can be killed and run again with the same data.
type APM struct {
	TB   testing.TB // the running test or benchmark
	Args []string
	Data string // contains its directory of traces
	URL  string // for example http://localhost:43125

	process *exec.Cmd
	stderr  string // a file
}

// Main builds apm, runs the package's tests, and removes the program again. It belongs in
// TestMain.
func Main(m *testing.M) int {
	if os.Getenv(programVariable) != "" { // SmallDisk runs the tests once more
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "apm")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "apm.exe") // Windows needs the ending
	// Without the race detector, which would use more memory than apm itself.
	build := exec.Command("go", "build", "-o", program, "thinker/shared/apm/cmd/apm")
	if output, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build: %v\n%s", err, output))
	}
	_ = os.Setenv(programVariable, program)
	return m.Run()
}

const programVariable = "APM_TEST_PROGRAM"

// Program returns the path of the program that Main built.
func Program() string { return os.Getenv(programVariable) }

// Start runs apm on a free port with a new database. Flags may name another --db or
// --addr. The process is killed when the test ends.
func Start(t testing.TB, flags ...string) *APM {
	t.Helper()
	a := &APM{TB: t, Data: t.TempDir(), stderr: filepath.Join(t.TempDir(), "stderr")}
	a.Args = append([]string{"--addr", "localhost:0", "--db", filepath.Join(a.Data, "traces")}, flags...)
	a.Run()
	t.Cleanup(a.Kill)
	return a
}

// Run starts the process and waits until it listens.
func (a *APM) Run() {
	a.TB.Helper()
	a.process = exec.Command(Program(), a.Args...)
	output, err := a.process.StdoutPipe()
	if err != nil {
		a.TB.Fatal(err)
	}
	stderr, err := os.OpenFile(a.stderr, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		a.TB.Fatal(err)
	}
	defer stderr.Close()
	a.process.Stderr = stderr
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

// Kill ends the process without giving it time to save anything, and waits for its end.
func (a *APM) Kill() {
	_ = a.process.Process.Kill() // fails if it has already ended
	_ = a.process.Wait()         // returns the signal
}

// Stop interrupts the process, waits for its end and returns its error.
func (a *APM) Stop() error {
	if err := a.process.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return a.process.Wait()
}

// Stderr returns what the process wrote to its standard error.
func (a *APM) Stderr() string {
	text, _ := os.ReadFile(a.stderr) // only explains a failure
	return string(text)
}

// Addr returns the address where it listens, for example localhost:43125.
func (a *APM) Addr() string { return strings.TrimPrefix(a.URL, "http://") }

// Request sends a request, and reads the response. Headers are name, value, name, value;
// a header Host sets the host. It doesn't follow redirects. It fails the test if there is
// no response within two minutes.
func (a *APM) Request(method, path string, body io.Reader, headers ...string) fetch.Response {
	a.TB.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, a.URL+path, body)
	if err != nil {
		a.TB.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request.Host = request.Header.Get("Host")
	response, err := fetch.Do(http.DefaultTransport, request, math.MaxInt64-1)
	if err != nil {
		a.TB.Fatalf("%s: %v\n%s", path, err, a.Stderr())
	}
	return response
}

// Get sends a GET for a path.
func (a *APM) Get(path string) fetch.Response {
	a.TB.Helper()
	return a.Request(http.MethodGet, path, nil)
}

// Decode returns the response of an endpoint of the API, which must be a success.
func Decode[T any](a *APM, path string) (decoded T) {
	a.TB.Helper()
	response := a.Get(path)
	if err := json.Unmarshal(response.Body, &decoded); err != nil || response.Status != http.StatusOK {
		a.TB.Fatalf("%s: status %d, %v: %.300s", path, response.Status, err, response.Body)
	}
	return decoded
}

// PostTraces sends traces as JSON.
func (a *APM) PostTraces(json string) fetch.Response {
	a.TB.Helper()
	return a.Request(http.MethodPost, "/v0.4/traces", strings.NewReader(json), "Content-Type", "application/json")
}

// Memory returns the process's resident memory now and at its peak, in MB (10^6 bytes).
// Both are 0 if the system isn't Linux.
func (a *APM) Memory() (now, peak float64) {
	status, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(a.process.Process.Pid), "status"))
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			now = kilobytes * 1024 / 1e6
		case "VmHWM":
			peak = kilobytes * 1024 / 1e6
		}
	}
	return now, peak
}

// DiskUse returns the size of the process's files, in bytes.
func (a *APM) DiskUse() (size int64) {
	a.TB.Helper()
	err := filepath.WalkDir(a.Data, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil { // else it was removed meanwhile
				size += info.Size()
			}
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.TB.Fatal(err)
	}
	return size
}

// Stream opens an event stream, and returns it once apm has subscribed it to changes. If
// the test doesn't read it, its events stay in the system's buffers, and then in apm's.
// The stream is closed when the test ends.
func (a *APM) Stream(path string) *bufio.Reader {
	a.TB.Helper()
	conn, err := net.Dial("tcp", a.Addr())
	if err != nil {
		a.TB.Fatal(err)
	}
	a.TB.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute)) // fails only on a closed connection
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, a.Addr()); err != nil {
		a.TB.Fatal(err)
	}
	stream := bufio.NewReaderSize(conn, 32<<10)
	for line := ""; !strings.HasPrefix(line, ": open"); {
		if line, err = stream.ReadString('\n'); err != nil {
			a.TB.Fatalf("open %s: %v", path, err)
		}
	}
	return stream
}
