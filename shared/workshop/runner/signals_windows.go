package runner

import (
	"os"
	"os/exec"
	"syscall"
)

// setApart keeps a console's Ctrl-C from a program: it is for the command that
// started it, which then stops what it has started in order.
func setApart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// interrupt ends a process: Windows has no way to ask.
func interrupt(p *os.Process) error { return p.Kill() }
