// Package port finds ports for services that are about to start.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free returns a free port of this machine. Another program could take it before its
// use, but hardly ever does: it isn't one of the ports that systems give to connections
// and to port 0.
func Free() (port int, err error) {
	const first, count, attempts = 20000, 10000, 100
	for range attempts {
		port = first + rand.IntN(count)
		listener, failed := net.Listen("tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
		if failed == nil {
			return port, listener.Close()
		}
		err = failed
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}
