package runner

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"

	"thinker/shared/workshop/port"
)

// A front is one of the two services as clients see it: a fixed port, and the process
// that currently responds there.
type front struct {
	*tcpProxy
	name    string
	process *Process // nil while there is none
	build   build    // of the process
}

// A build identifies a program, by its target and its content.
type build struct {
	target Target
	sum    [sha256.Size]byte
}

// buildOf returns the build of a program file.
func buildOf(target Target, binary string) (build, error) {
	file, err := os.Open(binary)
	if err != nil {
		return build{}, fmt.Errorf("read the built program: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return build{}, fmt.Errorf("read the built program: %w", err)
	}
	return build{target, [sha256.Size]byte(hash.Sum(nil))}, nil
}

// A successor is a healthy process that can take over.
type successor struct {
	*front
	process *Process
	build   build
}

// succeed starts a process on a private port to replace the current one. It returns
// nil if the current one has the same build, unless always is set.
func (f *front) succeed(ctx context.Context, target Target, binary string, env []string, always bool, log func(service, line string)) (*successor, error) {
	b, err := buildOf(target, binary)
	if err != nil {
		return nil, err
	}
	if f.runs() && f.build == b && !always {
		return nil, nil
	}
	free, err := port.Free()
	if err != nil {
		return nil, err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", free)
	process, err := Start(ctx, Service{Name: f.name, Binary: binary, Addr: addr, Env: env, Log: func(line string) {
		if !strings.Contains(line, "msg=listening address="+addr) { // the public port is another one
			log(f.name, line)
		}
	}})
	if err != nil {
		return nil, err
	}
	return &successor{f, process, b}, nil
}

// takeOver directs new connections to the successor, and returns the process it
// replaces. Both may be nil.
func (s *successor) takeOver() (old *Process) {
	if s == nil {
		return nil
	}
	old = s.front.process
	s.front.process, s.front.build = s.process, s.build
	s.forwardTo(s.process.Addr)
	return old
}

// abandon ends a successor that doesn't take over. It has received no request.
func (s *successor) abandon() {
	if s != nil {
		s.process.abandon()
	}
}

// runs reports whether there is a process that hasn't ended.
func (f *front) runs() bool {
	if f.process == nil {
		return false
	}
	select {
	case <-f.process.Ended():
		return false
	default:
		return true
	}
}

// ended is closed when the process has ended. It is nil without a process.
func (f *front) ended() <-chan struct{} {
	if f.process == nil {
		return nil
	}
	return f.process.Ended()
}

// lose forgets a process that has ended, and returns how it ended.
func (f *front) lose() error {
	err := f.process.Failure()
	f.process = nil
	f.forwardTo("")
	return err
}

// stop ends the process, if there is one, and then the proxy.
func (f *front) stop() error {
	var err error
	if f.process != nil {
		err = f.process.Stop()
		f.process = nil
	}
	f.close()
	return err
}
