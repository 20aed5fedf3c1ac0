//go:build unix

package main

import (
	"os"
	"syscall"
)

// relayed are the signals that belong to the command while it runs.
func relayed() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}
}

// passOn sends the command a signal. On a terminal, the command has already received
// Ctrl-C, and many programs exit at once on a second one.
func passOn(command *os.Process, s os.Signal) {
	if s == syscall.SIGINT || s == syscall.SIGQUIT {
		if terminal, err := os.Open("/dev/tty"); err == nil {
			_ = terminal.Close() // only its existence matters
			return
		}
	}
	_ = command.Signal(s) // an error means that it has just ended
}
