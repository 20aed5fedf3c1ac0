package doctor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"thinker/shared/apm"
)

// agentListens looks for the agent, and tells Datadog's own from it.
func (e *examination) agentListens() {
	const name = "agent"
	at := e.Client.Agent
	if _, err := e.Client.Intake(e.ctx); err == nil {
		e.agent = true
		e.holds(name, "The workshop’s agent answers at %s.", at)
		return
	}
	answer, err := e.get(at + "/info")
	var info struct{ Version string }
	_ = json.Unmarshal(answer.body, &info) // what is no JSON is no Agent
	switch held := holder(e.ctx, at); {
	case err != nil && !listens(at, held):
		e.broken(name, e.start(), "Nobody listens at %s.", at)
	case info.Version != "":
		e.broken(name, "Stop it, or start the workshop with "+elsewhere("agent-port", at)+".",
			"A Datadog Agent, version %s, holds %s: traces go there, and it shows none.", info.Version, at)
	default:
		e.broken(name, "Stop it, or start the workshop with "+elsewhere("agent-port", at)+".", "%s is held by %s, which is not the workshop’s agent.", at, held)
	}
}

// start is what to do where nothing runs.
func (e *examination) start() string {
	return "Start a step: " + e.Up + " --step 1, or STEP=1 docker-compose up. Where one runs on other ports, name them: --api-port, --agent-port."
}

// servicesListen looks for both services, which each know an address that is
// not theirs from the other's words.
func (e *examination) servicesListen() {
	e.apiProgram, e.api = e.serviceListens("thinker-api", e.Client.API, "try /think/?subject=war", "api-port", "api")
	if len(e.containers) > 0 && e.apiProgram != nil && len(e.apiProgram.env) > 0 {
		e.broken("Docker", "docker-compose down, or Ctrl-C where workshop up runs.",
			"The workshop runs in containers and, beside them, without: what answers at %s is %s.", e.Client.API, e.apiProgram)
	}
	if e.Thinker == "" {
		e.unknown("thinker-microservice", "Not asked: only thinker-api knows where it is.")
		return
	}
	e.thinkerProgram, _ = e.serviceListens("thinker-microservice", e.Thinker, "try /?subject=war", "thinker-port", "thinker")
}

// serviceListens returns the service's process, where it is known: binary is what
// it is called.
func (e *examination) serviceListens(name, at, says, flag, binary string) (service *program, answers bool) {
	held := holder(e.ctx, at)
	answer, err := e.get(at + "/nowhere")
	switch {
	case err != nil && !listens(at, held):
		e.broken(name, e.start(), "Nobody listens at %s.", at)
	case err != nil:
		e.broken(name, "Stop it, and start the step again.", "%s is held by %s, which gives no answer.", at, held)
	case answer.status == http.StatusNotFound && strings.Contains(string(answer.body), says):
		service = behind(e.ctx, held, binary)
		e.holds(name, "It answers at %s%s.", at, as(service))
		return service, true
	case answer.status == http.StatusBadGateway && strings.Contains(string(answer.body), " does not run"):
		why, _, _ := strings.Cut(strings.TrimSpace(string(answer.body)), "; the last it said was:\n")
		why, _, _ = strings.Cut(why, "\n")
		e.broken(name, "Its terminal says more, and key r in it starts it anew. Once the code is corrected and saved, workshop up builds it again.",
			"The workshop is up at %s, but %s.", at, strings.TrimRight(apm.Printable(why, 300), ":."))
	case answer.status == http.StatusBadGateway && strings.Contains(string(answer.body), ": ask again in a moment"):
		e.broken(name, "Ask again in a moment.", "The workshop is up at %s, but is still building or starting.", at)
	case strings.HasPrefix(answer.server, "AirTunes"):
		e.broken(name, "Switch AirPlay Receiver off in System Settings, General, AirDrop & Handoff, or start the workshop with "+elsewhere(flag, at)+".",
			"%s is held by macOS, for AirPlay.", at)
	default:
		e.broken(name, "Stop it, or start the workshop with "+elsewhere(flag, at)+".", "%s is held by %s, which is not %s.", at, held, name)
	}
	return nil, false
}

// as says which process it is, where that is known.
func as(p *program) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", p.pid)
}

// elsewhere is the flag that moves to another port.
func elsewhere(flag, at string) string {
	port, _ := localPort(at)
	if port > 65000 {
		port -= 100
	}
	return fmt.Sprintf("--%s %d", flag, port+50)
}
