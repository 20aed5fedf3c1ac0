package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"

	"thinker/shared/apm/fetch"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/runner"
)

// agentListens checks that the workshop's agent responds, and not the Datadog Agent.
func (e *examination) agentListens() {
	const name = "agent"
	at := e.Client.Agent
	if _, err := e.Client.Intake(e.ctx); err == nil {
		e.agent = true
		e.pass(name, "The workshop's agent responds at %s.", at)
		return
	}
	response, err := get(e.ctx, at+"/info")
	var info struct{ Version string }
	_ = json.Unmarshal(response.Body, &info) // an Agent sends JSON
	stop := "Stop it, or start the workshop with " + otherPort("agent-port", at) + "."
	switch listener := listenerAt(e.ctx, at); {
	case err != nil && !listens(at, listener):
		e.fail(name, e.start(), "Nothing is listening at %s.", at)
	case info.Version != "":
		e.fail(name, stop, "A Datadog Agent %s is listening at %s. It receives the traces instead.", info.Version, at)
	default:
		e.fail(name, stop, "Another program is listening at %s: %s.", at, listener)
	}
}

// start returns what to do if nothing is running.
func (e *examination) start() string {
	return "Start a step: " + e.Up + " --step 1, or STEP=1 docker-compose up. " +
		"If one is running on other ports, add --api-port and --agent-port."
}

// servicesListen checks both services. Each is recognised by its response to an
// unknown path.
func (e *examination) servicesListen() {
	e.apiProgram, e.api = e.serviceListens("thinker-api", e.Client.API, "try /think/?subject=war", "api-port", "api")
	if e.containers > 0 && len(e.apiProgram.env) > 0 {
		e.fail("Docker", "Stop one of them: docker-compose down, or Ctrl-C in the terminal of workshop up.",
			"The workshop is running twice: in containers, and without them as %s at %s.", e.apiProgram, e.Client.API)
	}
	if e.Thinker == "" {
		e.skip("thinker-microservice", "Not checked, because only thinker-api knows its address.")
		return
	}
	e.thinkerProgram, _ = e.serviceListens("thinker-microservice", e.Thinker, "try /?subject=war", "thinker-port",
		"thinker")
}

// serviceListens returns the service's process, if known, and whether the service
// responds. binary is the name of its program.
func (e *examination) serviceListens(name, at, unknownPath, flag, binary string) (program, bool) {
	listener := listenerAt(e.ctx, at)
	response, err := get(e.ctx, at+"/nowhere")
	body, bad := string(response.Body), response.Status == http.StatusBadGateway
	switch {
	case err != nil && !listens(at, listener):
		e.fail(name, e.start(), "Nothing is listening at %s.", at)
	case err != nil:
		e.fail(name, "Stop it and start the step again.", "A program that doesn't respond is listening at %s: %s.", at,
			listener)
	case response.Status == http.StatusNotFound && strings.Contains(body, unknownPath):
		service := serviceBehind(e.ctx, listener, binary)
		responds := "It responds at " + at
		if service.pid != 0 {
			responds += fmt.Sprintf(" (process %d)", service.pid)
		}
		e.pass(name, "%s.", responds)
		return service, true
	case bad && strings.Contains(body, " isn't running"):
		why, _, _ := strings.Cut(strings.TrimSpace(body), ". Its last output:\n")
		why, _, _ = strings.Cut(why, "\n")
		e.fail(name, "Read the error in its terminal, fix the code and save it. workshop up then builds it again.",
			"The workshop is up at %s, but %s.", at, strings.TrimRight(format.Printable(why, 300), ":."))
	case bad && strings.Contains(body, ". Try again in a moment"):
		e.fail(name, "Try again in a moment.", "The workshop is up at %s, but is still building or starting.", at)
	case strings.HasPrefix(response.Header.Get("Server"), "AirTunes"):
		e.fail(name, "Turn off AirPlay Receiver in System Settings > General > AirDrop & Handoff, "+
			"or start the workshop with "+otherPort(flag, at)+".", "AirPlay Receiver of macOS is listening at %s.", at)
	default:
		e.fail(name, "Stop it, or start the workshop with "+otherPort(flag, at)+".",
			"Another program is listening at %s, not %s: %s.", at, name, listener)
	}
	return program{}, false
}

// requestTimeout is short, since any program may be listening.
const requestTimeout = 3 * time.Second

func get(ctx context.Context, url string) (fetch.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return fetch.Get(ctx, url, nil)
}

// otherPort returns the flag for another port.
func otherPort(flag, at string) string {
	port, _ := localPort(at)
	if port > 65000 {
		port -= 100
	}
	return fmt.Sprintf("--%s %d", flag, port+50)
}

// A program listens on a port of this machine.
type program struct {
	pid  int32 // 0 if it isn't known
	name string
	env  []string // its environment; empty if it can't be read
}

// String names the program for people.
func (p program) String() string {
	if p.pid == 0 {
		return "a program of another user or in a container"
	}
	return fmt.Sprintf("%s (process %d)", p.name, p.pid)
}

// listenerAt returns the program that listens at a URL of this machine, if the system
// reports it.
func listenerAt(ctx context.Context, at string) program {
	port, here := localPort(at)
	if !here {
		return program{}
	}
	sockets, _ := net.ConnectionsWithoutUidsWithContext(ctx, "tcp") // none if the system doesn't report them
	for _, socket := range sockets {
		if socket.Status == "LISTEN" && socket.Laddr.Port == port && socket.Pid != 0 {
			return programOf(ctx, &process.Process{Pid: socket.Pid})
		}
	}
	return program{}
}

// listens reports whether any program listens there, known or not.
func listens(at string, listener program) bool {
	port, here := localPort(at)
	return listener.pid != 0 || here && runner.Taken(int(port))
}

func programOf(ctx context.Context, p *process.Process) program {
	name, _ := p.NameWithContext(ctx) // what can't be read stays empty
	env, _ := p.EnvironWithContext(ctx)
	return program{pid: p.Pid, name: cmp.Or(strings.TrimSuffix(name, ".exe"), "a program"), env: env}
}

// serviceBehind returns the program of a name behind the one that listens on a port:
// workshop up forwards requests to the services it has started. The environment of
// another program, such as Docker's proxy, says nothing about the service.
func serviceBehind(ctx context.Context, listener program, name string) program {
	if listener.pid == 0 || listener.name == name {
		return listener
	}
	children, _ := (&process.Process{Pid: listener.pid}).ChildrenWithContext(ctx) // there may be none
	for _, child := range children {
		if p := programOf(ctx, child); p.name == name {
			return p
		}
	}
	return program{pid: listener.pid, name: listener.name}
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
