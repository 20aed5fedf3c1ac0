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
// given back when Ctrl-Z stops this one, and taken again when it is continued in
// the foreground.
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
				if s == syscall.SIGTSTP {
					m.giveBack()
					_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) // which one may always send oneself
				} else {
					m.take()
				}
			case <-released:
				return
			}
		}
	})
	restore = func() {
		signal.Stop(signals)
		following.Wait()
		m.giveBack()
		signal.Reset(syscall.SIGTTIN)
	}
	return m.read(released), restore
}

// A mode is how a terminal is set for keys, and how it was before.
type mode struct {
	fd     int
	mu     sync.Mutex
	before *unix.Termios // nil while it is not set for keys
}

// take sets the terminal for keys, if it is this process's.
func (m *mode) take() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.before != nil || !inForeground(m.fd) {
		return
	}
	before, err := unix.IoctlGetTermios(m.fd, getTermios)
	if err != nil {
		return // no keys then
	}
	keys := *before
	keys.Lflag &^= unix.ICANON | unix.ECHO
	keys.Cc[unix.VMIN], keys.Cc[unix.VTIME] = 0, 2 // a read returns after 0.2 s
	if unix.IoctlSetTermios(m.fd, setTermios, &keys) == nil {
		m.before = before
	}
}

// giveBack sets the terminal as it was.
func (m *mode) giveBack() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.before == nil {
		return
	}
	_ = unix.IoctlSetTermios(m.fd, setTermios, m.before) // there is nothing to be done about it
	m.before = nil
}

func (m *mode) taken() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.before != nil
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
			if m.taken() && inForeground(m.fd) {
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
