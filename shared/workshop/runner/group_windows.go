package runner

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// setApart makes a program start in its own process group.
func setApart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// processes are the members of a job object, including the processes they start.
// Windows kills them when this process ends.
type processes struct {
	first *os.Process
	job   windows.Handle // 0 if there is none: then only the first process is killed
	ended chan struct{}  // closed when the first process has ended, and the others were killed
}

func processesOf(p *os.Process) processes {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return processes{first: p}
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	var process windows.Handle
	if err == nil {
		process, err = assign(job, p)
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return processes{first: p}
	}
	ps := processes{p, job, make(chan struct{})}
	go func() {
		// At once: a read from a pipe that another process holds open isn't interrupted.
		_, _ = windows.WaitForSingleObject(process, windows.INFINITE)
		_ = windows.CloseHandle(process)
		ps.kill()
		close(ps.ended)
	}()
	return ps
}

// assign puts a process into a job, and returns a handle of the process.
func assign(job windows.Handle, p *os.Process) (windows.Handle, error) {
	process, err := windows.OpenProcess(
		windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE|windows.SYNCHRONIZE, false, uint32(p.Pid))
	if err != nil {
		return 0, err
	}
	if err := windows.AssignProcessToJobObject(job, process); err != nil {
		_ = windows.CloseHandle(process)
		return 0, err
	}
	return process, nil
}

// interrupt ends the processes: Windows has no way to ask.
func (p processes) interrupt() error {
	p.kill()
	return nil
}

// kill ends the processes. There may be none left.
func (p processes) kill() {
	if p.job == 0 {
		_ = p.first.Kill()
		return
	}
	_ = windows.TerminateJobObject(p.job, 1)
}

// release closes the job once the first process has ended.
func (p processes) release() {
	if p.job != 0 {
		<-p.ended
		_ = windows.CloseHandle(p.job)
	}
}
