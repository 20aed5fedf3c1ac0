//go:build unix

package runner

import (
	"os"
	"os/exec"
	"syscall"
)

// setApart keeps a terminal's Ctrl-C from a program: it is for the command that
// started it, which then stops what it has started in order.
func setApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks a process that was set apart to end, and those it has started.
func interrupt(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGINT) }
