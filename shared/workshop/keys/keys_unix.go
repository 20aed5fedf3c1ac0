//go:build unix

package keys

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listen makes a terminal report single keys until restore is called. While this process
// is in the background, the terminal belongs to another one: listen restores it when
// Ctrl-Z stops this process, and takes it again once the process is back in the
// foreground, which no signal reports.
func listen(fd int, released <-chan struct{}) (read func() (string, error), restore func()) {
	m := &mode{fd: fd}
	m.take()
	signal.Ignore(syscall.SIGTTIN) // a read in the background then fails instead of stopping the process
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTSTP, syscall.SIGCONT)
	var following sync.WaitGroup
	following.Go(func() {
		for {
			select {
			case s := <-signals:
				m.stop(s == syscall.SIGTSTP)
				if s == syscall.SIGTSTP {
					_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) // a process may always signal itself
				} else {
					m.take() // a read that waits for a line returns then
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

// A mode switches a terminal to single keys and back.
type mode struct {
	fd      int
	mu      sync.Mutex
	stopped bool          // don't switch to single keys
	before  *unix.Termios // nil unless switched to single keys
}

// take switches the terminal to single keys if it belongs to this process. It reports
// whether it is switched.
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

// stop restores the terminal until it is called with false.
func (m *mode) stop(stopped bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = stopped
	if stopped && m.before != nil {
		_ = unix.IoctlSetTermios(m.fd, setTermios, m.before) // nothing else can be done
		m.before = nil
	}
}

// read returns a function that waits for the next input.
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

// inForeground reports whether this process may read from a terminal.
func inForeground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
