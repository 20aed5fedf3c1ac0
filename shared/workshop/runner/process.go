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
	patience  = 12 * time.Second // for a service to finish its requests, which it does within 10 s
	tailLines = 10
)

// A Service is a program that listens on an address and answers /healthz there.
type Service struct {
	Name   string // for people
	Binary string
	Addr   string            // host:port
	Env    []string          // its whole environment, to which its address comes
	Log    func(line string) // is given each line that the service prints
}

// A Process is a service that runs.
type Process struct {
	Service
	stdin io.Closer
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
	err   error         // why, once it has

	mu   sync.Mutex
	tail []string
}

// Start runs a service and returns once it is healthy. It ends when it is
// stopped, and when this process ends, however that comes about: it watches its
// standard input, which then breaks off.
func Start(ctx context.Context, s Service) (*Process, error) {
	p := &Process{Service: s, cmd: exec.Command(s.Binary), ended: make(chan struct{})}
	p.cmd.Env = append(slices.Clone(s.Env), "LISTEN_ADDR="+s.Addr, "STOP_ON_EOF=1")
	read, write := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = write, write
	setApart(p.cmd)
	stdin, err := p.cmd.StdinPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	p.stdin = stdin
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		p.pass(read)
	}()
	go func() {
		p.err = p.cmd.Wait()
		write.Close()
		<-printed
		close(p.ended)
	}()
	if err := p.untilHealthy(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// pass hands on what the service prints and keeps the last of it.
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
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Failure says how an ended process ended, with the last lines it printed.
func (p *Process) Failure() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Errorf("%s ended by itself (%s); the last it said was:\n  %s", p.Name, how, strings.Join(p.tail, "\n  "))
}

// dismiss asks the process to end and returns as soon as it takes no new
// connections, or has not ceased to for a second.
func (p *Process) dismiss() {
	p.stdin.Close()
	for enough := time.After(time.Second); ; {
		conn, err := net.DialTimeout("tcp", p.Addr, time.Second)
		if err != nil {
			return
		}
		conn.Close()
		select {
		case <-p.ended:
		case <-enough:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// Stop asks the process to end, which lets requests under way finish and sends
// the spans not sent yet, and waits until it has. One that does not end is killed.
func (p *Process) Stop() error {
	p.stdin.Close()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.ended
	}
	if p.err != nil {
		return fmt.Errorf("stop %s: %w", p.Name, p.err)
	}
	return nil
}

// Taken reports whether some program listens on a port of this machine. It asks
// both loopback addresses, since a browser or curl may use either.
func Taken(port int) bool {
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, fmt.Sprint(port)), time.Second)
		if err == nil {
			conn.Close()
			return true
		}
	}
	return false
}
