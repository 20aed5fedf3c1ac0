// Package port finds ports for services that are about to start.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
)

// The ports from first on are none that systems give to connections and to port 0.
const first, count = 20000, 10000

// next counts the calls of Free from a random number on, so that a process never gets
// the same port twice and two processes rarely get the same one.
var next atomic.Uint32

func init() { next.Store(rand.Uint32N(count)) }

// Free returns a free port of this machine. Another program could take it before its
// use, but hardly ever does.
func Free() (port int, err error) {
	const attempts = 100
	for range attempts {
		port = first + int(next.Add(1)%count)
		listener, failed := net.Listen("tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
		if failed == nil {
			return port, listener.Close()
		}
		err = failed
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}
