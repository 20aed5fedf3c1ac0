//go:build unix

package main_test

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestCheck_Interrupted presses Ctrl-C while a request is pending. No service and no
// file may remain.
func TestCheck_Interrupted(t *testing.T) {
	temporary := t.TempDir()
	cmd := exec.CommandContext(need.Context(t), workshop(t), "check", "1", "--logs")
	cmd.Dir = checkout.New(t)
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var addresses []string
	interrupted := false
	listening := regexp.MustCompile(`listening address=(\S+)`)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			addresses = append(addresses, found[1])
		}
		// The first request is answered, so the second is about to be sent.
		if strings.HasPrefix(lines.Text(), "  GET ") && !interrupted {
			interrupted = true
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it ends with %v, want exit status 1", err)
	}
	if !interrupted || len(addresses) != 2 {
		t.Fatalf("interrupted: %v; services: %v", interrupted, addresses)
	}
	for _, address := range addresses {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Errorf("a service still listens on %s", address)
		}
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
