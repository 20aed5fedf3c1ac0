package runner

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"

	"thinker/shared/workshop/port"
	"thinker/shared/workshop/proxy"
)

// A front is one of the two services as clients see it: a fixed port, and the process
// that currently responds there.
type front struct {
	*proxy.Proxy
	name    string
	process *Process // nil while there is none
	program program  // of the process

	next        *Process // healthy, and ready to take over; nil if the process stays
	nextProgram program
}

// A program is identified by its target and its content.
type program struct {
	target Target
	sum    [sha256.Size]byte
}

// prepare starts the next process on a private port. If the current process runs the
// same program, it starts nothing, unless always is set.
// See decisions/restart-only-what-changed.md.
func (f *front) prepare(ctx context.Context, target Target, binary string, env []string, always bool,
	log func(service, line string)) error {
	content, err := os.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("read the built program: %w", err)
	}
	next := program{target, sha256.Sum256(content)}
	if f.process != nil && !f.process.hasEnded() && f.program == next && !always {
		return nil
	}
	free, err := port.Free()
	if err != nil {
		return err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", free)
	f.next, err = Start(ctx, Service{Name: f.name, Binary: binary, Addr: addr, Env: env, Log: func(line string) {
		if !strings.Contains(line, "msg=listening address="+addr) { // the public port is another one
			log(f.name, line)
		}
	}})
	f.nextProgram = next
	return err
}

// takeOver directs new connections to the next process, if there is one. It returns
// the process that was replaced, or nil.
func (f *front) takeOver() (replaced *Process) {
	if f.next == nil {
		return nil
	}
	replaced = f.process
	f.process, f.program, f.next = f.next, f.nextProgram, nil
	f.ForwardTo(f.process.Addr)
	return replaced
}

// discard ends the next process, which has received no request.
func (f *front) discard() {
	if f.next != nil {
		f.next.abandon()
		f.next = nil
	}
}

// ended is closed when the process has ended. It is nil without a process.
func (f *front) ended() <-chan struct{} {
	if f.process == nil {
		return nil
	}
	return f.process.ended
}

// takeFailure forgets a process that has ended, and returns how it ended.
func (f *front) takeFailure() error {
	err := f.process.Failure()
	f.process = nil
	f.ForwardTo("")
	return err
}

// stop ends the process, if there is one, and then the proxy.
func (f *front) stop() (err error) {
	if f.Proxy == nil {
		return nil
	}
	if f.process != nil {
		err = f.process.Stop()
		f.process = nil
	}
	f.Close()
	return err
}
