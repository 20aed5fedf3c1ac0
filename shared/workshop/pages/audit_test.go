package pages

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Each script is a function that runs in the page and returns what is wrong.
var (
	//go:embed audit/contrast.js
	contrast string
	//go:embed audit/structure.js
	structure string
	//go:embed audit/focus.js
	focus string
)

// audit fails the test if a script finds anything wrong.
func (tab *tab) audit(script, when string) {
	tab.t.Helper()
	const most = 12 // of one kind: what is wrong in one row of a table is in all
	wrong := tab.ask(script)
	for _, text := range wrong[:min(most, len(wrong))] {
		tab.t.Errorf("%s: %s", when, text)
	}
}

// ask returns what a script finds wrong.
func (tab *tab) ask(script string) []string {
	tab.t.Helper()
	return eval[[]string](tab, "("+script[strings.Index(script, "() =>"):]+")()")
}

// unnamed returns the controls and images without a name for screen readers.
func (tab *tab) unnamed() (wrong []string) {
	tab.t.Helper()
	roles := []string{"link", "button", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "slider",
		"switch", "tab", "menuitem", "spinbutton", "image", "img", "dialog", "DateTime", "Date", "DisclosureTriangle",
		"form", "region", "navigation"}
	seen := 0
	for _, node := range call(tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		role := text(node.Role)
		if node.Ignored || !slices.Contains(roles, role) {
			continue
		}
		if strings.TrimSpace(text(node.Name)) == "" {
			wrong = append(wrong, fmt.Sprintf("a %s has no name: %s", role, tab.html(node.BackendDOMNodeID)))
		}
		seen++
	}
	if seen < 5 {
		wrong = append(wrong, fmt.Sprintf("the tree of what screen readers find has %d controls", seen))
	}
	return wrong
}

// text returns the text of a value of the accessibility tree.
func text(value *accessibility.Value) string {
	if value == nil {
		return ""
	}
	return strings.Trim(string(value.Value), `"`)
}

// walkByKeyboard presses the tab key for at most stops elements, and returns what is wrong.
func (tab *tab) walkByKeyboard(stops int) (wrong []string) {
	tab.t.Helper()
	type stop struct {
		Nowhere, Visible, Backward, Outside bool
		What                                string
	}
	eval[any](tab, `window.auditedFocus = undefined`)
	for i := range stops {
		if err := chromedp.Do(tab.ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			tab.t.Fatalf("press Tab: %v", err)
		}
		at := eval[stop](tab, "("+focus[strings.Index(focus, "() =>"):]+")()")
		switch {
		case at.Nowhere && i == 0:
			return append(wrong, "Tab reaches nothing")
		case at.Nowhere:
			return wrong // past the end
		case !at.Visible:
			wrong = append(wrong, "the focus is invisible on "+at.What)
		case at.Backward:
			wrong = append(wrong, "the focus goes back to "+at.What)
		case at.Outside:
			wrong = append(wrong, "the focus is out of sight, on "+at.What)
		}
	}
	return wrong
}

// unfold opens every menu and every folded part, and returns their number.
const unfold = `[...document.querySelectorAll("details:not([open])")].map(d => { d.removeAttribute("name"); d.open ` +
	`= true }).length`

// html returns the beginning of an element's HTML.
func (tab *tab) html(id cdp.BackendNodeID) string {
	html := call(tab, dom.GetOuterHTML, dom.GetOuterHTMLParams{BackendNodeID: id}).OuterHTML
	return html[:min(len(html), 120)]
}
