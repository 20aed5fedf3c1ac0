package site

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"thinker/shared/apm/guest"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// change serves POST /workshop/code. It runs a step's original code or the learner's
// copy, which it creates if there is none.
func (s *site) change(r *http.Request, step int) (guest.Page, error) {
	target := runner.Target{Step: step}
	switch run := r.PostFormValue("run"); run {
	case "step":
	case "copy", "anew":
		copied, err := workspace.Copy(s.Root, step, run == "anew")
		if err != nil {
			return guest.Page{}, guest.Refuse(http.StatusInternalServerError, sentence(err))
		}
		target.Dir = copied.Dir
	default:
		return guest.Page{}, guest.Refuse(http.StatusBadRequest,
			"The form doesn’t say which code to run. Reload the page and try again.")
	}
	s.Workshop.Run(target)
	return guest.Page{Instead: address(step, "code")}, nil
}

// A code is the running code, as a step's page shows it.
type code struct {
	runner.State
	step  int
	Path  string // of the copy, for an editor
	Short string // the same, relative to the workshop's directory
	Made  bool   // the copy exists
	Usual bool   // the copy is where the page creates it
}

func (s *site) code(step int) code {
	state := s.Workshop.State()
	usual := workspace.CopyDir(s.Root, step)
	dir := usual
	if state.Target.Step == step && !state.Target.Original() {
		dir = state.Target.Dir // chosen with --dir
	}
	_, err := os.Stat(dir)
	c := code{State: state, step: step, Path: dir, Short: dir, Made: err == nil, Usual: dir == usual}
	if short, err := filepath.Rel(s.Root, dir); err == nil && filepath.IsLocal(short) {
		c.Short = filepath.ToSlash(short)
	}
	return c
}

// Name returns the target's name.
func (c code) Name() string { return c.Target.Name() }

// Here reports whether the target is code for this page's step.
func (c code) Here() bool { return c.Target.Step == c.step }

// Mine reports whether the target is a learner's copy.
func (c code) Mine() bool { return !c.Target.Original() }

// Ready reports whether the target is running.
func (c code) Ready() bool { return c.Phase == runner.Healthy && c.Serving == c.Target }

// Begin returns the code that a copy starts as.
func (c code) Begin() string {
	if c.step == 1 {
		return runner.StepName(1) + " without the microservice’s tracer and think span"
	}
	return "the code of " + runner.StepName(c.step-1)
}

// Runs reports whether the page can send the step's requests: a version of the
// target is running, perhaps not the newest.
func (c code) Runs() bool { return c.Here() && c.Serving == c.Target }

// PhaseText returns the target's state in words.
func (c code) PhaseText() string {
	switch c.Phase {
	case runner.Failed:
		return "doesn’t run"
	case runner.Building:
		return "is building"
	case runner.Starting:
		return "is starting"
	}
	return "is running"
}

// Blocked says why the page can't send a step's requests. It is empty if it can.
func (c code) Blocked(step int) string {
	switch {
	case c.Runs():
		return ""
	case c.Here() && c.Phase == runner.Failed:
		return "The code doesn’t run. See the error under Running code."
	case c.Here():
		return fmt.Sprintf("Wait until %s is running.", c.Name())
	case c.Serving.Step == 0:
		return fmt.Sprintf("Start step %d to run this.", step)
	}
	return fmt.Sprintf("Step %d is running. Start step %d to run this.", c.Serving.Step, step)
}

// SinceText returns when the running code became healthy, for a program.
func (c code) SinceText() string { return c.Since.UTC().Format("2006-01-02T15:04:05.000Z") }

// Clock returns the same for people.
func (c code) Clock() string { return c.Since.UTC().Format(time.TimeOnly) }

// sentence writes an error, which begins with what was being done, as a sentence.
func sentence(err error) string { return "Could not " + err.Error() + "." }
