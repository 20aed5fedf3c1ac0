//go:build unix

package runner

import (
	"os/exec"
	"syscall"
)

// setApart keeps a terminal's Ctrl-C from the service: it is for the command
// that started it, which then stops its services in order.
func setApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
