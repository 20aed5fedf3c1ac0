package pages

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
)

// singleSpans returns traces of one span each, with IDs from from to to.
func singleSpans(from, to uint64) (spans []apm.Span) {
	for id := from; id <= to; id++ {
		spans = append(spans,
			apm.Span{TraceID: id, SpanID: id, Service: "shop", Name: "web.request", Resource: fmt.Sprint("GET /", id),
				Start: time.Now().UnixNano(), Duration: time.Millisecond, Meta: map[string]string{"env": "test"}})
	}
	return spans
}

// listed returns the first traces in the list, and the number of waiting ones.
func (tab *tab) listed() string {
	tab.t.Helper()
	return eval[string](tab, `[...document.querySelectorAll("tr[data-trace]")].slice(0, 4).map(row => row.dataset.trace).join(" ")
		+ " of " + document.querySelectorAll("tr[data-trace]").length + ", " + document.querySelector(".news").textContent`)
}

func (tab *tab) lists(want string) {
	tab.t.Helper()
	var got string
	defer func() {
		if tab.t.Failed() {
			tab.t.Logf("the list is %q", got)
		}
	}()
	tab.waitUntil("the list is "+want, func() bool { got = tab.listed(); return got == want })
}

// TestTraces_NewOnesWait checks that the list doesn't change while the pointer is on it.
func TestTraces_NewOnesWait(t *testing.T) {
	s := serve(t, singleSpans(1, 3))
	tab := open(t, s.origin, look{width: 1280})
	tab.visit("/traces")
	tab.waitUntil("live", func() bool { return !eval[bool](tab, `document.querySelector("[data-live]").hidden`) })
	s.send(singleSpans(4, 4))
	tab.lists("4 3 2 1 of 4, ")

	tab.point(tab.spotIn("tr[data-trace]", 0.5, 0.5))
	s.send(singleSpans(5, 6))
	tab.lists("4 3 2 1 of 4, 2 new traces")
	tab.point(spot{5, 5})
	tab.lists("6 5 4 3 of 6, ")

	tab.press("j")
	tab.press("j")
	s.send(singleSpans(7, 7))
	tab.lists("6 5 4 3 of 6, 1 new trace")
	if at := eval[string](tab, `document.activeElement.closest("tr").dataset.trace`); at != "5" {
		t.Errorf("the focus is on trace %s", at)
	}
	tab.press("Escape")
	tab.lists("7 6 5 4 of 7, ")

	tab.press("p")
	s.send(singleSpans(8, 9))
	tab.lists("7 6 5 4 of 7, 2 new traces")
	tab.press("p")
	tab.lists("9 8 7 6 of 9, ")

	// More than fit on a page.
	s.send(singleSpans(10, 99))
	tab.lists("99 98 97 96 of 50, ")
	tab.waitUntil("they are counted", func() bool {
		return eval[string](tab, `document.querySelector(".reading").textContent`) == "99 spans found"
	})
	eval[any](tab, `scrollTo(0, document.body.scrollHeight); true`)
	tab.lists("99 98 97 96 of 99, ")
	s.send(singleSpans(100, 100))
	tab.lists("99 98 97 96 of 99, 1 new trace")
	for _, complaint := range tab.complained() {
		t.Error(complaint)
	}
}

// TestTraces_FacetsNarrowTheSearch clicks a facet and continues with the keyboard.
func TestTraces_FacetsNarrowTheSearch(t *testing.T) {
	s := serve(t,
		append(singleSpans(1, 3),
			apm.Span{TraceID: 9, SpanID: 9, Service: "other", Name: "x", Resource: "y", Start: time.Now().UnixNano()}))
	tab := open(t, s.origin, look{width: 1280})
	tab.visit("/traces?query=web.request+OR+y")
	eval[any](tab, `document.querySelector('[data-facet="env"] summary').click(); true`)
	at := tab.spotIn(`[data-facet="service"] .value`, 0.3, 0.5)
	tab.drag(at, at) // no further than where it begins: a click
	tab.waitUntil("the query is narrowed", func() bool {
		return eval[string](tab,
			`document.readyState === "complete" ? document.querySelector("#query").value : ""`) == "(web.request OR y) service:shop"
	})
	tab.lists("3 2 1 of 3, ")
	if chosen := eval[string](tab, `document.querySelector(".facets .chosen .value").textContent`); chosen != "shop" {
		t.Errorf("%q is chosen", chosen)
	}
	if eval[bool](tab, `document.querySelector('[data-facet="env"]').open`) {
		t.Error("a facet that was shut is open again")
	}
	tab.press("/")
	tab.waitUntil("the search has the focus",
		func() bool { return eval[string](tab, `document.activeElement.id`) == "query" })
	tab.press("Escape")
	tab.press("j")
	tab.press("Enter")
	tab.waitUntil("the trace",
		func() bool { return strings.HasPrefix(eval[string](tab, `location.pathname`), "/trace/3") })
	for _, complaint := range tab.complained() {
		t.Error(complaint)
	}
}

// TestIntake_ClearsTraces clears traces, which the page asks to confirm.
func TestIntake_ClearsTraces(t *testing.T) {
	s := serve(t, singleSpans(1, 3))
	tab := open(t, s.origin, look{width: 1280})
	tab.visit("/intake")
	kept := func() int { return s.agent.Store().Retention().Traces }
	eval[any](tab, `document.querySelector("[data-clear]").click(); true`)
	tab.press("Escape")
	eval[any](tab,
		`document.querySelector("[data-clear]").click(); document.querySelector("#clear form `+
			`button:not([value])").click(); true`)
	tab.waitUntil("the dialog is closed",
		func() bool { return !eval[bool](tab, `document.querySelector("#clear").open`) })
	if kept() != 3 {
		t.Errorf("%d traces are left before the confirmation", kept())
	}
	eval[any](tab,
		`document.querySelector("[data-clear]").click(); document.querySelector("#clear [value=clear]").click(); true`)
	tab.waitUntil("the traces are cleared", func() bool { return kept() == 0 })
	for _, complaint := range tab.complained() {
		t.Error(complaint)
	}
}
