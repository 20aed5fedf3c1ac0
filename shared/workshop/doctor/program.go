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

	"thinker/shared/workshop/runner"
)

// A program listens on a port of this machine.
type program struct {
	pid  int32
	name string
	env  []string // its environment; empty if it can't be read
}

// String names the program for people.
func (p *program) String() string {
	if p == nil {
		return "a program of another user or in a container"
	}
	return fmt.Sprintf("%s (process %d)", p.name, p.pid)
}

// setting returns the value of a variable in an environment.
func setting(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// holder returns the program that listens at a URL of this machine, or nil if the
// system doesn't tell.
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
		if found, err := process.NewProcessWithContext(ctx, socket.Pid); err == nil {
			return programOf(ctx, found)
		}
		return &program{pid: socket.Pid, name: "a program"}
	}
	return nil
}

// listens reports whether any program listens there, known or not.
func listens(at string, held *program) bool {
	port, here := localPort(at)
	return held != nil || here && runner.Taken(int(port))
}

func programOf(ctx context.Context, found *process.Process) *program {
	name, _ := found.NameWithContext(ctx) // what can't be read stays empty
	env, _ := found.EnvironWithContext(ctx)
	return &program{pid: found.Pid, name: cmp.Or(strings.TrimSuffix(name, ".exe"), "a program"), env: env}
}

// behind returns the program of a name behind the one that listens on a port: workshop
// up forwards requests to the services it has started. The environment of another
// program, such as Docker's proxy, says nothing about the service.
func behind(ctx context.Context, holds *program, name string) *program {
	if holds == nil || holds.name == name {
		return holds
	}
	unread := &program{pid: holds.pid, name: holds.name}
	found, err := process.NewProcessWithContext(ctx, holds.pid)
	if err != nil {
		return unread
	}
	children, _ := found.ChildrenWithContext(ctx) // there may be none
	for _, child := range children {
		if p := programOf(ctx, child); p.name == name {
			return p
		}
	}
	return unread
}

// localPort returns the port of a URL of this machine.
func localPort(at string) (port uint32, here bool) {
	u, err := url.Parse(at)
	if err != nil || !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
		return 0, false
	}
	n, err := strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16)
	return uint32(n), err == nil
}
