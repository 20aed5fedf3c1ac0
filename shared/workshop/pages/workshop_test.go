package pages

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// TestNotebook_AllLessons does all lessons on their pages, with an editor for the second.
func TestNotebook_AllLessons(t *testing.T) {
	running(t)
	n := openNotebook(t, 1)
	tab := open(t, n.origin, look{width: 1280})
	for step := 1; step <= runner.Steps; step++ {
		t.Run(runner.StepName(step), func(t *testing.T) {
			tab.t = t
			tab.visit(fmt.Sprint("/workshop/", step))
			if step == 2 {
				n.edit(tab, step)
			}
			if step > 1 {
				n.run(tab, "step", runner.Target{Step: step})
			} else {
				n.saysItRuns(tab, runner.Target{Step: step})
			}
			tab.send(step)
			tab.reached(step)
			for _, l := range []look{{width: 420}, {width: 420, dark: true}, {width: 1280, dark: true}, {width: 1280}} {
				tab.lookAs(l)
				tab.fits(l.width)
				tab.audit(contrast, l.String())
				tab.screenshot(fmt.Sprintf("lesson-%d-%s", step, l))
			}
			tab.audit(structure, "structure")
			tab.healthy()
		})
	}
}

// TestNotebook_EachState checks a lesson in each of its states, as TestPages checks the other
// pages.
func TestNotebook_EachState(t *testing.T) {
	running(t)
	n := openNotebook(t, 2)
	readme := filepath.Join(n.root, "step02", "README.md")
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "\n![A trace](pictures/trace.svg)\n"...)
	if err := os.WriteFile(readme, text, 0o644); err != nil {
		t.Fatal(err)
	}
	inspect := func(name string, shows ...string) {
		target := target{name, "/workshop/2", shows}
		for _, width := range []int64{1280, 420} {
			t.Run(fmt.Sprint(name, "/", width), func(t *testing.T) { n.see(t, target, width) })
		}
		t.Run(name+"/without scripts", func(t *testing.T) {
			tab := open(t, n.origin, look{width: 1280, noScripts: true})
			tab.visit(target.path)
			tab.shows(shows)
			tab.healthy()
		})
	}
	tab := open(t, n.origin, look{width: 1280})
	tab.visit("/workshop/2")
	n.saysItRuns(tab, runner.Target{Step: 2})
	tab.until("the picture is shown", `[...document.querySelectorAll(".text img")].at(-1).naturalWidth > 0`)
	tab.send(2)
	tab.reached(2)
	inspect("workshop-passed", "All 4 checks passed with the original step02", "Trace of GET /think/?subject=")

	n.run(tab, "copy", n.copyOf(2))
	tab.send(2)
	inspect("workshop-failed-check", "Likely cause", "▲", "Hint 1")

	main := filepath.Join(workspace.CopyDir(n.root, 2), "api", "main.go")
	if err := os.WriteFile(main, []byte("package main\n\nfunc main() { undefined() }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tab.until("it doesn't run", `document.querySelector("#now").textContent.includes("doesn’t run")`)
	inspect("workshop-failed", "undefined: undefined", "The previous version keeps running.")
	tab.healthy()
}

// reached fails the test unless each item of the checklist is met and has a trace.
func (tab *tab) reached(step int) {
	tab.t.Helper()
	tab.until(fmt.Sprintf("step %d is complete", step), `document.querySelector(".complete") !== null`)
	states := tab.states()
	if len(states) != len(lesson.Expectations(step)) ||
		slices.ContainsFunc(states, func(state string) bool { return state != "passed" }) {
		tab.t.Errorf("the checklist of lesson %d: %q", step, states)
	}
	links := eval[[]string](tab,
		`[...document.querySelectorAll(".checks .passed .shown-by")].map(link => link.getAttribute("href"))`)
	if len(links) != len(states) {
		tab.t.Errorf("%d of %d are shown by a trace", len(links), len(states))
	}
	if !eval[bool](tab, `document.querySelector(".lessons [aria-current]").textContent.includes("✓")`) {
		tab.t.Errorf("lesson %d is not ticked among the lessons", step)
	}
}

// edit changes a copy of the previous step into the lesson, as in an editor.
func (n *notebook) edit(tab *tab, step int) {
	tab.t.Helper()
	n.run(tab, "copy", n.copyOf(step))
	tab.send(step)
	if states := tab.states(); !slices.Contains(states, "failed") {
		tab.t.Errorf("before anything was done: %q", states)
	}
	tab.shows([]string{"Expected", "Instead", "Likely cause", "▲"})

	solution, err := lesson.Solution(n.root, step)
	if err != nil {
		tab.t.Fatal(err)
	}
	// The page comments on the code meanwhile.
	eval[any](tab,
		`window.said = []; new MutationObserver(() => `+
			`said.push(document.querySelector("#now").textContent)).observe(document.querySelector("#now"), {childList: `+
			`true, subtree: true})`)
	dir := workspace.CopyDir(n.root, step)
	for name, text := range solution {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			tab.t.Fatal(err)
		}
	}
	tab.until("the new code is built", `said.some(now => now.includes("is building"))`)
	n.built(tab.t, n.copyOf(step))
	tab.until("the new code runs, and is not judged yet", `said.at(-1).includes("is running · 0 of")`)
	tab.send(step)
	tab.reached(step)
	tab.shows([]string{"Step 2 is complete"})
}

// TestNotebook_ByHand sends requests as from a terminal. The page updates, but keeps what the
// reader selects and types. Then the test starts over.
func TestNotebook_ByHand(t *testing.T) {
	running(t)
	n := openNotebook(t, 2)
	tab := open(t, n.origin, look{width: 1280})
	tab.visit("/traces")
	tab.press("g")
	tab.press("w")
	tab.until("g w leads to the workshop", `location.pathname === "/workshop/2"`)
	n.saysItRuns(tab, runner.Target{Step: 2})

	eval[any](tab, `document.querySelector("#check-error-on-think .hint summary").focus()`)
	tab.press("Enter")
	tab.until("the hint is open", `document.querySelector("#check-error-on-think .hint").open`)
	answer, err := http.Get(fmt.Sprintf("http://localhost:%d/think/?subject=war", n.ports.API))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // its trace is what counts
	tab.until("what was asked in a terminal is ticked", `document.querySelectorAll(".checks .passed").length === 3`)
	if !eval[bool](tab,
		`document.querySelector("#check-error-on-think .hint").open && document.activeElement === `+
			`document.querySelector("#check-error-on-think .hint summary")`) {
		t.Error("the hint that was read is folded, or not in focus any more")
	}

	// A page can only send the lessons' requests.
	eval[any](tab, `document.querySelector("#line-1 [name=path]").value = "/healthz"`)
	tab.push("#line-1 button")
	tab.until("it is refused in place",
		`document.querySelector("#line-1 + .note")?.textContent.includes("isn’t one of the steps’ requests") === true`)
	if said := tab.complained(); len(said) != 1 || !strings.Contains(said[0], "403") {
		t.Errorf("the tab says %q", said)
	}
	n.startOver(t)
}

// startOver creates a new copy, and checks that the old one is set aside.
func (n *notebook) startOver(t *testing.T) {
	tab := open(t, n.origin, look{width: 1280})
	tab.visit("/workshop/2")
	n.run(tab, "copy", n.copyOf(2))
	dir := workspace.CopyDir(n.root, 2)
	tab.shows([]string{dir, "Start over"})
	mine := filepath.Join(dir, "api", "mine.go")
	if err := os.WriteFile(mine, []byte("package main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tab.push(".anew summary")
	tab.push("button[value=anew]")
	tab.waitUntil("the copy is as it was", func() bool { _, err := os.Stat(mine); return err != nil })
	if aside, err := filepath.Glob(dir + ".before-*/api/mine.go"); err != nil || len(aside) != 1 {
		t.Errorf("what was written is in %q: %v", aside, err)
	}
	n.saysItRuns(tab, n.copyOf(2))
	tab.healthy()
}
