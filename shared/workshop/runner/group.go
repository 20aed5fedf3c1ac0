package runner

import (
	"errors"
	"os/exec"
	"sync"
	"time"
)

// A group is a program that runs, together with every process that it has
// started: a service of a learner's, or go build with its compilers.
type group struct {
	cmd *exec.Cmd
	processes
}

// outputTime is how long what a program printed is read on when it has ended: a
// process that it started may hold its output open for ever.
const outputTime = 500 * time.Millisecond

// running are the groups of this process, for KillAll.
var running = struct {
	sync.Mutex
	groups map[*group]bool
	ending bool // KillAll was called
}{groups: map[*group]bool{}}

// startGroup starts a program that a terminal's Ctrl-C doesn't reach: that is for
// this process, which stops in order what it has started. A context that the
// program was given interrupts all of the group.
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

// wait waits until the program has ended, and kills what it has left running.
func (g *group) wait() error {
	err := g.cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // the program ended well; a process that it left held its output
	}
	running.Lock()
	defer running.Unlock()
	delete(running.groups, g)
	g.kill()
	g.release()
	return err
}

// KillAll kills everything that this package has started and that still runs, for
// a program that ends without stopping it in order. Nothing can be started later.
func KillAll() {
	running.Lock()
	defer running.Unlock()
	running.ending = true
	for g := range running.groups {
		g.kill()
	}
}
