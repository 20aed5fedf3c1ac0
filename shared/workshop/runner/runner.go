// Package runner builds, starts, watches and stops a step: its two services, the agent
// that receives their spans, and a Redis.
package runner

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/guest"
)

// Steps is how many steps the workshop has; they are numbered from 1.
const Steps = 5

// StepName returns the directory of a step, which is also the version tag of its spans.
func StepName(step int) string { return fmt.Sprintf("step%02d", step) }

// FindRoot returns the workshop's directory, which contains dir.
func FindRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, StepName(1), "go.mod")); err == nil {
			return at, nil
		} else if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s isn't inside the workshop. "+
				"Change to the directory that contains step01 to step05, then run this again", dir)
		}
	}
}

// DataDir returns the directory for builds and data: .workshop in root, or
// WORKSHOP_DATA. A container uses a volume, since file locks don't work on every
// directory mounted from its host.
func DataDir(root string) string {
	return cmp.Or(os.Getenv("WORKSHOP_DATA"), filepath.Join(root, ".workshop"))
}

// Try returns the command that sends a learner's first request.
func Try(apiPort int) string {
	return fmt.Sprintf("curl 'http://localhost:%d/think/?subject=war'", apiPort)
}

// A Target is the code to run: an original step, or a learner's copy.
type Target struct {
	Step int    // 1 to Steps
	Dir  string // the directory of both services; empty: the original step's
}

// Original reports whether the target is the step as shipped.
func (t Target) Original() bool { return t.Dir == "" }

// Name returns the version tag of the target's spans: step02 for the original, the
// name of its directory for a copy.
func (t Target) Name() string {
	if t.Dir == "" {
		return StepName(t.Step)
	}
	return filepath.Base(t.Dir)
}

// source returns the directory of the code.
func (t Target) source(root string) string {
	return cmp.Or(t.Dir, filepath.Join(root, StepName(t.Step)))
}

// Options choose what to run, and where.
type Options struct {
	Root      string // the workshop's directory
	Target    Target
	Ports     Ports
	RedisAddr string // of a Redis to use; empty: one is started in this process
	Env       []string
	Race      bool   // build with the race detector
	Dir       string // for builds and data; empty: DataDir of Root
	DB        string // the directory that stores the traces; empty: in memory

	Host       string   // to listen on; empty: localhost, this machine only
	AllowHosts []string // names, besides localhost, that a browser may use for the pages

	Building func(doing string)                              // is called for each download and each package compiled
	Log      func(service, line string)                      // is called for each line that a service prints
	Guests   func(w *Workshop, a *agent.Agent) []guest.Guest // adds pages about a Workshop to the agent's; may be nil
}

// Ports are where the services and the agent listen.
type Ports struct{ API, Thinker, Agent int }

// address returns the address to listen on for a public port.
func (o Options) address(port int) string {
	return net.JoinHostPort(cmp.Or(o.Host, "localhost"), strconv.Itoa(port))
}

func local(port int) string { return net.JoinHostPort("localhost", strconv.Itoa(port)) }

// Taken reports whether some program listens on a port of this machine. It tries
// both loopback addresses, since a browser or curl may use either.
func Taken(port int) bool {
	for _, host := range []string{"127.0.0.1", "::1"} {
		if accepts(net.JoinHostPort(host, strconv.Itoa(port))) {
			return true
		}
	}
	return false
}
