//go:build unix

package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRun_ForwardsSignals(t *testing.T) {
	cmd := playRun(t, "until-told", "exit=5")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	if line, err := lines.ReadString('\n'); line != "waiting\n" {
		t.Fatalf("%q %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil || string(rest) != "told: terminated\n" {
		t.Errorf("%v %s", err, rest)
	}
	_ = cmd.Wait() // its exit code says how it went
	if code := cmd.ProcessState.ExitCode(); code != 5 {
		t.Errorf("exit code %d, want 5", code)
	}
}

func TestRun_CommandEndedBySignal(t *testing.T) {
	_, _, code := ended(t, playApm(t, "run", "--", "sh", "-c", "kill -KILL $$"))
	if code != 128+9 {
		t.Errorf("exit code %d, want 137", code)
	}
}

func TestRun_NotAProgram(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain.txt")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := ended(t, playApm(t, "run", plain))
	if code != 126 || !strings.HasPrefix(stderr, "apm: run: ") || !strings.Contains(stderr, "permission denied") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

func TestRun_Keep(t *testing.T) {
	cmd := playApm(t, "run", "--keep", "--", self(t), "play-command", "send-traces=2", "exit=4")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var page string
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, url, traced := strings.Cut(lines.Text(), "trace 2 · 1 ns · "); traced {
			page = url
		}
		if strings.Contains(lines.Text(), "until Ctrl-C") {
			break
		}
	}
	response, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", page, response.Status)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code says how it went
	if code := cmd.ProcessState.ExitCode(); code != 4 {
		t.Errorf("exit code %d, want 4", code)
	}
}

func TestRun_Nohup(t *testing.T) {
	for _, name := range []string{"HUP", "INT"} { // INT is ignored for what a script runs in the background
		apm := playApm(t, "run", "--", "sh", "-c", "kill -"+name+" $PPID; kill -"+name+" $$; echo alive")
		ignoring := []string{"-c", `trap "" ` + name + `; exec "$@"`, "sh"}
		shell := exec.CommandContext(t.Context(), "sh", append(ignoring, apm.Args...)...)
		shell.Env = apm.Env
		if stdout, stderr, code := ended(t, shell); stdout != "alive\n" || code != 0 {
			t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
		}
	}
}
