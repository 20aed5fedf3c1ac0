package pages

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
	workshop "thinker/shared/workshop/site"
	"thinker/shared/workshop/workspace"
)

// A notebook is the workshop's page, of a workshop that runs.
type notebook struct {
	*site
	root     string
	ports    runner.Ports
	workshop *runner.Workshop
}

// openNotebook runs a step in a copy of the workshop's directory, with its page.
func openNotebook(t *testing.T, step int) *notebook {
	t.Helper()
	root := copyWorkshop(t)
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t), Agent: need.Port(t)}
	w, err := runner.Open(context.WithoutCancel(t.Context()), runner.Options{
		Root: root, Target: runner.Target{Step: step}, Ports: ports, Race: race,
		// What the second request saves in the last lesson must be much.
		Env:      []string{"THINK_DELAY=200ms"},
		Building: func(string) {},
		Log:      func(string, string) {},
		Guests:   workshop.Guests(root, ports),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // the browser may hold on to a connection
	return &notebook{&site{t: t, agent: w.Agent(), origin: w.Agent().URL()}, root, ports, w}
}

// copyWorkshop copies what the steps are built of.
func copyWorkshop(t *testing.T) string {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	dirs := []string{filepath.Join("shared", "serve")}
	for step := 1; step <= runner.Steps; step++ {
		dirs = append(dirs, runner.StepName(step))
	}
	for _, dir := range dirs {
		if err := os.CopyFS(filepath.Join(copied, dir), os.DirFS(filepath.Join(root, dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{filepath.Join("shared", "go.mod"), "go.work", "go.work.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		// The other modules stay where they are.
		text = []byte(strings.NewReplacer("\t./shared/apm\n", "", "\t./shared/workshop\n", "").Replace(string(text)))
		if err := os.WriteFile(filepath.Join(copied, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

// until waits until an expression is true in the page.
func (tab *tab) until(what, expression string) {
	tab.t.Helper()
	tab.waitUntil(what, func() bool { return eval[bool](tab, expression) })
}

// pushes presses a button as a reader does who goes to it by the keyboard.
func (tab *tab) pushes(selector string) {
	tab.t.Helper()
	tab.until(selector+" can be pressed", fmt.Sprintf(`document.querySelector(%q)?.matches(":enabled, summary") === true`, selector))
	eval[any](tab, fmt.Sprintf(`document.querySelector(%q).focus()`, selector))
	tab.press("Enter")
}

// runs presses the button for other code, and waits until the page says that it
// runs.
func (n *notebook) runs(tab *tab, button string, target runner.Target) {
	tab.t.Helper()
	tab.pushes(fmt.Sprintf(`button[value=%q]`, button))
	n.saysItRuns(tab, target)
}

func (n *notebook) saysItRuns(tab *tab, target runner.Target) {
	tab.t.Helper()
	n.built(tab.t, target)
	name := "Your copy"
	if target.Dir == "" {
		name = target.Name()
	}
	tab.until(name+" runs", fmt.Sprintf(`document.querySelector("#now")?.textContent.startsWith(%q) === true`, name+" runs"))
}

// built waits until a target runs. Where nobody has built its libraries before,
// that takes minutes.
func (n *notebook) built(t testing.TB, target runner.Target) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	changes := n.workshop.Changed(ctx)
	for {
		switch state := n.workshop.State(); {
		case state.Phase == runner.Failed:
			t.Fatalf("%s: %s", state.Target.Name(), state.Error)
		case state.Phase == runner.Healthy && state.Serving == target:
			return
		}
		if _, more := <-changes; !more {
			t.Fatalf("%s does not run: %+v", target.Name(), n.workshop.State())
		}
	}
}

// copyOf is the learner's copy for a step.
func (n *notebook) copyOf(step int) runner.Target {
	return runner.Target{Step: step, Dir: workspace.CopyDir(n.root, step)}
}

// sends runs all lines of the text, one after the other, and then what the
// checklist still wants.
func (tab *tab) sends(step int) {
	tab.t.Helper()
	lines := eval[int](tab, `document.querySelectorAll(".command").length`)
	if lines == 0 {
		tab.t.Errorf("lesson %d has no line that can be run", step)
	}
	for at := 1; at <= lines; at++ {
		tab.pushes(fmt.Sprintf("#line-%d button", at))
		tab.until(fmt.Sprintf("line %d has its answer and its trace", at), fmt.Sprintf(`document.querySelectorAll("#answer-%d :is(.body, .spans)").length > 1`, at))
	}
	tab.settled()
	for eval[bool](tab, `document.querySelector(".checks .open button") !== null`) {
		left := eval[int](tab, `document.querySelectorAll(".checks .open button").length`)
		tab.pushes(".checks .open button")
		tab.until("the checklist follows", fmt.Sprintf(`document.querySelectorAll(".checks .open button").length < %d`, left))
	}
}

// settled waits until the page has heard of what was sent last.
func (tab *tab) settled() {
	tab.t.Helper()
	tab.until("nothing is being sent", `document.querySelector("[aria-busy=true]") === null`)
}

// states are how the items of the checklist stand.
func (tab *tab) states() []string {
	tab.t.Helper()
	return eval[[]string](tab, `[...document.querySelectorAll(".checks > li")].map(item => item.className)`)
}

// TestTheWorkshop does all lessons on their pages, with an editor for the second.
func TestTheWorkshop(t *testing.T) {
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
				n.runs(tab, "step", runner.Target{Step: step})
			} else {
				n.saysItRuns(tab, runner.Target{Step: step})
			}
			tab.sends(step)
			tab.reached(step)
			for _, l := range []look{{width: 420}, {width: 420, dark: true}, {width: 1280, dark: true}, {width: 1280}} {
				tab.lookAs(l)
				tab.fits(l.width)
				tab.audit(contrast, l.String())
				tab.picture(fmt.Sprintf("lesson-%d-%s", step, l))
			}
			tab.audit(structure, "structure")
			tab.healthy()
		})
	}
}

// TestTheWorkshopsPages looks at a lesson in each state that it can be in, as
// TestPages does at the other pages.
func TestTheWorkshopsPages(t *testing.T) {
	running(t)
	n := openNotebook(t, 2)
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
	tab.sends(2)
	tab.reached(2)
	inspect("workshop-met", "step02 shows it all", "The trace that shows it")

	n.runs(tab, "copy", n.copyOf(2))
	tab.sends(2)
	inspect("workshop-unmet", "Likely cause", "▲", "Hint 1")

	main := filepath.Join(workspace.CopyDir(n.root, 2), "api", "main.go")
	if err := os.WriteFile(main, []byte("package main\n\nfunc main() { undefined() }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tab.until("it does not build", `document.querySelector("#now").textContent.includes("does not build")`)
	inspect("workshop-failed", "undefined: undefined", "Meanwhile the code from before the change answers.")
	tab.healthy()
}

// reached fails unless everything in the checklist is met, each with its trace.
func (tab *tab) reached(step int) {
	tab.t.Helper()
	tab.until(fmt.Sprintf("lesson %d is reached", step), `document.querySelector(".reached") !== null`)
	states := tab.states()
	if len(states) != len(lesson.Expectations(step)) || slices.ContainsFunc(states, func(state string) bool { return state != "met" }) {
		tab.t.Errorf("the checklist of lesson %d: %q", step, states)
	}
	links := eval[[]string](tab, `[...document.querySelectorAll(".checks .met .shown-by")].map(link => link.getAttribute("href"))`)
	if len(links) != len(states) {
		tab.t.Errorf("%d of %d are shown by a trace", len(links), len(states))
	}
	if !eval[bool](tab, `document.querySelector(".lessons [aria-current]").textContent.includes("✓")`) {
		tab.t.Errorf("lesson %d is not ticked among the lessons", step)
	}
}

// edit turns a copy of the step before into the lesson, as an editor does.
func (n *notebook) edit(tab *tab, step int) {
	tab.t.Helper()
	n.runs(tab, "copy", n.copyOf(step))
	tab.sends(step)
	if states := tab.states(); !slices.Contains(states, "unmet") {
		tab.t.Errorf("before anything was done: %q", states)
	}
	tab.shows([]string{"Expected", "Instead", "Likely cause", "▲"})

	solution, err := lesson.Solution(n.root, step)
	if err != nil {
		tab.t.Fatal(err)
	}
	// What is said of the code while that goes on.
	eval[any](tab, `window.said = []; new MutationObserver(() => said.push(document.querySelector("#now").textContent)).observe(document.querySelector("#now"), {childList: true, subtree: true})`)
	dir := workspace.CopyDir(n.root, step)
	for name, text := range solution {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			tab.t.Fatal(err)
		}
	}
	tab.until("the new code is built, and then runs", `said.findIndex(now => /is being built/.test(now)) >= 0 && /runs · 0 of/.test(said.at(-1))`)
	tab.sends(step)
	tab.reached(step)
	tab.shows([]string{"Lesson 2 is reached"})
}
