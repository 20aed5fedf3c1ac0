package doctor

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"thinker/shared/workshop/runner"
)

// A place is where a service's tracer reads its environment.
type place struct {
	name      string // thinker-api, or this terminal
	env       []string
	running   bool // a service runs with it
	contained bool // and that in a container, which has a network of its own
}

// places returns the services whose environment can be read, and this terminal if
// the services run on this machine: a service may be started here by hand.
func (e *examination) places() []place {
	var all []place
	for _, c := range e.containers {
		if name, ok := map[string]string{"api": "thinker-api", "thinker": "thinker-microservice"}[c.service()]; ok && len(c.env) > 0 {
			all = append(all, place{name + "'s container", c.env, true, true})
		}
	}
	if p := e.apiProgram; p != nil && len(p.env) > 0 {
		all = append(all, place{"thinker-api", p.env, true, false})
	}
	if p := e.thinkerProgram; p != nil && len(p.env) > 0 {
		all = append(all, place{"thinker-microservice", p.env, true, false})
	}
	if _, here := localPort(e.Client.API); here {
		all = append(all, place{"this terminal", e.Env, false, false})
	}
	return all
}

// environment looks for variables that hide or change traces, in the services and in
// this terminal.
func (e *examination) environment() {
	const name = "environment"
	clean := true
	for _, variable := range runner.Misleading() {
		by := map[string][]place{} // who has it, by value
		for _, place := range e.places() {
			if value := setting(place.env, variable.Name); value != "" && variable.Effect(value) != "" {
				by[value] = append(by[value], place)
			}
		}
		for _, value := range slices.Sorted(maps.Keys(by)) {
			e.misleads(name, variable, value, by[value])
			clean = false
		}
	}
	switch {
	case len(e.places()) == 0:
		e.skip(name, "Not checked, because the services run elsewhere.")
	case clean:
		e.pass(name, "No variable hides or changes traces (checked: %s).", names(e.places()))
	}
}

// misleads reports what a variable does, and where it is set.
func (e *examination) misleads(name string, variable runner.Variable, value string, who []place) {
	set, effect := fmt.Sprintf("%s=%.60s", variable.Name, value), variable.Effect(value)
	running := slices.DeleteFunc(slices.Clone(who), func(p place) bool { return !p.running })
	switch {
	case variable.Harmless:
		e.skip(name, "%s is set (in %s). With it, the tracer %s.", set, names(who), effect)
	case len(running) > 0 && running[0].contained:
		e.fail(name, "Remove it from docker-compose.yml or its .env file, then run docker-compose up again.", "%s is set (in %s). With it, the tracer %s.", set, names(running), effect)
	case len(running) > 0:
		e.fail(name, "Stop the step, run "+unset(variable.Name)+", and start it again. workshop up ignores this variable.",
			"%s was set when the step started (%s). With it, the tracer %s.", set, names(running), effect)
	case e.servicesKnown():
		e.skip(name, "%s is set in this terminal, but the running services don't have it. With it, the tracer %s.", set, effect)
	default:
		e.fail(name, "Before you start a service yourself, run "+unset(variable.Name)+".",
			"%s is set in this terminal. With it, the tracer %s. workshop up and docker-compose ignore it, but a service that you start here yourself does not.", set, effect)
	}
}

// unset returns the shell command that unsets a variable.
func unset(name string) string {
	if runtime.GOOS == "windows" {
		return "Remove-Item Env:" + name
	}
	return "unset " + name
}

// servicesKnown reports whether the environment of both services is known.
func (e *examination) servicesKnown() bool {
	known := 0
	for _, place := range e.places() {
		if place.running {
			known++
		}
	}
	return known >= 2
}

func names(places []place) string {
	var all []string
	for _, place := range places {
		all = append(all, place.name)
	}
	return strings.Join(all, ", ")
}
