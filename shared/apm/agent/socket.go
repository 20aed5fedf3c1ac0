package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// listenSocket listens on the Unix socket at path. It replaces a socket that a crashed
// program left behind, and no other file.
func listenSocket(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("listen on the socket %s: %w", path, err)
	}
	listener, err := net.Listen("unix", path) // whose Close removes the file
	if inUse(err) {
		err = errListening // since a moment ago
	}
	if err != nil {
		return nil, fmt.Errorf("listen on the socket %s: %w", path, err)
	}
	// As with the Agent's own socket: a service may run as any user.
	if err := os.Chmod(path, 0o722); err != nil {
		return nil, errors.Join(fmt.Errorf("open the socket %s to other users: %w", path, err), listener.Close())
	}
	return listener, nil
}

var errListening = errors.New("another program is already listening there")

// removeStale removes the socket at path if no program listens on it.
func removeStale(path string) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("the file there is not a socket. Choose another path")
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close() // it only tested whether a program listens
		return errListening
	}
	if !refused(err) {
		return fmt.Errorf("check whether another program is listening there: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the old socket: %w", err)
	}
	return nil
}

// refused reports whether the error means that no program listens on the socket, on
// Windows too.
func refused(err error) bool {
	const wsaECONNREFUSED = syscall.Errno(10061)
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaECONNREFUSED)
}
