package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
)

// TestPages opens every page in each width, with and without scripts.
func TestPages(t *testing.T) {
	t.Parallel()
	running(t)
	s := busySite(t)
	for _, target := range s.targets() {
		t.Run(target.name, func(t *testing.T) {
			for _, width := range []int64{1280, 420} {
				if target.large() && width < 1280 && *screenshots == "" {
					continue // similar to the small page, and slow
				}
				t.Run(fmt.Sprint(width), func(t *testing.T) { s.see(t, target, width) })
			}
			t.Run("without scripts", func(t *testing.T) {
				tab := open(t, s.origin, look{width: 1280, noScripts: true})
				tab.visit(target.path)
				tab.shows(target.shows)
				tab.healthy()
			})
		})
	}
}

// see checks a page in a window of a width.
func (s *site) see(t *testing.T, target target, width int64) {
	tab := open(t, s.origin, look{width: width})
	tab.visit(target.path)
	tab.shows(target.shows)
	tab.fits(width)
	if width == 1280 {
		tab.lookAs(look{width: 768})
		tab.fits(768)
	}
	for _, dark := range []bool{true, false} {
		l := look{width: width, dark: dark}
		tab.lookAs(l)
		tab.screenshot(target.name + "-" + l.String())
		tab.audit(contrast, l.String())
	}
	tab.audit(structure, "structure")
	for _, wrong := range append(tab.unnamed(), tab.walkByKeyboard(30)...) {
		t.Error(wrong)
	}

	if eval[int](tab, unfold) > 0 {
		tab.fits(width)
		for _, dark := range []bool{true, false} {
			l := look{width: width, dark: dark}
			tab.lookAs(l)
			tab.audit(contrast, l.String()+", unfolded")
		}
		tab.audit(structure, "structure, unfolded")
	}
	tab.healthy()
}

// healthy fails the test if anything went wrong since the tab was opened.
func (tab *tab) healthy() {
	tab.t.Helper()
	for _, complaint := range tab.complained() {
		tab.t.Error(complaint)
	}
}

// shows fails the test if the page lacks one of the texts.
func (tab *tab) shows(texts []string) {
	tab.t.Helper()
	said := eval[string](tab, `document.body.textContent`)
	for _, text := range texts {
		if !strings.Contains(said, text) {
			tab.t.Errorf("%s does not say %q", tab.shown, text)
		}
	}
}

// fits fails the test if the page can be scrolled sideways.
func (tab *tab) fits(width int64) {
	tab.t.Helper()
	type extent struct{ Scroll, Client int64 }
	e := eval[extent](tab,
		`({scroll: document.scrollingElement.scrollWidth, client: document.scrollingElement.clientWidth})`)
	if e.Scroll > e.Client {
		tab.t.Errorf("%.200s: at %d px the page is %d px wide, %d of which fit: %s", tab.shown, width, e.Scroll,
			e.Client, eval[string](tab, widest))
	}
}

// widest lists the elements that extend beyond the right edge and aren't cut off.
const widest = `[...document.querySelectorAll("body *")].filter(e => {
	if (e.getBoundingClientRect().right <= document.scrollingElement.clientWidth) return false;
	for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== "visible") return false;
	return true;
}).slice(-3).map(e => e.outerHTML.slice(0, 120)).join(" … ")`

// screenshot writes a picture of the window and, if the page is longer, of the whole page.
func (tab *tab) screenshot(name string) {
	tab.t.Helper()
	if *screenshots == "" {
		return
	}
	tab.frames()
	tab.capture(name, page.CaptureScreenshotParams{})
	const highest = 4000 // px
	if long := eval[float64](tab, `document.scrollingElement.scrollHeight`); long > height {
		beyond := true
		tab.capture(name+"-whole", page.CaptureScreenshotParams{
			CaptureBeyondViewport: &beyond,
			Clip: &page.Viewport{Width: eval[float64](tab, `innerWidth`), Height: min(long, highest),
				Scale: 1},
		})
	}
}

func (tab *tab) capture(name string, params page.CaptureScreenshotParams) {
	tab.t.Helper()
	picture := call(tab, page.CaptureScreenshot, params)
	if err := os.MkdirAll(*screenshots, 0o755); err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), picture.Data, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}
