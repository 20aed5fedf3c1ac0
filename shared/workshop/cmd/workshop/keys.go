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

// A keyboard runs the commands of a screen's keys.
type keyboard struct{ *screen }

// press runs the command of a key. What takes time runs in the background.
func (k keyboard) press(ctx context.Context, typed string, quit func()) {
	switch key := strings.ToLower(typed); key {
	case "1", "2", "3", "4", "5":
		k.choose(int(key[0] - '0'))
	case "r":
		k.workshop.Restart()
	case "o":
		go k.open() // may last as long as the browser
	case "c":
		k.check(ctx)
	case "t":
		k.inBackground(func() { k.think(ctx) })
	case "?", "h":
		k.list()
	case "q":
		quit()
	default:
		if len(typed) > 1 && typed[0] < 0x80 {
			k.out.Printf("Type commands in another terminal: here, single keys are commands. Press ? for the list.\n")
			return
		}
		k.out.Printf("Unknown key %q. Press ? for the list of keys.\n", typed)
	}
}

// choose starts a step: the code that up was started with, if it is of that step.
func (k keyboard) choose(step int) {
	target := runner.Target{Step: step}
	if step == k.own.Step {
		target = k.own
	}
	if state := k.workshop.State(); state.Target == target && state.Phase != runner.Failed {
		k.out.Printf("%s is already running. Press r to restart it.\n", target.Name())
		return
	}
	k.workshop.Run(target)
}

// open opens the pages in a browser, and prints their address.
func (k keyboard) open() {
	page := k.lessons()
	k.out.Printf("Opening %s\n", page)
	if !hasBrowser() {
		k.out.Printf("No browser found here. Open the address yourself.\n")
		return
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if err := browser.OpenURL(page); err != nil {
		k.out.Printf("Could not open a browser: %v. Open the address yourself.\n", err)
	}
}

// hasBrowser reports whether there is a screen for a browser. Without one, Linux may
// start a text browser in this very terminal.
func hasBrowser() bool {
	return runtime.GOOS != "linux" ||
		cmp.Or(os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY"), os.Getenv("WSL_DISTRO_NAME")) != ""
}

// think sends a request. Its trace then appears like any other.
func (k keyboard) think(ctx context.Context) {
	answer, err := k.client.Think(ctx, "war")
	switch {
	case ctx.Err() != nil:
	case err != nil:
		k.out.Printf("Could not send a request: %v\n", err)
	case answer.Status != http.StatusOK:
		k.out.Printf("The api responded with %d: %s\n", answer.Status, format.Printable(answer.Body, 500))
	}
}

// list prints what the keys do.
func (k keyboard) list() {
	k.out.Printf(`
  1-%d  switch to that step
  r    rebuild and restart
  t    send a request: GET %s/think/?subject=war
  c    check your code for this step
  o    open the pages in a browser: %s
  ?    show this list
  q    quit, like Ctrl-C
`, runner.Steps, k.client.API, k.lessons())
}

// check checks the learner's code for the step that is running, or the original
// without one. It starts its own services and leaves the running ones alone.
func (k keyboard) check(ctx context.Context) {
	if !k.checking.CompareAndSwap(false, true) {
		k.out.Printf("A check is already running. Its result will appear here.\n")
		return
	}
	k.inBackground(func() {
		defer k.checking.Store(false)
		target := k.workshop.State().Target
		if target.Original() {
			var err error
			if target, err = targetOf(k.root, copyOf(k.root, target.Step), target.Step); err != nil {
				k.out.Printf("%s %v\n", k.out.Red("✗"), err)
				return
			}
		}
		c := &checker{out: k.out, root: k.root, target: target, hints: 1}
		if _, err := c.check(ctx); err != nil && ctx.Err() == nil {
			k.out.Printf("%s %v\n", k.out.Red("✗"), err)
		}
	})
}
