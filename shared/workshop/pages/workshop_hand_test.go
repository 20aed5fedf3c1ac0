package pages

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// TestTheWorkshopTicksItself sends requests as a terminal would: the page follows,
// and leaves alone what its reader is at.
func TestTheWorkshopTicksItself(t *testing.T) {
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
	if !eval[bool](tab, `document.querySelector("#check-error-on-think .hint").open && document.activeElement === document.querySelector("#check-error-on-think .hint summary")`) {
		t.Error("the hint that was read is folded, or not in focus any more")
	}

	// Whatever a page is made to ask for, only the lessons' requests are sent.
	eval[any](tab, `document.querySelector("#line-1 [name=path]").value = "/healthz"`)
	tab.pushes("#line-1 button")
	tab.until("it is refused in place", `document.querySelector("#line-1 + .note")?.textContent.includes("isn’t one of the steps’ requests") === true`)
	if said := tab.complained(); len(said) != 1 || !strings.Contains(said[0], "403") {
		t.Errorf("the tab says %q", said)
	}
}

// TestTheWorkshopStartsOver has a copy made anew, with what was there set aside.
func TestTheWorkshopStartsOver(t *testing.T) {
	running(t)
	n := openNotebook(t, 2)
	tab := open(t, n.origin, look{width: 1280})
	tab.visit("/workshop/2")
	n.runs(tab, "copy", n.copyOf(2))
	dir := workspace.CopyDir(n.root, 2)
	tab.shows([]string{dir, "Start over"})
	mine := filepath.Join(dir, "api", "mine.go")
	if err := os.WriteFile(mine, []byte("package main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tab.pushes(".anew summary")
	tab.pushes("button[value=anew]")
	tab.waitUntil("the copy is as it was", func() bool { _, err := os.Stat(mine); return err != nil })
	if aside, err := filepath.Glob(dir + ".before-*/api/mine.go"); err != nil || len(aside) != 1 {
		t.Errorf("what was written is in %q: %v", aside, err)
	}
	n.saysItRuns(tab, n.copyOf(2))
	tab.healthy()
}
