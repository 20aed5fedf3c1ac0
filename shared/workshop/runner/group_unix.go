//go:build unix

package runner

import (
	"os"
	"os/exec"
	"syscall"
)

// setApart makes a program start in its own process group.
func setApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// processes are the members of a process group.
type processes struct{ pgid int }

func processesOf(p *os.Process) processes { return processes{p.Pid} }

// interrupt asks the processes to end.
func (p processes) interrupt() error { return syscall.Kill(-p.pgid, syscall.SIGINT) }

// kill ends the processes. There may be none left.
func (p processes) kill() { _ = syscall.Kill(-p.pgid, syscall.SIGKILL) }

// release does nothing: only Windows holds resources for ended processes.
func (p processes) release() {}
