package doctor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"thinker/shared/apm/format"
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
	answer, err := e.get(at + "/info")
	var info struct{ Version string }
	_ = json.Unmarshal(answer.body, &info) // an Agent sends JSON
	switch held := holder(e.ctx, at); {
	case err != nil && !listens(at, held):
		e.fail(name, e.start(), "Nothing is listening at %s.", at)
	case info.Version != "":
		e.fail(name, "Stop it, or start the workshop with "+elsewhere("agent-port", at)+".",
			"A Datadog Agent %s is listening at %s. It receives the traces instead.", info.Version, at)
	default:
		e.fail(name, "Stop it, or start the workshop with "+elsewhere("agent-port", at)+".", "Another program is listening at %s: %s.", at, held)
	}
}

// start returns what to do if nothing is running.
func (e *examination) start() string {
	return "Start a step: " + e.Up + " --step 1, or STEP=1 docker-compose up. If one is running on other ports, add --api-port and --agent-port."
}

// servicesListen checks both services. Each is recognised by its response to an
// unknown path.
func (e *examination) servicesListen() {
	e.apiProgram, e.api = e.serviceListens("thinker-api", e.Client.API, "try /think/?subject=war", "api-port", "api")
	if len(e.containers) > 0 && e.apiProgram != nil && len(e.apiProgram.env) > 0 {
		e.fail("Docker", "Stop one of them: docker-compose down, or Ctrl-C in the terminal of workshop up.",
			"The workshop is running twice: in containers, and without them as %s at %s.", e.apiProgram, e.Client.API)
	}
	if e.Thinker == "" {
		e.skip("thinker-microservice", "Not checked, because only thinker-api knows its address.")
		return
	}
	e.thinkerProgram, _ = e.serviceListens("thinker-microservice", e.Thinker, "try /?subject=war", "thinker-port", "thinker")
}

// serviceListens returns the service's process, if known. binary is the name of its
// program.
func (e *examination) serviceListens(name, at, says, flag, binary string) (service *program, answers bool) {
	held := holder(e.ctx, at)
	answer, err := e.get(at + "/nowhere")
	switch {
	case err != nil && !listens(at, held):
		e.fail(name, e.start(), "Nothing is listening at %s.", at)
	case err != nil:
		e.fail(name, "Stop it and start the step again.", "A program that doesn't respond is listening at %s: %s.", at, held)
	case answer.status == http.StatusNotFound && strings.Contains(string(answer.body), says):
		service = behind(e.ctx, held, binary)
		e.pass(name, "It responds at %s%s.", at, as(service))
		return service, true
	case answer.status == http.StatusBadGateway && strings.Contains(string(answer.body), " isn't running"):
		why, _, _ := strings.Cut(strings.TrimSpace(string(answer.body)), ". Its last output:\n")
		why, _, _ = strings.Cut(why, "\n")
		e.fail(name, "Read the error in its terminal, fix the code and save it. workshop up then builds it again.",
			"The workshop is up at %s, but %s.", at, strings.TrimRight(format.Printable(why, 300), ":."))
	case answer.status == http.StatusBadGateway && strings.Contains(string(answer.body), ". Try again in a moment"):
		e.fail(name, "Try again in a moment.", "The workshop is up at %s, but is still building or starting.", at)
	case strings.HasPrefix(answer.server, "AirTunes"):
		e.fail(name, "Turn off AirPlay Receiver in System Settings > General > AirDrop & Handoff, or start the workshop with "+elsewhere(flag, at)+".",
			"AirPlay Receiver of macOS is listening at %s.", at)
	default:
		e.fail(name, "Stop it, or start the workshop with "+elsewhere(flag, at)+".", "Another program is listening at %s, not %s: %s.", at, name, held)
	}
	return nil, false
}

// as names the process, if known.
func as(p *program) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", p.pid)
}

// elsewhere returns the flag for another port.
func elsewhere(flag, at string) string {
	port, _ := localPort(at)
	if port > 65000 {
		port -= 100
	}
	return fmt.Sprintf("--%s %d", flag, port+50)
}
