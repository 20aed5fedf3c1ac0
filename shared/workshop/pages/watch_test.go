package pages

import (
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/tracegen"
)

// TestTab_NotesComplaints checks that a tab records what goes wrong in a page.
func TestTab_NotesComplaints(t *testing.T) {
	s := serve(t, tracegen.Traces(1, 3, time.Now()))
	for name, c := range map[string]struct{ does, noticed string }{
		"exception": {`setTimeout(() => { throw new Error("on purpose") })`,
			"exception: Uncaught Error: on purpose"},
		"rejection": {`void Promise.reject(new Error("on purpose"))`, "exception: Uncaught (in promise)"},
		"console":   {`console.error("on purpose")`, `console.error: "on purpose"`},
		"inline script": {`document.head.append(Object.assign(document.createElement("script"), {textContent: "1"}))`,
			"security: "},
		"inline style": {`document.body.setAttribute("style", "color: red")`, "security: "},
		"picture": {`document.body.append(Object.assign(new Image(), {src: "https://hostile.example/x.png"}))`,
			"hostile.example"},
		"missing file":     {`void fetch("/static/missing.mjs")`, "404"},
		"dialog":           {`setTimeout(() => alert("on purpose"))`, "a dialog opened: on purpose"},
		"asking elsewhere": {`void fetch("https://hostile.example/").catch(() => {})`, "hostile.example"},
	} {
		t.Run(name, func(t *testing.T) {
			tab := open(t, s.origin, look{width: 1280})
			tab.visit("/traces")
			if said := tab.complained(); len(said) > 0 {
				t.Fatalf("%q, before anything went wrong", said)
			}
			eval[any](tab, c.does+`; true`)
			var said []string
			tab.waitUntil(c.noticed, func() bool {
				said = append(said, tab.complained()...)
				return slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, c.noticed) })
			})
		})
	}
}
