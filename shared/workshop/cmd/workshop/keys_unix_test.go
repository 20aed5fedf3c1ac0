//go:build unix

package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/workspace"
)

// TestKeys presses each key at a terminal, breaks the code and fixes it.
func TestKeys(t *testing.T) {
	dir := try(t, 2)
	c := atTerminal(t, "", "up", "--dir", dir)
	c.until("Step 2: manual headers", "try02", "Keys: 1-5 step", "Ctrl-C stops everything")
	c.press("t")
	c.until("  think ") // the last line of the trace
	c.press("?")
	c.until("q    quit, like Ctrl-C")
	c.press("x")
	c.until(`Unknown key "x"`)
	c.press("curl 'http://localhost:5000/think/?subject=war'\n")
	c.until("Type commands in another terminal")
	c.press("\x1b[15~") // F5, in which 1 and 5 are no keys
	for _, step := range []string{"3", "4", "5", "1"} {
		c.press(step)
		c.until("Step "+step+": ", "step0"+step+" is running (")
	}
	c.press("1")
	c.until("step01 is already running")
	c.press("2")
	c.until("Step 2: manual headers (your code in ", "try02 is running (")

	main := filepath.Join(dir, "api", "main.go")
	checkout.Edit(t, main, "func main() {", "func main() { undefined()")
	c.until("✗ try02 does not build:", "main.go:19:15: undefined: undefined",
		"The previous version of try02 keeps running")
	checkout.Edit(t, main, "func main() { undefined()", "func main() {")
	c.until("try02 is running again (")
	checkout.Edit(t, main, "relayed thoughts", "relayed the thoughts")
	c.until("Rebuilt and restarted try02 (")

	c.press("r")
	c.until("Rebuilt and restarted try02 (")
	c.press("c")
	c.until("Step 2: manual headers", "✗ ", "step 2 isn't complete yet")
	c.press("o")
	c.until("/workshop", "No browser found here")
	c.press("q")
	c.ends(0)
	if text := c.seen.String(); strings.Contains(text, "panic") || strings.Count(text, "Step 5") != 1 {
		t.Errorf("it shows\n%s", text)
	}
}

// TestKeys_CheckUsesTheCopy presses c while an original step is running: it checks the
// learner's copy of that step, or the original if there is none.
func TestKeys_CheckUsesTheCopy(t *testing.T) {
	t.Parallel()
	root := checkout.New(t)
	if _, err := workspace.Copy(root, 2, false); err != nil {
		t.Fatal(err)
	}
	c := atTerminal(t, root, "up", "--step", "2")
	c.until("Ctrl-C stops everything")
	c.press("c")
	c.until("Step 2: manual headers   .workshop/try02", "✗ step 2 isn't complete yet")
	c.press("1")
	c.until("step01 is running (")
	c.press("c")
	c.until("Step 1: the untraced link   the original step01", "Checked the original step01. To check your own code: ")
	c.press("q")
	c.ends(0)
}

// TestKeys_ServiceDies kills a service. The command waits for the learner to fix it.
func TestKeys_ServiceDies(t *testing.T) {
	c := atTerminal(t, "", "up", "--step", "1")
	c.until("Ctrl-C stops everything")
	killThinker(t, c.cmd)
	c.until("✗ thinker stopped unexpectedly (signal: killed)", "Nothing is running now")
	c.press("r")
	c.until("step01 is running again (")
	c.press("\x03")
	c.ends(0)
}

// TestKeys_FirstBuildFails starts with broken code. The command waits, too.
func TestKeys_FirstBuildFails(t *testing.T) {
	dir := try(t, 3)
	main := filepath.Join(dir, "thinker", "main.go")
	checkout.Edit(t, main, "func main() {", "func main() { undefined()")
	c := atTerminal(t, "", "up", "--dir", dir)
	c.until("undefined: undefined", "Nothing is running now")
	checkout.Edit(t, main, "func main() { undefined()", "func main() {")
	c.until("Ready after", "Ctrl-C stops everything")
	c.press("\x03")
	c.ends(0)
}

// TestKeys_CtrlC presses Ctrl-C at various moments. The terminal must be restored.
func TestKeys_CtrlC(t *testing.T) {
	workshop(t) // is built while go has its cache
	for moment, code := range map[string]int{"building": 1, "healthy": 0, "thinking": 0, "building again": 0} {
		t.Run(moment, func(t *testing.T) {
			if moment == "building" {
				t.Setenv("GOCACHE", t.TempDir())
			}
			dir := try(t, 2)
			c := atTerminal(t, "", "up", "--dir", dir)
			if moment == "building" {
				c.until("building: this takes a minute or two the first time")
			} else {
				c.until("Ctrl-C stops everything")
			}
			switch moment {
			case "thinking":
				c.press("t")
			case "building again":
				checkout.Edit(t, filepath.Join(dir, "api", "main.go"), "relayed thoughts", "relayed the thoughts")
				c.until("building try02")
			}
			c.press("\x03")
			c.ends(code)
		})
	}
}

// TestKeys_CtrlZ wants the terminal restored while the command is stopped.
func TestKeys_CtrlZ(t *testing.T) {
	c := atTerminal(t, "", "up", "--step", "1")
	c.until("Ctrl-C stops everything")
	for range 2 {
		c.press("\x1a")
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(c.cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
			t.Fatalf("it is not stopped: %v, %v", status, err)
		}
		c.inOrder()
		if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		c.press("?")
		c.until("q    quit, like Ctrl-C")
	}
	c.press("q")
	c.ends(0)
}

// A console is a command with its own terminal.
type console struct {
	t              *testing.T
	cmd            *exec.Cmd
	keyboard, side *os.File // the two ends of the terminal
	before         *term.State
	printed        chan string
	seen           strings.Builder
	unread         string
	ports          []string
}

// atTerminal starts the command in a directory, with its own terminal.
func atTerminal(t *testing.T, dir string, arguments ...string) *console {
	t.Helper()
	keyboard, side, err := pty.Open()
	if err != nil {
		need.Missing(t, "there are no pseudo-terminals: %v", err)
	}
	if err := pty.Setsize(keyboard, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(int(side.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	api, thinker, agent, flags := freePorts(t)
	c := &console{t: t, keyboard: keyboard, side: side, before: before, printed: make(chan string),
		ports: []string{api, thinker, agent}}
	c.cmd = exec.CommandContext(need.Context(t), workshop(t), slices.Concat(arguments, []string{"--memory"}, flags)...)
	c.cmd.Env = append(os.Environ(), "THINK_DELAY=30ms", "TERM=xterm", "NO_COLOR=1",
		"DISPLAY=", "WAYLAND_DISPLAY=", "WSL_DISTRO_NAME=")
	c.cmd.Dir = dir
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = side, side, side
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.printed)
		buffer := make([]byte, 4096)
		for {
			n, err := keyboard.Read(buffer)
			if n > 0 {
				c.printed <- string(buffer[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		side.Close()
		keyboard.Close()
		for range c.printed {
		}
	})
	return c
}

func (c *console) press(keys string) {
	c.t.Helper()
	if _, err := c.keyboard.WriteString(keys); err != nil {
		c.t.Fatal(err)
	}
}

// until reads the output until some texts have appeared, in order.
func (c *console) until(texts ...string) {
	c.t.Helper()
	ctx := need.Context(c.t)
	for _, text := range texts {
		for {
			if _, rest, found := strings.Cut(c.unread, text); found {
				c.unread = rest
				break
			}
			select {
			case printed := <-c.printed:
				c.seen.WriteString(printed)
				c.unread += printed
			case <-ctx.Done():
				c.t.Fatalf("it shows no %q:\n%s", text, &c.seen)
			}
		}
	}
}

// ends waits until the command has ended with a code. The terminal must be restored, and
// nothing may listen any more.
func (c *console) ends(code int) {
	c.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- c.cmd.Wait() }()
	for running := true; running; {
		select {
		case printed := <-c.printed:
			c.seen.WriteString(printed)
		case err := <-ended:
			if got := c.cmd.ProcessState.ExitCode(); got != code {
				c.t.Errorf("it ends with %d (%v), want %d, and shows\n%s", got, err, code, &c.seen)
			}
			running = false
		}
	}
	c.inOrder()
	for _, port := range c.ports {
		if conn, err := net.Dial("tcp", "localhost:"+port); err == nil {
			conn.Close()
			c.t.Errorf("port %s is still listened on", port)
		}
	}
}

// inOrder fails the test unless the terminal's settings are restored.
func (c *console) inOrder() {
	c.t.Helper()
	after, err := term.GetState(int(c.side.Fd()))
	if err != nil || *after != *c.before {
		c.t.Errorf("the terminal is not as it was: %+v (%v), before %+v", after, err, c.before)
	}
}

// try makes a copy of a step's starting code.
func try(t *testing.T, step int) (dir string) {
	t.Helper()
	root := checkout.Root(t)
	dir = filepath.Join(t.TempDir(), fmt.Sprintf("try0%d", step))
	if err := workspace.Write(root, step, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}
