//go:build unix

package runner

import (
	"os"
	"os/exec"
	"syscall"
)

// setApart keeps a terminal's Ctrl-C from the service: it is for the command
// that started it, which then stops its services in order.
func setApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks a process to end.
func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
