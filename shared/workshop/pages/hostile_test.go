package pages

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/tracegen"
)

// TestPages_HostileSpans checks that all content of spans stays text. None of it is executed
// or fetched, breaks out of an element, or moves the page's header and footer.
func TestPages_HostileSpans(t *testing.T) {
	t.Parallel()
	now := time.Now()
	texts := tracegen.HostileTexts()
	plain := slices.Repeat([]string{"service"}, len(texts))
	hostile, harmless := serve(t, tracegen.WithTexts(now, texts)), serve(t, tracegen.WithTexts(now, plain))
	widths := []int64{1280, 420}
	tame, wild := open(t, harmless.origin, look{width: 1280}), open(t, hostile.origin, look{width: 1280})
	for _, kind := range []struct {
		like  string // a page of the harmless site that the frame is compared with
		pages []string
	}{
		{"/services?range=all", []string{"/services?range=all"}},
		{"/service?service=service",
			hostile.each(3,
				func(s apm.Span) string { return "/service?" + url.Values{"service": {s.Service}}.Encode() })},
		{"/resource?service=service&resource=service", hostile.each(3, func(s apm.Span) string {
			return "/resource?" + url.Values{"service": {s.Service}, "resource": {s.Resource}}.Encode()
		})},
		{"/traces", append([]string{"/traces"}, hostile.each(9, func(s apm.Span) string {
			return "/traces?" + url.Values{"query": {"service:" + s.Service}}.Encode()
		})...)},
		{trace(harmless.spans[0]), hostile.each(4, trace)},
		{chosen(harmless.spans[0]), hostile.each(1, chosen)},
		{"/compare/traces?a=1&b=2",
			hostile.each(9,
				func(s apm.Span) string { return fmt.Sprintf("/compare/traces?a=%d&b=%d", s.TraceID, s.TraceID+1) })},
		{"/map", []string{"/map", "/map?range=all"}},
		{"/intake", []string{"/intake"}},
	} {
		want := map[int64]frame{}
		tame.visit(kind.like)
		for _, width := range widths {
			tame.lookAs(look{width: width})
			want[width] = tame.frame()
		}
		for _, path := range kind.pages {
			if len(path) > 8000 {
				continue // nobody could ask for it, either
			}
			wild.visit(path)
			wild.unharmed(path)
			for _, width := range widths {
				wild.lookAs(look{width: width})
				wild.fits(width)
				if got := wild.frame(); got != want[width] {
					t.Errorf("%.200s: the frame is at %v, not at %v", path, got, want[width])
				}
			}
		}
	}
}

// each returns the path of a span with the first of each group of every hostile texts.
func (s *site) each(every int, path func(apm.Span) string) (paths []string) {
	traces := len(tracegen.HostileTexts())
	for i := 0; i < traces; i += every {
		paths = append(paths, path(s.spans[i*len(s.spans)/traces]))
	}
	return slices.Compact(paths)
}

// unharmed fails the test if a text has become more than text.
func (tab *tab) unharmed(path string) {
	tab.t.Helper()
	for _, complaint := range tab.complained() {
		if strings.HasPrefix(complaint, "network: ") && strings.Contains(complaint, "400") {
			continue // a text that is no query is refused
		}
		tab.t.Errorf("%.200s: %.300s", path, complaint)
	}
	found := eval[[]string](tab, `(() => {
		const wrong = [];
		if ("pwned" in window) wrong.push("something was executed");
		const own = (url) => new URL(url, location.href).origin === location.origin;
		for (const e of document.querySelectorAll("[src], link[href], form[action], iframe, base, object, embed, meta[http-equiv], style, img")) {
			const to = e.getAttribute("src") ?? e.getAttribute("href") ?? e.getAttribute("action");
			if (to === null || !own(to)) wrong.push("not of this page: " + e.outerHTML.slice(0, 120));
		}
		for (const a of document.querySelectorAll("a[href]")) {
			if (!own(a.href) && a.hostname !== "docs.datadoghq.com") wrong.push("a link leads away: " + a.outerHTML.slice(0, 120));
		}
		for (const e of document.querySelectorAll("*")) {
			for (const { name } of e.attributes) if (/^on/i.test(name)) wrong.push("a handler: " + e.outerHTML.slice(0, 120));
		}
		for (const e of document.querySelectorAll("b, i, button, script, textarea, title")) {
			if (e.tagName === "SCRIPT" && !e.src) wrong.push("a script: " + e.outerHTML.slice(0, 120));
		}
		return wrong;
	})()`)
	for _, wrong := range found {
		tab.t.Errorf("%.200s: %s", path, wrong)
	}
}

// A frame is the position of the header and the footer, in pixels.
type frame struct{ BarX, BarY, BarWidth, BarHeight, FootX, FootWidth, FootHeight float64 }

func (tab *tab) frame() frame {
	tab.t.Helper()
	return eval[frame](tab, `(() => {
		document.documentElement.style.overflowY = "scroll"; // which a short page does not
		document.querySelector("[data-live]").style.display = "none"; // it comes a moment later
		const bar = document.querySelector("header.bar").getBoundingClientRect();
		const foot = document.querySelector("footer.foot").getBoundingClientRect();
		const at = { barX: bar.x, barY: bar.y + scrollY, barWidth: bar.width, barHeight: bar.height, footX: foot.x, footWidth: foot.width, footHeight: foot.height };
		for (const name in at) at[name] = Math.round(at[name]);
		return at;
	})()`)
}
