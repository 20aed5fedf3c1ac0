package runner

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	stopTimeout  = 12 * time.Second // for a service to finish its requests, which takes up to 10 s
	closeTimeout = 2 * time.Second  // for a service to stop accepting connections
	tailLines    = 10
)

// A Service is a program that listens on an address and responds to /healthz there.
type Service struct {
	Name   string // for people
	Binary string
	Addr   string            // host:port
	Env    []string          // its whole environment, except for its address
	Log    func(line string) // is called for each line that the service prints
}

// A Process is a running service.
type Process struct {
	Service
	stdin io.Closer
	group *group
	ended chan struct{} // closed when it has
	err   error         // why, once it has

	mu   sync.Mutex
	tail []string
}

// Start runs a service and returns once it is healthy. The service ends when it is
// stopped, and whenever this process ends: it watches its standard input, which then
// closes.
// See decisions/service-lifetime.md.
func Start(ctx context.Context, s Service) (*Process, error) {
	p := &Process{Service: s, ended: make(chan struct{})}
	cmd := exec.Command(s.Binary)
	cmd.Env = append(slices.Clone(s.Env), "LISTEN_ADDR="+s.Addr, "STOP_ON_EOF=1")
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	var err error
	if p.stdin, err = cmd.StdinPipe(); err == nil {
		p.group, err = startGroup(cmd)
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		p.pass(read)
	}()
	go func() {
		p.err = p.group.wait()
		write.Close()
		<-printed
		close(p.ended)
	}()
	if err := p.untilHealthy(ctx); err != nil {
		p.abandon()
		return nil, err
	}
	return p, nil
}

// pass logs the lines that the service prints, and stores the last ones.
func (p *Process) pass(output io.Reader) {
	for line := range lines(output) {
		if line == "" {
			continue
		}
		p.Log(line)
		p.mu.Lock()
		p.tail = append(p.tail, line)
		p.tail = p.tail[max(0, len(p.tail)-tailLines):]
		p.mu.Unlock()
	}
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Signal sends the process a signal.
func (p *Process) Signal(s os.Signal) error { return p.group.cmd.Process.Signal(s) }

// Failure returns how an ended process ended, with the last lines it printed.
func (p *Process) Failure() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Errorf("%s stopped unexpectedly (%s). Its last output:\n  %s", p.Name, how, strings.Join(p.tail, "\n  "))
}

// stopAccepting asks the process to end. It returns as soon as the process accepts no new
// connections, or after a second.
func (p *Process) stopAccepting() {
	p.stdin.Close()
	for enough := time.After(time.Second); accepts(p.Addr); {
		select {
		case <-p.ended:
		case <-enough:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// Stop asks the process to end, and waits for it. The process finishes its requests and
// flushes its spans. If it doesn't end in time or keeps accepting connections, Stop
// kills it and the processes it has started.
func (p *Process) Stop() error {
	p.stdin.Close()
	notClosed, ended := time.After(closeTimeout), time.After(stopTimeout)
	for {
		select {
		case <-p.ended:
			if p.err != nil {
				return fmt.Errorf("stop %s: %w", p.Name, p.err)
			}
			return nil
		case <-notClosed:
			if !accepts(p.Addr) {
				continue // it is finishing its requests
			}
		case <-ended:
		}
		p.group.kill()
		<-p.ended
		return fmt.Errorf("%s did not stop when asked to, so it was killed. Its run function must return once its "+
			"context is done", p.Name)
	}
}

// abandon ends a process at once: its requests and spans don't matter any more.
func (p *Process) abandon() {
	p.stdin.Close()
	select {
	case <-p.ended:
	case <-time.After(time.Second):
		p.group.kill()
		<-p.ended
	}
}

// accepts reports whether an address accepts connections.
func accepts(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// hasEnded reports whether the process has ended.
func (p *Process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}
