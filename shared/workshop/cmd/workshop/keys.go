package main

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"

	"github.com/cli/browser"

	"thinker/shared/apm/format"
	"thinker/shared/workshop/runner"
)

// obey runs the command of a key. What takes time runs in the background.
func (s *screen) obey(ctx context.Context, typed string, quit func()) {
	switch key := strings.ToLower(typed); key {
	case "1", "2", "3", "4", "5":
		s.choose(int(key[0] - '0'))
	case "r":
		s.workshop.Restart()
	case "o":
		go s.open() // may last as long as the browser
	case "c":
		s.check(ctx)
	case "t":
		s.beside(func() { s.think(ctx) })
	case "?", "h":
		s.list()
	case "q":
		quit()
	default:
		if len(typed) > 1 && typed[0] < 0x80 {
			s.out.Printf("Type commands in another terminal: here, single keys are commands. Press ? for the list.\n")
			return
		}
		s.out.Printf("Unknown key %q. Press ? for the list of keys.\n", typed)
	}
}

// choose starts a step: the code that up was started with, if it is of that step.
func (s *screen) choose(step int) {
	target := runner.Target{Step: step}
	if step == s.own.Step {
		target = s.own
	}
	if state := s.workshop.State(); state.Target == target && state.Phase != runner.Failed {
		s.out.Printf("%s is already running. Press r to restart it.\n", target.Name())
		return
	}
	s.workshop.Run(target)
}

// open opens the pages in a browser, and prints their address.
func (s *screen) open() {
	page := s.lessons()
	s.out.Printf("Opening %s\n", page)
	if !hasBrowser() {
		s.out.Printf("No browser found here. Open the address yourself.\n")
		return
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if err := browser.OpenURL(page); err != nil {
		s.out.Printf("Could not open a browser: %v. Open the address yourself.\n", err)
	}
}

// hasBrowser reports whether there is a screen for a browser. Without one, Linux may
// start a text browser in this very terminal.
func hasBrowser() bool {
	return runtime.GOOS != "linux" || cmp.Or(os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY"), os.Getenv("WSL_DISTRO_NAME")) != ""
}

// think sends a request. Its trace then appears like any other.
func (s *screen) think(ctx context.Context) {
	answer, err := s.client.Think(ctx, "war")
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.out.Printf("Could not send a request: %v\n", err)
	case answer.Status != http.StatusOK:
		s.out.Printf("The api responded with %d: %s\n", answer.Status, format.Printable(answer.Body, 500))
	}
}

// list prints what the keys do.
func (s *screen) list() {
	s.out.Printf(`
  1-%d  switch to that step
  r    rebuild and restart
  t    send a request: GET %s/think/?subject=war
  c    check your code for this step
  o    open the pages in a browser: %s
  ?    show this list
  q    quit, like Ctrl-C
`, runner.Steps, s.client.API, s.lessons())
}

// check checks the learner's code for the step that is running, or the original
// without one. It starts its own services and leaves the running ones alone.
func (s *screen) check(ctx context.Context) {
	if !s.checking.CompareAndSwap(false, true) {
		s.out.Printf("A check is already running. Its result will appear here.\n")
		return
	}
	s.beside(func() {
		defer s.checking.Store(false)
		target := s.workshop.State().Target
		if target.Original() {
			var err error
			if target, err = targetOf(s.root, copyOf(s.root, target.Step), target.Step); err != nil {
				s.out.Printf("%s %v\n", s.out.Red("✗"), err)
				return
			}
		}
		c := &checker{out: s.out, root: s.root, target: target, hints: 1}
		if _, err := c.check(ctx); err != nil && ctx.Err() == nil {
			s.out.Printf("%s %v\n", s.out.Red("✗"), err)
		}
	})
}
