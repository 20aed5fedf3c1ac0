package pages

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
)

// family returns a trace with a root and two children, one after the other. The first has a
// child that failed, the second has the leaves.
func family(id uint64, leaves int) []apm.Span {
	start := time.Now().Add(-time.Minute).UnixNano()
	span := func(n, parent uint64, name string, from, took time.Duration) apm.Span {
		return apm.Span{TraceID: id, SpanID: n, ParentID: parent, Service: "family", Name: name, Resource: name,
			Start: start + int64(from), Duration: took, Meta: map[string]string{}}
	}
	spans := []apm.Span{
		span(1, 0, "root", 0, time.Second), span(2, 1, "first", 0, 400*time.Millisecond),
		span(3, 2, "failed", 100*time.Millisecond, 100*time.Millisecond),
		span(4, 1, "second", 500*time.Millisecond, 500*time.Millisecond),
	}
	spans[2].Error = true
	for n := range leaves {
		spans = append(spans,
			span(uint64(5+n), 4, fmt.Sprint("leaf ", n), 500*time.Millisecond+time.Duration(n)*100*time.Microsecond,
				50*time.Microsecond))
	}
	return spans
}

// TestFlameGraph navigates, zooms and searches in a trace, drawn as elements and on a canvas.
func TestFlameGraph(t *testing.T) {
	for name, leaves := range map[string]int{"elements": 3, "a picture": 2000} {
		t.Run(name, func(t *testing.T) {
			spans := family(77, leaves)
			s := serve(t, spans)
			tab := open(t, s.origin, look{width: 1280})
			tab.visit("/trace/77")
			tab.waitUntil("drawn",
				func() bool { return eval[bool](tab, `document.querySelector(".minimap") !== null`) })
			chosen := func(id string) func() bool {
				return func() bool {
					return eval[string](tab, `new URLSearchParams(location.search).get("span") ?? ""`) == id &&
						eval[bool](tab, fmt.Sprintf(`(document.querySelector(".panel") !== null) === %v`, id != ""))
				}
			}

			// The second of the root's children is in the right half of the second row.
			at := tab.spotIn(".flame-scroll", 0.9, 0)
			at.Y += 30
			tab.click(at)
			tab.waitUntil("the second child is chosen", chosen("4"))
			for _, step := range []struct{ key, to string }{{"ArrowLeft", "2"}, {"ArrowDown", "3"}, {"ArrowUp", "2"},
				{"ArrowUp", "1"}, {"ArrowDown", "2"}, {"ArrowRight", "4"}, {"ArrowDown", "5"}} {
				eval[any](tab,
					`(e => e.focus({ preventScroll: true }))(document.querySelector("a.box[tabindex='0']") ?? `+
						`document.querySelector(".flame-scroll"))`)
				tab.press(step.key)
				tab.waitUntil(step.key+" leads to "+step.to, chosen(step.to))
			}
			if said := eval[string](tab,
				`document.querySelector("[data-announce]").textContent`); !strings.Contains(said, "leaf 0") ||
				!strings.Contains(said, "50 µs") {
				t.Errorf("it is announced as %q", said)
			}
			tab.press("Escape")
			tab.waitUntil("none is chosen", chosen(""))

			// The wheel zooms where the pointer is. None is quite straight: the
			// browser needs a movement in both directions.
			axis := `[...document.querySelectorAll(".flame-axis text")].map(e => e.textContent).join(" ")`
			whole := eval[string](tab, axis)
			at = tab.spotIn(".flame-scroll", 0.15, 0)
			call(tab, input.DispatchMouseEvent,
				input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseWheel, X: at.X, Y: at.Y + 30,
					DeltaX: 1, DeltaY: -600})
			tab.waitUntil("zoomed in", func() bool {
				now := eval[string](tab, axis)
				return now != whole && strings.Contains(now, "150 ms") && !strings.Contains(now, "600 ms")
			})
			tab.drag(spot{at.X, at.Y + 90}, spot{at.X - 150, at.Y + 90})
			tab.waitUntil("panned", func() bool { return !strings.HasPrefix(eval[string](tab, axis), "50") })
			if eval[bool](tab, `scrollY !== 0 || location.search !== ""`) {
				t.Error("zooming and panning scroll the page or choose a span")
			}

			// What arrives leaves the view as it is.
			zoomed := eval[string](tab, axis)
			late := spans[1]
			late.SpanID, late.Name, late.Resource = 9000, "late", "late"
			late.ParentID = 4
			s.send([]apm.Span{late})
			tab.waitUntil("news", func() bool {
				return eval[bool](tab,
					fmt.Sprintf(`document.querySelector("main").textContent.includes("%s spans")`,
						format.Number(len(spans)+1)))
			})
			if now := eval[string](tab, axis); now != zoomed {
				t.Errorf("news changed what is in view from %s to %s", zoomed, now)
			}
			eval[any](tab, `[...document.querySelectorAll(".zoom button")].at(-1).click()`)
			tab.waitUntil("whole again", func() bool { return eval[string](tab, axis) == whole })

			// Search, in the field that the slash leads to.
			tab.press("/")
			for _, key := range "fail" {
				tab.press(string(key))
			}
			hits := func(text string) func() bool {
				return func() bool {
					return strings.HasPrefix(eval[string](tab, `document.querySelector(".hits").textContent`), text)
				}
			}
			tab.waitUntil("one is found", hits("1 match"))
			tab.press("Enter")
			tab.waitUntil("it is chosen", chosen("3"))
			tab.waitUntil("it is counted", hits("1 of 1"))
			if value := eval[string](tab, `document.activeElement.value`); value != "fail" {
				t.Errorf("the field has %q", value)
			}
			for _, complaint := range tab.complained() {
				t.Error(complaint)
			}
		})
	}
}

// click presses and releases the pointer's button.
func (tab *tab) click(at spot) {
	tab.t.Helper()
	tab.point(at)
	for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed,
		input.DispatchMouseEventTypeMouseReleased} {
		call(tab, input.DispatchMouseEvent,
			input.DispatchMouseEventParams{Type: kind, X: at.X, Y: at.Y, Button: input.MouseButtonLeft, Buttons: 1,
				ClickCount: 1})
	}
}

// TestFlameGraph_SpanInHex opens a span by its ID in hexadecimal, as a log line or a
// link may have it, and moves to other spans from there.
func TestFlameGraph_SpanInHex(t *testing.T) {
	for name, leaves := range map[string]int{"elements": 3, "canvas": 2000} {
		t.Run(name, func(t *testing.T) {
			tab := open(t, serve(t, family(77, leaves)).origin, look{width: 1280})
			tab.visit("/trace/77?span=0x4")
			tab.waitUntil("drawn",
				func() bool { return eval[bool](tab, `document.querySelector(".minimap") !== null`) })
			eval[any](tab,
				`(e => e.focus({ preventScroll: true }))(document.querySelector("a.box[tabindex='0']") ?? `+
					`document.querySelector(".flame-scroll"))`)
			tab.press("ArrowLeft")
			tab.waitUntil("ArrowLeft leads to the sibling", func() bool {
				return eval[string](tab, `new URLSearchParams(location.search).get("span") ?? ""`) == "2"
			})
		})
	}
}

// TestFlameGraph_Durations compares how scripts and the server format durations.
func TestFlameGraph_Durations(t *testing.T) {
	var durations []time.Duration
	for d := time.Duration(1); d < 100*time.Hour; d = d*7/4 + 1 {
		durations = append(durations, d)
	}
	durations = append(durations, 0, 999, 9995, 59_949_999_999, 59_950_000_000, time.Minute, time.Hour)
	list, err := json.Marshal(durations)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, family(1, 0))
	tab := open(t, s.origin, look{width: 1280})
	tab.visit("/trace/1")
	got := eval[[]string](tab, fmt.Sprintf(`import("/static/duration.mjs").then(m => %s.map(m.formatDuration))`, list))
	for i, d := range durations {
		if want := format.Duration(d); got[i] != want {
			t.Errorf("%d ns is %q, want %q", d, got[i], want)
		}
	}
}
