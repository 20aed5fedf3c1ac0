package agent

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Listen opens addr. For localhost that is 127.0.0.1 and, where there is one,
// ::1, both on one port: which of the two a client tries first is its own
// affair.
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
	// With port 0 the one that the first family is given may be taken in the
	// other: then try again.
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
		_ = four.Close() // nothing has come in yet
		return nil, err
	default: // no IPv6 here
		return []net.Listener{four}, nil
	}
}

// taken names the address; a port in use is EADDRINUSE on every system.
func taken(addr string, err error) error {
	if inUse(err) && !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: %w (%w)", addr, syscall.EADDRINUSE, err)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

// inUse recognises a port in use, also by the number that Windows gives it.
func inUse(err error) bool {
	const wsaEADDRINUSE = syscall.Errno(10048)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaEADDRINUSE)
}
