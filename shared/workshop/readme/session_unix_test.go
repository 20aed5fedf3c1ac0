//go:build unix

package readme

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

const poll = 50 * time.Millisecond

// A session is a reader's shell: later blocks see what a block exports or defines. The reader
// has another terminal, in which a step runs.
type session struct {
	t        testing.TB
	dir      string // of the scripts and what they print
	bash     *exec.Cmd
	commands io.Writer
	results  *bufio.Reader
	blocks   int // so far
	step     *step
	health   map[string]string // paths that answer 200 while a step is healthy, by address
}

// A step runs in the reader's first terminal.
type step struct {
	block  Block
	pid    int
	output string // the file that it prints to
	ended  string // the file that is there once it has ended by itself
}

// open starts a shell in a directory, which ends with the test.
func open(t testing.TB, dir string, env ...string) *session {
	t.Helper()
	s := &session{t: t, dir: t.TempDir(), bash: exec.Command(need.Program(t, "bash"), "--noprofile", "--norc")}
	checkout.Write(t, filepath.Join(s.dir, ".curlrc"), "no-progress-meter\n")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.results = bufio.NewReader(read)
	s.bash.Dir = dir
	s.bash.Env = slices.Concat(environment(), []string{"CURL_HOME=" + s.dir, "PWD=" + dir}, env)
	s.bash.ExtraFiles = []*os.File{write} // 3 in the shell
	s.bash.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.commands, err = s.bash.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.bash.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		if s.step != nil {
			syscall.Kill(-s.step.pid, syscall.SIGKILL)
		}
		syscall.Kill(-s.bash.Process.Pid, syscall.SIGKILL)
		s.bash.Wait()
		read.Close()
	})
	if _, err := s.do(t.Context(), "shopt -s expand_aliases; set -o pipefail; echo >&3"); err != nil {
		t.Fatal(err)
	}
	return s
}

// environment returns our environment without variables that configure the workshop.
func environment() (env []string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch name {
		case "PATH", "HOME", "USER", "LANG", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
			"https_proxy",
			"no_proxy":
			env = append(env, variable)
		default:
			for _, prefix := range []string{"GO", "CGO_", "SSL_CERT_", "DOCKER_", "XDG_"} {
				if strings.HasPrefix(name, prefix) {
					env = append(env, variable)
				}
			}
		}
	}
	return env
}

// do runs a line in the shell, and returns the line that it writes to file descriptor 3.
func (s *session) do(ctx context.Context, format string, args ...any) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := s.results.ReadString('\n')
		read <- result{strings.TrimSpace(line), err}
	}()
	if _, err := fmt.Fprintf(s.commands, format+"\n", args...); err != nil {
		return "", err
	}
	select {
	case r := <-read:
		return r.line, r.err
	case <-ctx.Done():
		syscall.Kill(-s.bash.Process.Pid, syscall.SIGKILL)
		return "", context.Cause(ctx)
	}
}

// script writes a block to a file in which lines have the same numbers as in the Markdown. It
// exits if a command fails.
func (s *session) script(b Block) (script, output string, err error) {
	s.blocks++
	script = filepath.Join(s.dir, fmt.Sprintf("%03d.sh", s.blocks))
	output = filepath.Join(s.dir, fmt.Sprintf("%03d.out", s.blocks))
	const stop = `trap 'failed=$? line=$LINENO; trap - ERR; return $failed' ERR`
	return script, output, os.WriteFile(script, []byte(stop+strings.Repeat("\n", b.Line-1)+b.Text), 0o644)
}

// run runs a block of commands and returns what it prints. Its error names the
// line that failed.
func (s *session) run(ctx context.Context, b Block) (output string, err error) {
	script, file, err := s.script(b)
	if err != nil {
		return "", err
	}
	result, err := s.do(ctx, `failed=0 line=0; source %s </dev/null >%s 2>&1 3>&-; status=$?; trap - ERR; echo `+
		`"$status $line" >&3`, script, file)
	text, readErr := os.ReadFile(file)
	output = string(text)
	if err := errors.Join(err, readErr); err != nil {
		return output, fmt.Errorf("%s: %w; it printed\n%s", b.Position(), err, output)
	}
	var status, line int
	if _, err := fmt.Sscan(result, &status, &line); err != nil {
		return output, err
	}
	last := b.Line + strings.Count(strings.TrimRight(b.Text, "\n"), "\n")
	switch {
	case status == b.Status && (status == 0 || line == last):
		return output, nil
	case status == 0:
		line = last
	case line == 0: // the shell didn't understand it
		line = b.Line
	}
	if status == b.Status {
		return output,
			fmt.Errorf("%s:%d: exit status %d, want it in the block's last line; it printed\n%s", b.File, line,
				status, output)
	}
	return output, fmt.Errorf("%s:%d: exit status %d, want %d; it printed\n%s", b.File, line, status, b.Status, output)
}

// The addresses in the READMEs, and the paths that respond in a healthy step.
var health = map[string]string{
	"localhost:5000": "/healthz",
	"localhost:5001": "/healthz",
	"localhost:8126": "/info",
}

// taken returns a step's address on which a program listens already, or an empty text.
func (s *session) taken() string {
	for addr := range s.health {
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			conn.Close()
			return addr
		}
	}
	return ""
}

// up starts the step of a block in the background and returns once it is healthy.
func (s *session) up(ctx context.Context, b Block) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	if addr := s.taken(); addr != "" {
		return fmt.Errorf("%s: a program already listens on %s", b.Position(), addr)
	}
	script, output, err := s.script(b)
	if err != nil {
		return err
	}
	started := &step{block: b, output: output, ended: script + ".ended"}
	// Job control gives it its own process group, to which Ctrl-C sends its signal.
	pid, err := s.do(ctx, `set -m; { source %s; status=$?; echo >%s; exit $status; } </dev/null >%s 2>&1 3>&- & set `+
		`+m; echo $! >&3`, script, started.ended, output)
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(pid, &started.pid); err != nil {
		return err
	}
	s.step = started
	for tick := time.Tick(poll); !s.healthy(ctx); {
		if _, err := os.Stat(started.ended); err == nil {
			return fmt.Errorf("%s: it ended by itself; it printed\n%s", b.Position(), started.printed())
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return fmt.Errorf("%s: not healthy: %w; it printed\n%s", b.Position(), context.Cause(ctx), started.printed())
		}
	}
	return nil
}

func (s *session) healthy(ctx context.Context) bool {
	for addr, path := range s.health {
		if status(ctx, "http://"+addr+path) != http.StatusOK {
			return false
		}
	}
	return true
}

// status returns the status of a response, or 0 without one.
func status(ctx context.Context, url string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// page requests a page until it's found, since traces arrive late, and returns the status of
// the last response.
func (s *session) page(ctx context.Context, url string, wait time.Duration) (got int) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for tick := time.Tick(poll); ; {
		if now := status(ctx, url); now != 0 {
			got = now
		}
		if got == http.StatusOK {
			return got
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return got
		}
	}
}

func (p *step) printed() string {
	text, _ := os.ReadFile(p.output)
	return string(text)
}

// down stops the running step with Ctrl-C, and checks that it succeeds and frees its ports.
func (s *session) down(ctx context.Context) error {
	if s.step == nil {
		return nil
	}
	stopped := s.step
	s.step = nil
	if err := syscall.Kill(-stopped.pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("%s: it ended by itself (%w); it printed\n%s", stopped.block.Position(), err, stopped.printed())
	}
	status, err := s.do(ctx, `wait %d; echo $? >&3`, stopped.pid)
	if err != nil {
		syscall.Kill(-stopped.pid, syscall.SIGKILL)
		return fmt.Errorf("%s: it doesn't end on Ctrl-C: %w; it printed\n%s", stopped.block.Position(), err,
			stopped.printed())
	}
	// make and docker-compose end by the signal that Ctrl-C sends. go run ends with 1,
	// and prints another line if the program has failed.
	goRun := status == "1" && !strings.Contains(stopped.printed(), "exit status ")
	if status != "0" && status != "130" && !goRun {
		return fmt.Errorf("%s: exit status %s after Ctrl-C; it printed\n%s", stopped.block.Position(), status,
			stopped.printed())
	}
	if addr := s.taken(); addr != "" {
		return fmt.Errorf("%s: after Ctrl-C, a program still listens on %s", stopped.block.Position(), addr)
	}
	return nil
}

// length returns the number of bytes that the step's terminal has printed.
func (s *session) length() int {
	if s.step == nil {
		return 0
	}
	return len(s.step.printed())
}

// terminal waits until the step's output, from a byte on, contains the shown text. It returns
// the output in any case.
func (s *session) terminal(ctx context.Context, from int, shown string) (printed string, contains bool) {
	if s.step == nil {
		return "", false
	}
	for tick := time.Tick(poll); ; {
		printed = string(bytes.ToValidUTF8([]byte(s.step.printed()[from:]), nil))
		if Contains(shown, printed) {
			return printed, true
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return printed, false
		}
	}
}
