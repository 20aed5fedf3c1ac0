package pages

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
)

// A spot is a point in the window.
type spot struct{ X, Y float64 }

// spotIn returns a point in an element. x and y are parts of its width and height.
func (tab *tab) spotIn(selector string, x, y float64) spot {
	tab.t.Helper()
	return eval[spot](tab, fmt.Sprintf(`(() => {
		const box = document.querySelector(%q).getBoundingClientRect();
		return {X: box.left + %v * box.width, Y: box.top + %v * box.height};
	})()`, selector, x, y))
}

// point moves the pointer.
func (tab *tab) point(to spot) {
	tab.t.Helper()
	call(tab, input.DispatchMouseEvent,
		input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: to.X, Y: to.Y})
}

// drag moves the pointer while its button is pressed.
func (tab *tab) drag(from, to spot) {
	tab.t.Helper()
	tab.point(from)
	button := func(kind input.DispatchMouseEventType, at spot) {
		call(tab, input.DispatchMouseEvent,
			input.DispatchMouseEventParams{Type: kind, X: at.X, Y: at.Y, Button: input.MouseButtonLeft, Buttons: 1,
				ClickCount: 1})
	}
	button(input.DispatchMouseEventTypeMousePressed, from)
	button(input.DispatchMouseEventTypeMouseMoved, spot{(from.X + to.X) / 2, (from.Y + to.Y) / 2})
	button(input.DispatchMouseEventTypeMouseMoved, to)
	button(input.DispatchMouseEventTypeMouseReleased, to)
}

// press presses a key, which is named as in KeyboardEvent.key.
func (tab *tab) press(key string) {
	tab.t.Helper()
	eval[bool](tab,
		`document.readyState === "complete" || new Promise(loaded => addEventListener("load", () => loaded(true)))`)
	down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key}
	code := map[string]int64{"Escape": 27, "Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
		"ArrowDown": 40}
	switch {
	case len(key) == 1:
		down.Text = key
	case key == "Enter":
		down.Text = "\r"
	}
	down.WindowsVirtualKeyCode = code[key]
	call(tab, input.DispatchKeyEvent, down)
	call(tab, input.DispatchKeyEvent,
		input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key, WindowsVirtualKeyCode: code[key]})
}
