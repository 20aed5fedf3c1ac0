package site

import (
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"thinker/shared/apm/web"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// change serves POST /workshop/code: it has a lesson's own code run, or the
// learner's copy, which is made where there is none.
func (s *site) change(r *http.Request, step int) (web.Page, error) {
	target := runner.Target{Step: step}
	switch run := r.PostFormValue("run"); run {
	case "step":
	case "copy", "anew":
		copied, err := workspace.Copy(s.Root, step, run == "anew")
		if err != nil {
			return web.Page{}, web.Refuse(http.StatusInternalServerError, sentence(err))
		}
		target.Dir = copied.Dir
	default:
		return web.Page{}, web.Refuse(http.StatusBadRequest, "The page does not say whose code is to be run.")
	}
	s.Workshop.Run(target)
	return web.Page{Instead: address(step, "code")}, nil
}

// A code is what runs, as a lesson sees it.
type code struct {
	runner.State
	Name  string // of the code that is wanted
	Here  bool   // it is this lesson's
	Mine  bool   // it is the learner's copy
	Ready bool   // it answers
	Path  string // of the copy, as an editor opens it
	Short string // the same, from the workshop's directory
	Begin string // what the copy begins as, in words
	Made  bool   // there is a copy
	Usual bool   // the copy is where the page makes it
}

func (s *site) code(step int) code {
	state := s.Workshop.State()
	usual := workspace.CopyDir(s.Root, step)
	dir := usual
	if state.Target.Step == step && state.Target.Dir != "" {
		dir = state.Target.Dir // which may be elsewhere
	}
	c := code{
		State: state,
		Name:  state.Target.Name(),
		Here:  state.Target.Step == step,
		Mine:  state.Target.Dir != "",
		Ready: state.Phase == runner.Healthy && state.Serving == state.Target,
		Path:  dir,
		Short: dir,
		Made:  exists(dir),
		Usual: dir == usual,
	}
	if short, err := filepath.Rel(s.Root, dir); err == nil && filepath.IsLocal(short) {
		c.Short = filepath.ToSlash(short)
	}
	c.Begin = runner.StepName(1) + "’s code, but for what the thinker reports"
	if step > 1 {
		c.Begin = runner.StepName(step-1) + "’s code"
	}
	return c
}

// Runs tells whether requests can be sent for the lesson: its code answers, if
// perhaps not the newest.
func (c code) Runs() bool { return c.Here && c.Serving == c.Target }

// Doing is the state in words.
func (c code) Doing() string {
	switch {
	case c.Phase == runner.Failed && strings.Contains(c.Error, "does not build"):
		return "does not build"
	case c.Phase == runner.Failed:
		return "does not run"
	case c.Phase == runner.Building:
		return "is being built"
	case c.Phase == runner.Starting:
		return "is starting"
	}
	return "runs"
}

// SinceText is when what answers began to.
func (c code) SinceText() string { return c.Since.UTC().Format("2006-01-02T15:04:05.000Z") }

// Clock is the same for people.
func (c code) Clock() string { return c.Since.UTC().Format(time.TimeOnly) }

// sentence is an error as a page says it.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
