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

// A front is one of the two services as others see it: a port that stays, and
// the process that answers there at the moment.
type front struct {
	*door
	name    string
	process *Process // nil while there is none
	build   build    // what the process was started from
}

// A build tells programs apart: by whose they are, which they are told when they
// are started, and by what is in them.
type build struct {
	target Target
	sum    [sha256.Size]byte
}

// buildOf reads a built program.
func buildOf(target Target, binary string) (build, error) {
	file, err := os.Open(binary)
	if err != nil {
		return build{}, fmt.Errorf("read what was built: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return build{}, fmt.Errorf("read what was built: %w", err)
	}
	return build{target, [sha256.Size]byte(hash.Sum(nil))}, nil
}

// A successor is a process that is healthy and waits to take over.
type successor struct {
	*front
	process *Process
	build   build
}

// succeed starts a process on a private port to take the place of the one that
// runs. It returns nil where that one is as wanted, unless it is always to be
// replaced.
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
		if !strings.Contains(line, "msg=listening address="+addr) { // the port that people know is another
			log(f.name, line)
		}
	}})
	if err != nil {
		return nil, err
	}
	return &successor{f, process, b}, nil
}

// takeOver has new connections go to the successor, and returns the process that
// it replaces. Both are nil where there is none.
func (s *successor) takeOver() (old *Process) {
	if s == nil {
		return nil
	}
	old = s.front.process
	s.front.process, s.front.build = s.process, s.build
	s.leadTo(s.process.Addr)
	return old
}

// abandon ends a successor that does not take over; nobody has asked it anything.
func (s *successor) abandon() {
	if s != nil {
		s.process.abandon()
	}
}

// runs tells whether there is a process that has not ended.
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

// ended is closed when the process has ended; it is nil where there is none.
func (f *front) ended() <-chan struct{} {
	if f.process == nil {
		return nil
	}
	return f.process.Ended()
}

// lose forgets a process that has ended, and says how it did.
func (f *front) lose() error {
	err := f.process.Failure()
	f.process = nil
	f.leadTo("")
	return err
}

// stop ends the process, if there is one, and closes the door behind it.
func (f *front) stop() error {
	var err error
	if f.process != nil {
		err = f.process.Stop()
		f.process = nil
	}
	f.close()
	return err
}
