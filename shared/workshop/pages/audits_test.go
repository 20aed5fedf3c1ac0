package pages

import (
	"slices"
	"strings"
	"testing"
)

// TestAudit_Scripts checks that each audit finds its mistake.
func TestAudit_Scripts(t *testing.T) {
	s := serve(t, nil)
	tab := open(t, s.origin, look{width: 1280})
	tab.visit("/intake")
	for _, c := range []struct{ script, html, finds string }{
		{contrast, `<p id=faint>faint</p>`, `for "faint" in p`},
		{contrast, `<div id=veiled><p>veiled</p></div>`, `for "veiled" in p`},
		{contrast, `<svg><rect width=90 height=20 fill=#123></rect><text y=14 fill=#000>drawn</text></svg>`,
			`for "drawn" in text`},
		{contrast, `<input id=faint placeholder=x value=typed>`, `for "typed" in input`},
		{structure, `<h1>again</h1>`, "2 headings of level 1"},
		{structure, `<h5>deep</h5>`, "a heading of level 5 follows"},
		{structure, `<i id=a></i><i id=a></i>`, "two elements have the ID a"},
		{structure, `<p aria-describedby=gone></p>`, "names gone, which is not here"},
		{structure, `<a href=#gone>x</a>`, "a link goes to #gone"},
		{structure, `<table><tr><th>x</table>`, "heading has no scope"},
		{structure, `<table><tr><td>x</table>`, "a table has no headings"},
		{structure, `<svg></svg>`, "a drawing is neither"},
		{structure, `<p tabindex=1></p>`, "out of the order of focus"},
		{structure, `<p aria-hidden=true><a href=/>x</a></p>`, "hidden from screen readers can be focused"},
	} {
		tab.add(c.html)
		if found := tab.ask(c.script); !slices.ContainsFunc(found,
			func(s string) bool { return strings.Contains(s, c.finds) }) {
			t.Errorf("in %s it finds %q", c.html, found)
		}
	}
}

// add adds HTML to a page.
func (tab *tab) add(html string) {
	tab.t.Helper()
	eval[any](tab, `(() => {
		document.querySelector("#broken")?.remove();
		const broken = document.createElement("div");
		broken.id = "broken";
		broken.innerHTML = `+"`"+html+"`"+`;
		document.querySelector("main").append(broken);
		const faint = broken.querySelector("#faint"), veiled = broken.querySelector("#veiled");
		if (faint) faint.style.color = "#999";
		if (veiled) veiled.style.opacity = 0.4;
	})()`)
}

// TestAudit_NamesAndFocus checks that the audits find mistakes for screen readers and
// keyboards.
func TestAudit_NamesAndFocus(t *testing.T) {
	s := serve(t, nil)
	tab := open(t, s.origin, look{width: 1280})
	for _, c := range []struct{ html, finds string }{
		{`<a href=/intake><svg aria-hidden=true></svg></a>`, "a link has no name"},
		{`<button type=button></button>`, "a button has no name"},
		{`<input>`, "a textbox has no name"},
		{`<svg role=img></svg>`, "has no name"},
		{`<a class=unseen href=/intake>x</a>`, "the focus is invisible on"},
		{`<a class=away href=/intake>x</a>`, "the focus is out of sight"},
		{`<a id=second href=/intake>2</a><a tabindex=1 href=/intake>1</a>`, "the focus goes back to"},
	} {
		tab.visit("/intake")
		if wrong := append(tab.unnamed(), tab.walkByKeyboard(30)...); len(wrong) > 0 {
			t.Fatalf("%q, before anything is wrong", wrong)
		}
		tab.visit("/intake")
		tab.add(c.html)
		eval[any](tab, `(() => {
			const unseen = document.querySelector("#broken .unseen"), away = document.querySelector("#broken .away");
			if (unseen) unseen.style.outline = "none";
			if (away) Object.assign(away.style, {position: "fixed", left: "-500px"});
		})()`)
		if found := append(tab.unnamed(), tab.walkByKeyboard(30)...); !slices.ContainsFunc(found,
			func(s string) bool { return strings.Contains(s, c.finds) }) {
			t.Errorf("in %s it finds %q", c.html, found)
		}
	}
}
