package doctor

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// A place is where a service's tracer reads its environment.
type place struct {
	name    string // thinker-api, or this terminal
	env     []string
	running bool // a service runs with it
}

// A tracers is an examination of the environment of the services' tracers.
type tracers struct{ *examination }

// places returns the services whose environment can be read, and this terminal if
// the services run on this machine: a service may be started here by hand.
func (t tracers) places() []place {
	var all []place
	if len(t.apiProgram.env) > 0 {
		all = append(all, place{"thinker-api", t.apiProgram.env, true})
	}
	if len(t.thinkerProgram.env) > 0 {
		all = append(all, place{"thinker-microservice", t.thinkerProgram.env, true})
	}
	if _, here := localPort(t.Client.API); here {
		all = append(all, place{"this terminal", t.Env, false})
	}
	return all
}

// servicesKnown reports whether the environment of both services is known.
func (t tracers) servicesKnown() bool { return len(running(t.places())) >= 2 }

func running(places []place) []place {
	return slices.DeleteFunc(slices.Clone(places), func(p place) bool { return !p.running })
}

func names(places []place) string {
	var all []string
	for _, place := range places {
		all = append(all, place.name)
	}
	return strings.Join(all, ", ")
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

// A variable can make a service's tracer hide or change its traces.
type variable struct {
	name     string
	acts     func(value string) bool
	effect   string // what the tracer then does
	harmless bool   // with the workshop's services and agent
}

// variables returns the variables that a shell may have set for other programs. The
// ones that choose the agent have a check of their own, destination.
func variables() []variable {
	const (
		off     = "sends no traces"
		sampled = "marks traces to be dropped. The agent here still shows them, but Datadog would not"
		named   = "gives that name to services without a name in their code. The workshop's services have one"
	)
	always := func(string) bool { return true }
	is := func(values ...string) func(string) bool {
		return func(value string) bool { return slices.Contains(values, strings.ToLower(value)) }
	}
	no, yes := is("false", "f", "0"), is("true", "t", "1")
	return []variable{
		{"DD_TRACE_ENABLED", no, off, false},
		{"OTEL_SDK_DISABLED", yes, off, false},
		{"OTEL_TRACES_EXPORTER", is("none"), off, false},
		{"DD_APM_TRACING_ENABLED", no, "sends one trace per minute and propagates none", false},
		{"AWS_LAMBDA_FUNCTION_NAME", always, "writes its spans to its output instead of sending them", false},
		{"DD_TRACE_PROPAGATION_STYLE", func(styles string) bool {
			return !slices.Contains(strings.Split(strings.ToLower(styles), ","), "datadog")
		}, "neither sends nor reads Datadog's headers, which the steps are about", false},
		{"DD_SERVICE_MAPPING", always, "renames services", false},
		{"DD_TAGS", func(tags string) bool { return strings.Contains(tags, "service.name:") },
			"replaces service.name of every span", false},
		{"DD_TRACE_SPAN_ATTRIBUTE_SCHEMA", is("v1"), "renames operations", false},
		{"DD_SERVICE", always, named, true},
		{"DD_TRACE_SAMPLE_RATE", always, sampled, true},
		{"DD_TRACE_SAMPLING_RULES", always, sampled, true},
	}
}

// environment looks for variables that hide or change traces, in the services and in
// this terminal.
func (t tracers) environment() {
	const name = "environment"
	clean := true
	for _, variable := range variables() {
		having := map[string][]place{} // by value
		var values []string
		for _, place := range t.places() {
			value := setting(place.env, variable.name)
			if value == "" || !variable.acts(value) {
				continue
			}
			if having[value] == nil {
				values = append(values, value)
			}
			having[value] = append(having[value], place)
		}
		for _, value := range values {
			t.reportVariable(name, variable, value, having[value])
			clean = false
		}
	}
	switch {
	case len(t.places()) == 0:
		t.skip(name, "Not checked, because the services run elsewhere.")
	case clean:
		t.pass(name, "No variable hides or changes traces (checked: %s).", names(t.places()))
	}
}

// reportVariable reports what a variable does, and where it is set.
func (t tracers) reportVariable(name string, v variable, value string, places []place) {
	set, services := fmt.Sprintf("%s=%.60s", v.name, value), running(places)
	switch {
	case v.harmless:
		t.skip(name, "%s is set (in %s). With it, the tracer %s.", set, names(places), v.effect)
	case len(services) > 0:
		t.fail(name, "Stop the step, run "+unset(v.name)+", and start it again. workshop up ignores this variable.",
			"%s was set when the step started (%s). With it, the tracer %s.", set, names(services), v.effect)
	case t.servicesKnown():
		t.skip(name, "%s is set in this terminal, but the running services don't have it. With it, the tracer %s.",
			set, v.effect)
	default:
		t.fail(name, "Before you start a service yourself, run "+unset(v.name)+".",
			"%s is set in this terminal. With it, the tracer %s. workshop up and docker-compose ignore it, "+
				"but a service that you start here yourself does not.", set, v.effect)
	}
}

// unset returns the shell command that unsets a variable.
func unset(name string) string {
	if runtime.GOOS == "windows" {
		return "Remove-Item Env:" + name
	}
	return "unset " + name
}

// proxies looks for a proxy between the parts of the workshop. On this machine it
// concerns curl only: Go never uses a proxy for localhost, and curl reads http_proxy
// in lower case only. Between containers, which have names, Go uses a proxy too.
func (t tracers) proxies() {
	const name = "proxies"
	if _, here := localPort(t.Client.API); here {
		if proxy, _ := proxied(t.Env, []string{"http_proxy", "all_proxy", "ALL_PROXY"}, "localhost"); proxy != "" {
			t.fail(name, "Run export no_proxy=localhost,127.0.0.1",
				"%s is set and no_proxy doesn't contain localhost, so curl sends requests for %s to the proxy. "+
					"The services and this command don't.", proxy, t.Client.API)
			return
		}
	} else if proxy, host := proxied(t.Env, []string{"HTTP_PROXY", "http_proxy"}, "api", "agent", "thinker"); proxy != "" {
		t.fail(name, "Add these names to NO_PROXY, or to noProxy in Docker's config.json.",
			"%s is set here and most likely in the services, so they send requests for %s to the proxy. "+
				"This command doesn't.", proxy, host)
		return
	}
	t.pass(name, "No proxy between you, the services and the agent.")
}

// proxied returns the first of the variables that names a proxy, and the first of the
// hosts that no_proxy doesn't exclude.
func proxied(env, variables []string, hosts ...string) (variable, host string) {
	i := slices.IndexFunc(variables, func(name string) bool { return setting(env, name) != "" })
	if i < 0 {
		return "", ""
	}
	excluded := strings.Split(setting(env, "no_proxy")+","+setting(env, "NO_PROXY"), ",")
	for i := range excluded {
		excluded[i] = strings.TrimSpace(excluded[i])
	}
	for _, host := range hosts {
		if !slices.Contains(excluded, host) && !slices.Contains(excluded, "*") {
			return variables[i], host
		}
	}
	return "", ""
}
