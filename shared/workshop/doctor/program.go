package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// A program holds a port of this machine.
type program struct {
	pid  int32
	name string
	env  []string // what it was started with; nil where that may not be read
}

// String names the program for people.
func (p *program) String() string {
	if p == nil {
		return "a program of another user, or in a container"
	}
	return fmt.Sprintf("%s (process %d)", p.name, p.pid)
}

// setting is what the program was started with, of a variable.
func setting(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// holder finds the program that listens at a URL of this machine. It is nil where
// the system does not tell.
func holder(ctx context.Context, at string) *program {
	port, here := localPort(at)
	if !here {
		return nil
	}
	sockets, err := net.ConnectionsWithoutUidsWithContext(ctx, "tcp")
	if err != nil {
		return nil
	}
	for _, socket := range sockets {
		if socket.Status != "LISTEN" || socket.Laddr.Port != port || socket.Pid == 0 {
			continue
		}
		p := &program{pid: socket.Pid, name: "a program"}
		if found, err := process.NewProcessWithContext(ctx, socket.Pid); err == nil {
			name, _ := found.NameWithContext(ctx) // where it may not be read, the process is known by its number
			p.name = cmp.Or(name, p.name)
			p.env, _ = found.EnvironWithContext(ctx)
		}
		return p
	}
	return nil
}

// localPort is the port of a URL of this machine.
func localPort(at string) (port uint32, here bool) {
	u, err := url.Parse(at)
	if err != nil || !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
		return 0, false
	}
	n, err := strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16)
	return uint32(n), err == nil
}
