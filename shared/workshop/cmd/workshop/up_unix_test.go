//go:build unix

package main_test

import (
	"bufio"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	up := start(t, "", 2)
	up.until("Ctrl-C stops everything")
	if got := get(t, up.api+"/think/?subject=war"); !strings.Contains(got, "Agatha Christie") {
		t.Errorf("the api answers %s", got)
	}
	if got := get(t, up.agent+"/workshop/2"); !strings.Contains(got, "<h1>Step 2: manual headers</h1>") {
		t.Errorf("the workshop's page is %s", got)
	}
	up.until("  think ") // the last line of the trace
	up.interrupt(0)
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
	kept := "--db=" + filepath.Join(t.TempDir(), "traces")
	for _, step := range []int{1, 2} {
		up := start(t, "", step, kept)
		up.until("Ctrl-C stops everything")
		get(t, up.api+"/think/?subject=war")
		up.until("  think ")
		versions := get(t, up.agent+"/api/facets?field=version")
		if want := `"value":"step01"`; !strings.Contains(versions, want) {
			t.Errorf("with step %d: %s", step, versions)
		}
		if step == 1 {
			second := start(t, "", 2, kept)
			second.ends(2)
			want := "is in use by another program. It was not changed. To store traces elsewhere: --db DIR, or --memory\n"
			if !strings.HasSuffix(second.errors.String(), want) {
				t.Errorf("a second one at the same file says %s", &second.errors)
			}
		}
		up.interrupt(0)
	}
}

// TestUp_Killed ends the command with a signal that it can't handle, or the go command of
// go run, as a task runner might.
func TestUp_Killed(t *testing.T) {
	for name, command := range map[string][]string{"workshop": {workshop(t)}, "go run": {"go", "run", "."}} {
		t.Run(name, func(t *testing.T) {
			up := startCommand(t, "", command, 1, "--memory")
			up.until("Ctrl-C stops everything")
			up.signal(up.cmd.Process.Pid, syscall.SIGKILL)
			up.gone()
			up.cmd.Wait()
		})
	}
}

// TestUp_NoHome starts a step where go has no directory for its caches.
func TestUp_NoHome(t *testing.T) {
	workshop(t) // is built while go has its cache
	root := checkout.New(t)
	modules, err := exec.CommandContext(need.Context(t), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "GOCACHE", "GOENV"} {
		t.Setenv(name, "")
	}
	t.Setenv("GOMODCACHE", strings.TrimSpace(string(modules))) // nothing is downloaded for a test
	t.Chdir(root)
	up := start(t, "", 1)
	up.until("Go has no directory for GOCACHE, so builds use one in .workshop.")
	up.until("building: this takes a minute or two the first time")
	up.interrupt(1)
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
	up := start(t, "", 1)
	up.until("Ctrl-C stops everything")
	get(t, up.api+"/think/?subject=war")
	up.until("  think ")
	if strings.Contains(up.seen.String(), "DD_TAGS") {
		t.Errorf("it says\n%s", &up.seen)
	}
	if found, want := get(t, up.agent+"/api/facets?field=@team"), `"value":"greetings"`; !strings.Contains(found, want) {
		t.Errorf("of the tag it has %s, want %s", found, want)
	}
	up.interrupt(0)
}

// TestUp_ServiceDies kills a service. The error is printed, and the command ends.
func TestUp_ServiceDies(t *testing.T) {
	up := start(t, "", 1)
	up.until("Ctrl-C stops everything")
	killThinker(t, up.cmd)
	up.ends(1)
	want := "workshop: thinker stopped unexpectedly (signal: killed). Its last output:\n  time="
	if got := up.errors.String(); !strings.Contains(got, want) || !strings.Contains(got, "msg=listening") {
		t.Errorf("it says %q, want %q and the service's last lines", got, want)
	}
	up.gone()
}

// killThinker kills the microservice that a command has started.
func killThinker(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	children, err := exec.Command(need.Program(t, "pgrep"), "-P", fmt.Sprint(cmd.Process.Pid), "thinker").Output()
	if err != nil {
		t.Fatal(err)
	}
	thinker, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(thinker, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// An upCommand is a running workshop up.
type upCommand struct {
	t                   *testing.T
	cmd                 *exec.Cmd
	lines               *bufio.Scanner
	seen, errors        strings.Builder
	api, thinker, agent string
	flags               []string
}

// start starts workshop up in a directory. Without arguments, it stores traces in memory:
// a developer may be using the workshop's.
func start(t *testing.T, dir string, step int, arguments ...string) *upCommand {
	t.Helper()
	if len(arguments) == 0 {
		arguments = []string{"--memory"}
	}
	return startCommand(t, dir, []string{workshop(t)}, step, arguments...)
}

func startCommand(t *testing.T, dir string, command []string, step int, arguments ...string) *upCommand {
	t.Helper()
	api, thinker, agent, flags := freePorts(t)
	arguments = slices.Concat(command[1:], []string{"up", "--step", fmt.Sprint(step)}, arguments, flags)
	cmd := exec.CommandContext(need.Context(t), command[0], arguments...)
	cmd.Env = append(os.Environ(), "THINK_DELAY="+cmp.Or(os.Getenv("THINK_DELAY"), "30ms"),
		"DD_TRACE_ENABLED=false", "DD_SERVICE=other") // which it ignores
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	up := &upCommand{t: t, cmd: cmd, lines: bufio.NewScanner(output), flags: flags,
		api: "http://localhost:" + api, thinker: "http://localhost:" + thinker, agent: "http://localhost:" + agent}
	cmd.Stderr = &up.errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return up
}

// interrupt presses Ctrl-C, which a terminal sends to every process in its foreground.
func (u *upCommand) interrupt(code int) {
	u.t.Helper()
	u.signal(-u.cmd.Process.Pid, syscall.SIGINT)
	u.ends(code)
}

// ends waits until the command has ended with a code.
func (u *upCommand) ends(code int) {
	u.t.Helper()
	for u.lines.Scan() {
	}
	if err := u.cmd.Wait(); u.cmd.ProcessState.ExitCode() != code {
		u.t.Errorf("it ends with %v, want exit code %d: %s", err, code, &u.errors)
	}
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

func get(t *testing.T, url string) string {
	t.Helper()
	_, body := need.Get(t, url, nil)
	return body
}
