package agent

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Listen listens on addr. For localhost, it listens on 127.0.0.1 and, if available, ::1,
// both on one port: clients differ in which one they try first.
func Listen(addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: use host:port or :port: %w", addr, err)
	}
	if host != "localhost" {
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, taken(addr, err)
		}
		return []net.Listener{listener}, nil
	}
	// With port 0, the port that IPv4 gets may be in use for IPv6. Then it tries again.
	for attempts := 0; ; attempts++ {
		listeners, err := listenLoopback(port)
		if err == nil {
			return listeners, nil
		}
		if port != "0" || attempts == 10 {
			return nil, taken(addr, err)
		}
	}
}

func listenLoopback(port string) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	port = strconv.Itoa(four.Addr().(*net.TCPAddr).Port)
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", port))
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case inUse(err):
		_ = four.Close() // it has accepted no connection yet
		return nil, err
	default: // no IPv6 here
		return []net.Listener{four}, nil
	}
}

// taken adds the address to an error. For a port in use, the error is EADDRINUSE on
// every system.
func taken(addr string, err error) error {
	if inUse(err) && !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: %w (%w)", addr, syscall.EADDRINUSE, err)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

// inUse reports whether the error means that the port is in use, on Windows too.
func inUse(err error) bool {
	const wsaEADDRINUSE = syscall.Errno(10048)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaEADDRINUSE)
}
