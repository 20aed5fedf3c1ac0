package runner

import (
	"errors"
	"os/exec"
	"sync"
	"time"
)

// A group is a running program with every process that it has started: a learner's
// service, or go build with its compilers.
type group struct {
	cmd *exec.Cmd
	processes
}

// outputTime is how long output is read after the program has ended: a process that
// it started may hold the output open for ever.
const outputTime = 500 * time.Millisecond

// running are the groups of this process, for KillAll.
var running = struct {
	sync.Mutex
	groups map[*group]bool
	ending bool // KillAll was called
}{groups: map[*group]bool{}}

// startGroup starts a program that a terminal's Ctrl-C doesn't reach. Only this process
// gets it, and then stops its programs in order. If the program has a context, its end
// interrupts the whole group.
func startGroup(cmd *exec.Cmd) (*group, error) {
	running.Lock()
	defer running.Unlock()
	if running.ending {
		return nil, errors.New("the workshop is ending")
	}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = outputTime
	}
	setApart(cmd)
	g, started := &group{cmd: cmd}, make(chan struct{})
	if cmd.Cancel != nil { // it was given a context
		cmd.Cancel = func() error {
			<-started
			return g.interrupt()
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g.processes = processesOf(cmd.Process)
	close(started)
	running.groups[g] = true
	return g, nil
}

// wait waits until the program has ended, and kills the processes it left running.
func (g *group) wait() error {
	err := g.cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // the program ended well, but one of its processes held the output open
	}
	running.Lock()
	defer running.Unlock()
	delete(running.groups, g)
	g.kill()
	g.release()
	return err
}

// KillAll kills every running process that this package has started, for a program that
// ends without stopping them in order. After that, nothing can be started.
func KillAll() {
	running.Lock()
	defer running.Unlock()
	running.ending = true
	for g := range running.groups {
		g.kill()
	}
}
