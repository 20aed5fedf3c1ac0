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

// places are the services as far as their environment may be read, and the
// terminal, in which a service may be started by hand where it is one of the
// machine that they run on.
func (e *examination) places() []place {
	var all []place
	for _, c := range e.containers {
		if name, ok := map[string]string{"api": "thinker-api", "thinker": "thinker-microservice"}[c.service()]; ok && len(c.env) > 0 {
			all = append(all, place{name + "’s container", c.env, true, true})
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

// environment looks for variables that mislead a tracer: those that a service
// was started with, and those of the terminal.
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
		e.unknown(name, "Not asked: the services run elsewhere.")
	case clean:
		e.holds(name, "No variable misleads a tracer (looked at: %s).", names(e.places()))
	}
}

// misleads says what a variable does, and to whom.
func (e *examination) misleads(name string, variable runner.Variable, value string, who []place) {
	set, effect := fmt.Sprintf("%s=%.60s", variable.Name, value), variable.Effect(value)
	running := slices.DeleteFunc(slices.Clone(who), func(p place) bool { return !p.running })
	switch {
	case variable.Harmless:
		e.unknown(name, "%s: with it a tracer %s (set in: %s).", set, effect, names(who))
	case len(running) > 0 && running[0].contained:
		e.broken(name, "Take it out of docker-compose.yml, or of what it reads, and run docker-compose up again.", "%s: with it a tracer %s (set in: %s).", set, effect, names(running))
	case len(running) > 0:
		e.broken(name, "Stop the step, "+unset(variable.Name)+", and start it again; workshop up leaves it out by itself.",
			"%s: with it a tracer %s. It was set when the step was started (%s).", set, effect, names(running))
	case e.servicesKnown():
		e.unknown(name, "%s: with it a tracer %s. It is set in this terminal; the services that run do without it.", set, effect)
	default:
		e.broken(name, "Before you start a service by hand: "+unset(variable.Name)+".",
			"%s: with it a tracer %s. It is set in this terminal: workshop up and docker-compose leave it out, but a service that you start here yourself obeys it.", set, effect)
	}
}

// unset is how a shell forgets a variable.
func unset(name string) string {
	if runtime.GOOS == "windows" {
		return "Remove-Item Env:" + name
	}
	return "unset " + name
}

// servicesKnown tells whether the environment of both services is known.
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
