package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"

	"thinker/shared/apm/api"
	"thinker/shared/apm/fetch"
)

// A target is where a tracer sends its spans.
type target struct {
	url     *url.URL
	because string // the variable or socket that chose it; empty for the default
}

func (t target) String() string {
	if t.because == "" {
		return t.url.String()
	}
	return fmt.Sprintf("%s (from %s)", t.url, t.because)
}

// targetOf returns where dd-trace-go sends spans in an environment, like its
// AgentURLFromEnv in internal/agent.go.
func targetOf(env []string, socket string) target {
	at, err := url.Parse(setting(env, "DD_TRACE_AGENT_URL"))
	if err == nil && (at.Scheme == "http" || at.Scheme == "https" || at.Scheme == "unix") {
		return target{at, "DD_TRACE_AGENT_URL"}
	}
	host, port := setting(env, "DD_AGENT_HOST"), setting(env, "DD_TRACE_AGENT_PORT")
	at = &url.URL{Scheme: "http", Host: net.JoinHostPort(cmp.Or(host, "localhost"), cmp.Or(port, "8126"))}
	switch {
	case host != "":
		return target{at, "DD_AGENT_HOST"}
	case port != "":
		return target{at, "DD_TRACE_AGENT_PORT"}
	}
	if _, err := os.Stat(socket); err == nil {
		return target{&url.URL{Scheme: "unix", Path: socket}, "the Datadog Agent's socket"}
	}
	return target{at, ""}
}

// destination checks that each tracer sends its spans to the agent whose pages the
// learner looks at.
func (t tracers) destination() {
	const name = "destination"
	if !t.agent {
		t.skip(name, "Not checked, because the workshop's agent does not respond.")
		return
	}
	var targets []target
	senders := map[string][]place{} // by target
	for _, place := range t.places() {
		to := targetOf(place.env, cmp.Or(t.Socket, "/var/run/datadog/apm.socket"))
		if senders[to.String()] == nil {
			targets = append(targets, to)
		}
		senders[to.String()] = append(senders[to.String()], place)
	}
	for _, to := range targets {
		t.checkTarget(name, to, senders[to.String()])
	}
	if len(targets) == 0 {
		t.skip(name, "Not checked, because the services run elsewhere.")
	}
}

func (t tracers) checkTarget(name string, to target, places []place) {
	wrong := t.whyNotOurs(to)
	switch set := "DD_TRACE_AGENT_URL=" + t.Client.Agent; {
	case wrong == "":
		t.pass(name, "Tracers send to the agent, %s (checked: %s).", to.url, names(places))
	case places[0].running:
		t.fail(name, "Stop the step and start it with "+set+". workshop up sets it for you.",
			"Tracers send to %s, but %s (checked: %s).", to, wrong, names(places))
	case t.servicesKnown() || to.because == "":
		t.skip(name, "A service started in this terminal would send to %s, but %s. To change that, set %s.", to, wrong, set)
	default:
		t.fail(name, "Before you start a service yourself, set "+set+". workshop up sets it for you.",
			"A service started in this terminal would send to %s, but %s.", to, wrong)
	}
}

// whyNotOurs returns why spans sent there don't reach the agent, or "" if they do. Two
// agents differ in their start times.
func (t tracers) whyNotOurs(to target) string {
	transport, at := fetch.Direct(), to.url.String()
	if to.url.Scheme == "unix" {
		at = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", to.url.Path)
		}
	}
	ctx, cancel := context.WithTimeout(t.ctx, requestTimeout)
	defer cancel()
	there, err := api.Client{URL: at, Transport: transport}.Intake(ctx)
	if _, unreachable := errors.AsType[*fetch.UnreachableError](err); unreachable {
		return "nothing responds there"
	}
	ours, oursErr := t.Client.Intake(t.ctx)
	if err != nil || oursErr != nil || !there.Since.Equal(ours.Since.Time) {
		return "that isn't the agent at " + t.Client.Agent
	}
	return ""
}
