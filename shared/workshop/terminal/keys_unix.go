//go:build unix

package terminal

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listen has a terminal give keys as they are pressed, until restore is called.
// While this process is in the background the terminal belongs to another: it is
// given back when Ctrl-Z stops this one, and taken again when it is continued and
// in the foreground, of which nobody tells.
func listen(fd int, released <-chan struct{}) (read func() (string, error), restore func()) {
	m := &mode{fd: fd}
	m.take()
	signal.Ignore(syscall.SIGTTIN) // a read in the background then fails, and stops nobody
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTSTP, syscall.SIGCONT)
	var following sync.WaitGroup
	following.Go(func() {
		for {
			select {
			case s := <-signals:
				m.stop(s == syscall.SIGTSTP)
				if s == syscall.SIGTSTP {
					_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) // which one may always send oneself
				} else {
					m.take() // which a read that waits for a line needs to return
				}
			case <-released:
				return
			}
		}
	})
	restore = func() {
		signal.Stop(signals)
		following.Wait()
		m.stop(true)
		signal.Reset(syscall.SIGTTIN)
	}
	return m.read(released), restore
}

// A mode is how a terminal is set for keys, and how it was before.
type mode struct {
	fd      int
	mu      sync.Mutex
	stopped bool          // it is not to be set for keys
	before  *unix.Termios // nil while it is not set for keys
}

// take sets the terminal for keys if it is this process's, and tells whether it
// is set so.
func (m *mode) take() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped || !inForeground(m.fd) {
		return false
	} else if m.before != nil {
		return true
	}
	before, err := unix.IoctlGetTermios(m.fd, getTermios)
	if err != nil {
		return false // no keys then
	}
	keys := *before
	keys.Lflag &^= unix.ICANON | unix.ECHO
	keys.Cc[unix.VMIN], keys.Cc[unix.VTIME] = 0, 2 // a read returns after 0.2 s
	if unix.IoctlSetTermios(m.fd, setTermios, &keys) != nil {
		return false
	}
	m.before = before
	return true
}

// stop sets the terminal as it was, and has it stay so until it is called with
// false.
func (m *mode) stop(stopped bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = stopped
	if stopped && m.before != nil {
		_ = unix.IoctlSetTermios(m.fd, setTermios, m.before) // there is nothing to be done about it
		m.before = nil
	}
}

// read waits for what is typed next while the terminal is set for keys.
func (m *mode) read(released <-chan struct{}) func() (string, error) {
	buffer := make([]byte, 4096)
	return func() (string, error) {
		for {
			select {
			case <-released:
				return "", os.ErrClosed
			default:
			}
			if m.take() {
				n, err := unix.Read(m.fd, buffer)
				if n > 0 {
					return string(buffer[:n]), nil
				} else if err == nil || errors.Is(err, unix.EINTR) {
					continue
				}
			}
			select {
			case <-released:
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
}

// inForeground tells whether a terminal is this process's to read from.
func inForeground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
