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

	"thinker/shared/apm"
	"thinker/shared/workshop/runner"
)

// obey does what a key asks for. What takes time is done beside all else.
func (s *screen) obey(ctx context.Context, typed string, quit func()) {
	switch key := strings.ToLower(typed); key {
	case "1", "2", "3", "4", "5":
		s.choose(int(key[0] - '0'))
	case "r":
		s.workshop.Restart()
	case "o":
		go s.open() // which may last as long as the browser
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
			s.out.Printf("That is for another terminal: here single keys are commands, and ? lists them.\n")
			return
		}
		s.out.Printf("There is no key %q: ? lists what there is.\n", typed)
	}
}

// choose has a step run: one's own code for it, if that is what was started.
func (s *screen) choose(step int) {
	target := runner.Target{Step: step}
	if step == s.own.Step {
		target = s.own
	}
	if state := s.workshop.State(); state.Target == target && state.Phase != runner.Failed {
		s.out.Printf("%s runs already; r starts it again.\n", target.Name())
		return
	}
	s.workshop.Run(target)
}

// open shows the pages in a browser, and says where they are for where there is none.
func (s *screen) open() {
	page := s.lessons()
	s.out.Printf("the lessons and the traces are at %s\n", page)
	if !hasBrowser() {
		s.out.Printf("There is no browser to open here: type the address into one.\n")
		return
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if err := browser.OpenURL(page); err != nil {
		s.out.Printf("No browser could be opened (%v): type the address into one.\n", err)
	}
}

// hasBrowser tells whether there is a screen for a browser: without one, a Linux
// may open a browser that is made of text in this very terminal.
func hasBrowser() bool {
	return runtime.GOOS != "linux" || cmp.Or(os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY"), os.Getenv("WSL_DISTRO_NAME")) != ""
}

// think sends a request, whose trace then appears like any other.
func (s *screen) think(ctx context.Context) {
	answer, err := s.client.Think(ctx, "war")
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.out.Printf("%v\n", err)
	case answer.Status != http.StatusOK:
		s.out.Printf("the api answered %d: %s\n", answer.Status, apm.Printable(answer.Body, 500))
	}
}

// list says what the keys do.
func (s *screen) list() {
	s.out.Printf(`
  1-%d  have that step run, in the place of the one that runs
  r    build again and start anew
  t    think: send the request %s
  c    check whether the code reaches its lesson
  o    open the pages: %s
  q    quit, as Ctrl-C does
`, runner.Steps, strings.TrimPrefix(runner.Try(s.workshop.Ports().API), "curl "), s.lessons())
}

// check says whether the code that is wanted reaches its lesson. It has services
// of its own for that, and leaves those that run alone.
func (s *screen) check(ctx context.Context) {
	if !s.checking.CompareAndSwap(false, true) {
		s.out.Printf("It is being checked; what comes of that appears here.\n")
		return
	}
	s.beside(func() {
		defer s.checking.Store(false)
		c := &checker{out: s.out, root: s.root, target: s.workshop.State().Target, hints: 1}
		if _, err := c.check(ctx); err != nil && ctx.Err() == nil {
			s.out.Printf("%s %v\n", s.out.Red("✗"), err)
		}
	})
}
