package main

import (
	"fmt"
	"strings"
	"time"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// tell says what is new in a state.
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
		s.building.done.Store(0)
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

// title says which step is wanted, and whose code.
func (s *screen) title(target runner.Target) {
	title := fmt.Sprintf("Step %d: %s", target.Step, lesson.Title(target.Step))
	if target.Dir != "" {
		title += ", as in " + fromHere(target.Dir)
	}
	s.out.Printf("%s\n", s.out.Bold(title))
}

// failed says what went wrong, what answers now, and what can be done. Where
// there are no keys and nothing answers, the program ends with the reason.
func (s *screen) failed(state runner.State) {
	s.out.EndProgress()
	serves := state.Serving.Step != 0
	if s.keys == nil && !serves {
		return
	}
	s.out.Printf("\n%s %s\n\n", s.out.Red("✗"), strings.TrimSpace(state.Error))
	switch {
	case !serves:
		s.out.Printf("Nothing answers now. Save a file, and it is tried again; r tries at once.\n")
	case state.Serving == state.Target:
		s.out.Printf("%s goes on answering as it was before.\n", state.Target.Name())
	default:
		s.out.Printf("%s goes on answering.\n", state.Serving.Name())
	}
}

// healthy says what answers now and, the first time, what can be done with it.
func (s *screen) healthy(state runner.State) {
	name, took := state.Target.Name(), time.Since(s.began).Seconds()
	switch {
	case !s.greeted:
		s.greeted = true
		s.out.Printf("healthy after %.1f s\n", took)
		s.greet()
	case s.ended.Phase == runner.Failed && s.ended.Target == state.Target:
		s.out.Printf("%s runs again, after %.1f s\n", name, took)
	case s.ended.Serving != state.Serving:
		s.out.Printf("%s runs, after %.1f s\n", name, took)
	case s.ended.Since != state.Since:
		s.out.Printf("the new %s answers, after %.1f s\n", name, took)
	default:
		s.out.Printf("%s is built again, and is the same program as before\n", name)
	}
}

func (s *screen) greet() {
	ports := s.workshop.Ports()
	s.out.Printf(`
  api      http://localhost:%d
  thinker  http://localhost:%d
  traces   %s
  lessons  %s

Try this in another terminal; its trace appears here and on the page:

  %s

When you save a file in %s, the new code answers a moment later.
`, ports.API, ports.Thinker, s.client.Pages, s.lessons(), runner.Try(ports.API), s.sources())
	if s.keys != nil {
		s.out.Printf("Keys: 1-%d step, r restart, o open the pages, c check, t think, ? list, q quit.\n", runner.Steps)
	}
	s.out.Printf("Ctrl-C stops everything.\n")
}

// sources is where the code of what was started is, as one types it here.
func (s *screen) sources() string {
	if s.own.Dir != "" {
		return fromHere(s.own.Dir)
	}
	return runner.StepName(s.own.Step)
}

// lessons is the page on which the lessons are.
func (s *screen) lessons() string { return s.client.Pages + "/workshop" }
