package main

import (
	"fmt"
	"strings"
	"time"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// tell prints what has changed in a state.
func (s *screen) tell(state runner.State) {
	before := s.told
	if state == before {
		return
	}
	s.told = state
	if state.Target != before.Target {
		s.out.Printf("\n")
		s.title(state.Target)
	}
	switch name := state.Target.Name(); state.Phase {
	case runner.Building:
		s.began = time.Now()
		s.building.reset()
		s.out.Progress("building %s …", name)
	case runner.Starting:
		s.out.Progress("starting %s …", name)
	case runner.Failed:
		s.failed(state)
		s.ended = state
	case runner.Healthy:
		s.healthy(state)
		s.ended = state
	}
}

// title prints which step was chosen, and whose code it is.
func (s *screen) title(target runner.Target) {
	title := fmt.Sprintf("Step %d: %s", target.Step, lesson.Title(target.Step))
	if target.Dir != "" {
		title += " (your code in " + fromHere(target.Dir) + ")"
	}
	s.out.Printf("%s\n", s.out.Bold(title))
}

// failed prints what went wrong, which version is running, and what to do. Without
// keys and a running version it prints nothing: the program exits with the error.
func (s *screen) failed(state runner.State) {
	s.out.EndProgress()
	serves := state.Serving.Step != 0
	if s.keys == nil && !serves {
		return
	}
	s.out.Printf("\n%s %s\n\n", s.out.Red("✗"), strings.TrimSpace(state.Error))
	switch {
	case !serves:
		s.out.Printf("Nothing is running now. Save a file or press r to try again.\n")
	case state.Serving == state.Target:
		s.out.Printf("The previous version of %s keeps running.\n", state.Target.Name())
	default:
		s.out.Printf("%s keeps running.\n", state.Serving.Name())
	}
}

// healthy prints which version is running and, the first time, what to do with it.
func (s *screen) healthy(state runner.State) {
	name, took := state.Target.Name(), time.Since(s.began).Seconds()
	switch {
	case !s.greeted:
		s.greeted = true
		s.out.Printf("Ready after %.1f s\n", took)
		s.greet()
	case s.ended.Phase == runner.Failed && s.ended.Target == state.Target:
		s.out.Printf("%s is running again (%.1f s)\n", name, took)
	case s.ended.Serving != state.Serving:
		s.out.Printf("%s is running (%.1f s)\n", name, took)
	case s.ended.Since != state.Since:
		s.out.Printf("Rebuilt and restarted %s (%.1f s)\n", name, took)
	default:
		s.out.Printf("Rebuilt %s: no change in the program\n", name)
	}
}

func (s *screen) greet() {
	ports := s.workshop.Ports()
	s.out.Printf(`
  api           http://localhost:%d
  microservice  http://localhost:%d
  traces        %s
  workshop      %s

Send a request from another terminal. Its trace appears here and on the traces page:

  %s

When you save a file in %s, the new version starts a moment later.
`, ports.API, ports.Thinker, s.client.Pages, s.lessons(), runner.Try(ports.API), s.sources())
	if s.keys != nil {
		s.out.Printf("Keys: 1-%d step, r restart, t send a request, c check, o open the pages, ? help, q quit.\n",
			runner.Steps)
	}
	s.out.Printf("Ctrl-C stops everything.\n")
}

// sources returns the directory of the code that up was started with.
func (s *screen) sources() string {
	if s.own.Dir != "" {
		return fromHere(s.own.Dir)
	}
	return runner.StepName(s.own.Step)
}

// lessons returns the URL of the workshop page.
func (s *screen) lessons() string { return s.client.Pages + "/workshop" }
