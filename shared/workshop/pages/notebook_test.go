package pages

import (
	"context"
	"fmt"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
	workshop "thinker/shared/workshop/site"
	"thinker/shared/workshop/workspace"
)

// A notebook is the page of a running workshop.
type notebook struct {
	*site
	root     string
	ports    runner.Ports
	workshop *runner.Workshop
}

// openNotebook runs a step in a copy of the workshop's directory, with its page.
func openNotebook(t *testing.T, step int) *notebook {
	t.Helper()
	root := checkout.New(t)
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t), Agent: need.Port(t)}
	w, err := runner.Open(context.WithoutCancel(t.Context()), runner.Options{
		Root: root, Target: runner.Target{Step: step}, Ports: ports,
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

// until waits until an expression is true in the page.
func (tab *tab) until(what, expression string) {
	tab.t.Helper()
	tab.waitUntil(what, func() bool { return eval[bool](tab, expression) })
}

// push presses a button by keyboard.
func (tab *tab) push(selector string) {
	tab.t.Helper()
	tab.until(selector+" can be pressed",
		fmt.Sprintf(`document.querySelector(%q)?.matches(":enabled, summary") === true`, selector))
	eval[any](tab, fmt.Sprintf(`document.querySelector(%q).focus()`, selector))
	tab.press("Enter")
}

// run presses the button for other code, and waits until the page shows that it runs.
func (n *notebook) run(tab *tab, button string, target runner.Target) {
	tab.t.Helper()
	tab.push(fmt.Sprintf(`button[value=%q]`, button))
	n.saysItRuns(tab, target)
}

func (n *notebook) saysItRuns(tab *tab, target runner.Target) {
	tab.t.Helper()
	n.built(tab.t, target)
	name := "Your copy"
	if target.Dir == "" {
		name = target.Name()
	}
	tab.until(name+" runs",
		fmt.Sprintf(`document.querySelector("#now")?.textContent.startsWith(%q) === true`, name+" is running"))
}

// built waits until a target runs.
func (n *notebook) built(t testing.TB, target runner.Target) {
	t.Helper()
	ctx := need.Context(t)
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

// copyOf returns the learner's copy for a step.
func (n *notebook) copyOf(step int) runner.Target {
	return runner.Target{Step: step, Dir: workspace.CopyDir(n.root, step)}
}

// send runs all lines of the text, one after the other, and then the requests that the
// checklist still needs.
func (tab *tab) send(step int) {
	tab.t.Helper()
	lines := eval[int](tab, `document.querySelectorAll(".command").length`)
	if lines == 0 {
		tab.t.Errorf("lesson %d has no line that can be run", step)
	}
	for at := 1; at <= lines; at++ {
		tab.push(fmt.Sprintf("#line-%d button", at))
		tab.until(fmt.Sprintf("line %d has its answer and its trace", at),
			fmt.Sprintf(`document.querySelectorAll("#answer-%d :is(.body, .spans)").length > 1`, at))
	}
	tab.settled()
	for eval[bool](tab, `document.querySelector(".checks .open button") !== null`) {
		left := eval[int](tab, `document.querySelectorAll(".checks .open button").length`)
		tab.push(".checks .open button")
		tab.until("the checklist follows",
			fmt.Sprintf(`document.querySelectorAll(".checks .open button").length < %d`, left))
	}
}

// settled waits until the page shows the last request.
func (tab *tab) settled() {
	tab.t.Helper()
	tab.until("nothing is being sent", `document.querySelector("[aria-busy=true]") === null`)
}

// states returns the states of the checklist's items.
func (tab *tab) states() []string {
	tab.t.Helper()
	return eval[[]string](tab, `[...document.querySelectorAll(".checks > li")].map(item => item.className)`)
}
