//go:build unix

package runner

import (
	"os"
	"os/exec"
	"syscall"
)

// setApart has a program start in a process group of its own.
func setApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// processes are those of a process group, by its ID.
type processes struct{ pgid int }

func processesOf(p *os.Process) processes { return processes{p.Pid} }

// interrupt asks the processes to end.
func (p processes) interrupt() error { return syscall.Kill(-p.pgid, syscall.SIGINT) }

// kill ends the processes. There may be none left.
func (p processes) kill() { _ = syscall.Kill(-p.pgid, syscall.SIGKILL) }

// release is for systems that keep something of processes that have ended.
func (p processes) release() {}
