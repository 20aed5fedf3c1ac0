//go:build unix

package main_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// A brood is a shell and its child, which ignore every signal that can be ignored,
// and hold their parent's output open. They also hold a named pipe open, which closes
// when both have ended.
type brood struct {
	script string // starts them
	pipe   chan string
}

func newBrood(t *testing.T) *brood {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	b := &brood{pipe: make(chan string, 10),
		script: fmt.Sprintf("trap '' INT TERM HUP; exec 9>%s; echo begun >&9; sleep 1000 & sleep 1000", name)}
	go func() {
		defer close(b.pipe)
		pipe, err := os.Open(name) // waits until somebody writes to it
		if err != nil {
			return
		}
		defer pipe.Close()
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			b.pipe <- lines.Text()
		}
	}()
	return b
}

// begun waits until the processes run.
func (b *brood) begun(t *testing.T) {
	t.Helper()
	select {
	case <-b.pipe:
	case <-need.Context(t).Done():
		t.Fatal("nobody starts the processes")
	}
}

// gone waits until both processes have ended.
func (b *brood) gone(t *testing.T) {
	t.Helper()
	select {
	case _, open := <-b.pipe:
		if open {
			t.Error("the processes were started again")
		}
	case <-need.Context(t).Done():
		t.Error("processes that a service or go build started are left running")
	}
}

// startedBy makes the microservice of a checkout start the brood.
func (b *brood) startedBy(t *testing.T, root string) {
	t.Helper()
	file := filepath.Join(root, "step01", "thinker", "main.go")
	checkout.Edit(t, file, `	"log/slog"`, `	"log/slog"`+"\n	\"os\"\n	\"os/exec\"")
	checkout.Edit(t, file, "	return serve.HTTP(", fmt.Sprintf(`	children := exec.Command("sh", "-c", %q)
	children.Stdout, children.Stderr = os.Stdout, os.Stderr
	if err := children.Start(); err != nil {
		return err
	}
	return serve.HTTP(`, b.script))
}

// endless makes the microservice of a checkout keep serving when it is told to stop.
func endless(t *testing.T, root string) {
	t.Helper()
	checkout.Edit(t, filepath.Join(root, "step01", "thinker", "main.go"), "serve.HTTP(ctx,",
		"serve.HTTP(context.Background(),")
}

// ended waits until a command has ended, and returns its exit code.
func ended(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	defer context.AfterFunc(need.Context(t), func() {
		t.Error("Ctrl-C does not end it")
		cmd.Process.Kill()
	})()
	cmd.WaitDelay = time.Second // processes that are left hold its output
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

// TestUp_InterruptLeavesNoProcess uses services that start processes which ignore
// Ctrl-C, and services that don't stop.
func TestUp_InterruptLeavesNoProcess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		goesOn, twice bool
		code          int
		says          string
	}{
		{"service-ends", false, false, 0, ""},
		{"service-goes-on", true, false, 1,
			"workshop: thinker did not stop when asked to, so it was killed. Its run function must return once its " +
				"context is done\n"},
		{"second-interrupt", true, true, 130, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root, brood := checkout.New(t), newBrood(t)
			brood.startedBy(t, root)
			if c.goesOn {
				endless(t, root)
			}
			up := start(t, root, 1)
			up.until("Ctrl-C stops everything")
			brood.begun(t)
			up.signal(-up.cmd.Process.Pid, syscall.SIGINT)
			up.until("stopping …")
			if c.twice {
				up.signal(-up.cmd.Process.Pid, syscall.SIGINT)
			}
			if code := ended(t, up.cmd); code != c.code || up.errors.String() != c.says {
				t.Errorf("it ends with %d and says %q, want %d and %q", code, &up.errors, c.code, c.says)
			}
			brood.gone(t)
		})
	}
}

// TestCheck_InterruptLeavesNoProcess uses a service that doesn't stop, with processes
// that ignore Ctrl-C.
func TestCheck_InterruptLeavesNoProcess(t *testing.T) {
	t.Parallel()
	root, brood := checkout.New(t), newBrood(t)
	brood.startedBy(t, root)
	endless(t, root)
	cmd := exec.CommandContext(need.Context(t), workshop(t), "check", "1")
	cmd.Dir = root
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var errors strings.Builder
	cmd.Stderr = &errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	brood.begun(t)
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := ended(t, cmd); code != 1 || errors.String() != "workshop: stopped\n" {
		t.Errorf("it ends with %d and says %q", code, &errors)
	}
	brood.gone(t)
}

// TestUp_InterruptEndsGoBuild uses a go build whose processes ignore Ctrl-C.
func TestUp_InterruptEndsGoBuild(t *testing.T) {
	brood := newBrood(t)
	workshop(t) // before the go command is replaced
	fakeGo(t, brood.script)
	up := start(t, checkout.New(t), 1)
	brood.begun(t)
	up.signal(-up.cmd.Process.Pid, syscall.SIGINT)
	if code := ended(t, up.cmd); code != 1 || up.errors.String() != "workshop: stopped before the step was ready\n" {
		t.Errorf("it ends with %d and says %q", code, &up.errors)
	}
	brood.gone(t)
}

// fakeGo puts a go command in the PATH that runs a shell script for go build.
func fakeGo(t *testing.T, build string) {
	t.Helper()
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = build ]; then\n%s\nelse exec '%s' \"$@\"\nfi\n", build, real)
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}
