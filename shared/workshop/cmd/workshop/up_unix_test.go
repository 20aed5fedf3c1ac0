//go:build unix

package main_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestUp starts a step, sends a request, reads the trace, and presses Ctrl-C.
func TestUp(t *testing.T) {
	up := start(t, workshop(t), 2)
	up.until("Ctrl-C stops everything")
	if got := get(t, up.api+"/think/?subject=war"); !strings.Contains(got, "Agatha Christie") {
		t.Errorf("the api answers %s", got)
	}
	if got := get(t, up.agent+"/workshop"); !strings.Contains(got, "<h1>Step 2: manual headers</h1>") {
		t.Errorf("the workshop's page is %s", got)
	}
	up.until("  think ")                           // the last line of the trace
	up.signal(-up.cmd.Process.Pid, syscall.SIGINT) // the terminal tells everyone in its foreground
	rest, err := io.ReadAll(up.output)
	if err != nil {
		t.Fatal(err)
	}
	if err := up.cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C ends it with %v and %s", err, rest)
	}
	up.gone()

	text := normal(up.seen.String())
	want := `
GET /think/?subject=war   200   N ms   http://localhost:PORT/trace/ID
  thinker-api            http.request  GET /think/ BAR N ms
    thinker-microservice http.request  GET / BAR N ms
      think              subject:war BAR N ms
`
	if !strings.Contains(text+"\n", want) {
		t.Errorf("it shows\n%s\nwithout\n%s", text, want)
	}
	for _, must := range []string{
		"Step 2: manual headers\n", "curl 'http://localhost:PORT/think/?subject=war'\n",
		"thinker │ thought subjects=[war]\n",
	} {
		if !strings.Contains(text, must) {
			t.Errorf("it shows\n%s\nwithout %q", text, must)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("escape sequences in a file: %q", text)
	}
}

// TestUp_StoresTraces wants a step's trace to be stored when the next step runs.
func TestUp_StoresTraces(t *testing.T) {
	program, kept := workshop(t), "--db="+filepath.Join(t.TempDir(), "traces")
	for _, step := range []int{1, 2} {
		up := startWith(t, program, step, kept)
		up.until("Ctrl-C stops everything")
		get(t, up.api+"/think/?subject=war")
		up.until("  think ")
		versions := get(t, up.agent+"/api/facets?field=version")
		if want := `"value":"step01"`; !strings.Contains(versions, want) {
			t.Errorf("with step %d: %s", step, versions)
		}
		if step == 1 {
			second := startWith(t, program, 2, kept)
			for second.lines.Scan() {
			}
			want := "is in use by another program. It was not changed. To store traces elsewhere: --db DIR, or --memory\n"
			if err := second.cmd.Wait(); second.cmd.ProcessState.ExitCode() != 2 || !strings.HasSuffix(second.errors.String(), want) {
				t.Errorf("a second one at the same file ends with %v and says %s", err, &second.errors)
			}
		}
		up.signal(up.cmd.Process.Pid, syscall.SIGINT)
		if err := up.cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// TestUp_Killed ends the command with a signal that it can't handle.
func TestUp_Killed(t *testing.T) {
	up := start(t, workshop(t), 1)
	up.until("Ctrl-C stops everything")
	up.signal(up.cmd.Process.Pid, syscall.SIGKILL)
	up.cmd.Wait()
	up.gone()
}

// TestUp_InterruptedWhileBuilding presses Ctrl-C during a first, long build.
func TestUp_InterruptedWhileBuilding(t *testing.T) {
	program := workshop(t)
	t.Setenv("GOCACHE", t.TempDir())
	up := start(t, program, 1)
	up.until("building: this takes a minute or two the first time")
	up.signal(-up.cmd.Process.Pid, syscall.SIGINT)
	for up.lines.Scan() {
	}
	err := up.cmd.Wait()
	if got, want := up.errors.String(), "workshop: stopped before the step was ready\n"; got != want || up.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it ends with %v and says %q, want exit status 1 and %q", err, got, want)
	}
}

// TestUp_NoHome starts a step where go has no directory for its caches.
func TestUp_NoHome(t *testing.T) {
	program, root := workshop(t), checkout.New(t)
	modules, err := exec.CommandContext(need.Context(t), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "GOCACHE", "GOENV"} {
		t.Setenv(name, "")
	}
	t.Setenv("GOMODCACHE", strings.TrimSpace(string(modules))) // nothing is downloaded for a test
	t.Chdir(root)
	up := start(t, program, 1)
	up.until("Go has no directory for GOCACHE, so builds use one in .workshop.")
	up.until("building: this takes a minute or two the first time")
	up.signal(-up.cmd.Process.Pid, syscall.SIGINT)
	for up.lines.Scan() {
	}
	up.cmd.Wait()
	if got, want := up.errors.String(), "workshop: stopped before the step was ready\n"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(root, ".workshop", "gocache")); err != nil {
		t.Error(err)
	}
}

// TestUp_HarmlessTags wants the learner's own tag on the spans.
func TestUp_HarmlessTags(t *testing.T) {
	t.Setenv("DD_TAGS", "team:greetings")
	up := start(t, workshop(t), 1)
	up.until("Ctrl-C stops everything")
	get(t, up.api+"/think/?subject=war")
	up.until("  think ")
	if strings.Contains(up.seen.String(), "DD_TAGS") {
		t.Errorf("it says\n%s", &up.seen)
	}
	if found, want := get(t, up.agent+"/api/facets?field=@team"), `"value":"greetings"`; !strings.Contains(found, want) {
		t.Errorf("of the tag it has %s, want %s", found, want)
	}
	up.signal(up.cmd.Process.Pid, syscall.SIGINT)
	up.cmd.Wait()
}

// TestUp_GoRunKilled kills the go command of go run, as a task runner might.
func TestUp_GoRunKilled(t *testing.T) {
	up := start(t, "go", 1, "run", ".")
	up.until("Ctrl-C stops everything")
	up.signal(up.cmd.Process.Pid, syscall.SIGKILL)
	up.gone()
	up.cmd.Wait()
}

// TestUp_ServiceDies kills a service. The error is printed, and the command ends.
func TestUp_ServiceDies(t *testing.T) {
	up := start(t, workshop(t), 1)
	up.until("Ctrl-C stops everything")
	children, err := exec.Command(need.Program(t, "pgrep"), "-P", fmt.Sprint(up.cmd.Process.Pid), "thinker").Output()
	if err != nil {
		t.Fatal(err)
	}
	thinker, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatal(err)
	}
	up.signal(thinker, syscall.SIGKILL)
	for up.lines.Scan() {
	}
	if err := up.cmd.Wait(); up.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it ends with %v, want exit status 1", err)
	}
	want := "workshop: thinker stopped unexpectedly (signal: killed). Its last output:\n  time="
	if got := up.errors.String(); !strings.Contains(got, want) || !strings.Contains(got, "msg=listening") {
		t.Errorf("it says %q, want %q and the service's last lines", got, want)
	}
	up.gone()
}

// An upCommand is a running workshop up.
type upCommand struct {
	t                   *testing.T
	cmd                 *exec.Cmd
	output              io.Reader
	lines               *bufio.Scanner
	seen, errors        strings.Builder
	api, thinker, agent string
}

func start(t *testing.T, program string, step int, arguments ...string) *upCommand {
	t.Helper()
	return startWith(t, program, step, "--memory", arguments...)
}

// startWith starts the command with its own trace file: a developer may be using the
// workshop's.
func startWith(t *testing.T, program string, step int, kept string, arguments ...string) *upCommand {
	t.Helper()
	return startIn(t, "", program, step, kept, arguments...)
}

// startIn starts the command in a workshop's directory.
func startIn(t *testing.T, root, program string, step int, kept string, arguments ...string) *upCommand {
	t.Helper()
	api, thinker, agent := fmt.Sprint(need.Port(t)), fmt.Sprint(need.Port(t)), fmt.Sprint(need.Port(t))
	cmd := exec.CommandContext(need.Context(t), program, append(arguments, "up", "--step", fmt.Sprint(step), kept,
		"--api-port", api, "--thinker-port", thinker, "--agent-port", agent)...)
	cmd.Env = append(os.Environ(), "THINK_DELAY="+cmp.Or(os.Getenv("THINK_DELAY"), "30ms"), "DD_TRACE_ENABLED=false", "DD_SERVICE=other") // which it ignores
	cmd.Dir = root
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	up := &upCommand{t: t, cmd: cmd, output: output, lines: bufio.NewScanner(output),
		api: "http://localhost:" + api, thinker: "http://localhost:" + thinker, agent: "http://localhost:" + agent}
	cmd.Stderr = &up.errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return up
}

// until reads the output until a line contains text.
func (u *upCommand) until(text string) {
	u.t.Helper()
	for u.lines.Scan() {
		u.seen.WriteString(u.lines.Text() + "\n")
		if strings.Contains(u.lines.Text(), text) {
			return
		}
	}
	u.t.Fatalf("it ended and said only\n%s%s", &u.seen, &u.errors)
}

func (u *upCommand) signal(pid int, s syscall.Signal) {
	u.t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		u.t.Fatal(err)
	}
}

// gone waits until neither service listens any more.
func (u *upCommand) gone() {
	u.t.Helper()
	ctx := need.Context(u.t)
	for _, service := range []string{u.api, u.thinker} {
		for tick := time.Tick(20 * time.Millisecond); ; <-tick {
			resp, err := http.Get(service + "/healthz")
			if err != nil {
				break
			}
			resp.Body.Close()
			if ctx.Err() != nil {
				u.t.Fatalf("%s still listens", service)
			}
		}
	}
}

var (
	bars  = regexp.MustCompile(` *▇+ *`)
	times = regexp.MustCompile(`\b[\d.]+ (ms|µs|s)\b`)
	hosts = regexp.MustCompile(`localhost:\d+`)
	ids   = regexp.MustCompile(`\b\d{12,}\b`)
)

// normal removes the parts of text that differ from run to run.
func normal(text string) string {
	text = bars.ReplaceAllString(text, " BAR ")
	text = times.ReplaceAllString(text, "N ms")
	text = hosts.ReplaceAllString(text, "localhost:PORT")
	return ids.ReplaceAllString(text, "ID")
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
