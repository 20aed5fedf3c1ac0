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

// passOn sends the command a signal. Where there is a terminal, what is typed
// there, such as Ctrl-C, has reached the command by itself, and a second one
// would have many a program cut its end short.
func passOn(command *os.Process, s os.Signal) {
	if s == syscall.SIGINT || s == syscall.SIGQUIT {
		if terminal, err := os.Open("/dev/tty"); err == nil {
			_ = terminal.Close() // it was only to see whether there is one
			return
		}
	}
	_ = command.Signal(s) // an error means that it has just ended
}
