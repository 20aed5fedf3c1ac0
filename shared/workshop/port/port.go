// Package port finds ports for services that are about to start.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free returns a port of this machine on which nobody listens. A program that
// binds it later may find it taken, but hardly ever: it is none of the ports that
// systems hand out for connections and for port 0.
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
