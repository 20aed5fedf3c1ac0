package pages

import (
	"strings"
	"testing"
	"time"

	"thinker/shared/apm/tracegen"
)

// TestChart_ReadAndZoom points at a graph, zooms in and zooms out.
func TestChart_ReadAndZoom(t *testing.T) {
	s := serve(t, tracegen.Traces(1, 400, time.Now()))
	tab := open(t, s.origin, look{width: 1280})
	const path = "/service?service=storefront&range=1h"
	tab.visit(path)

	reading := `document.querySelector("#%-title").closest(".chart").querySelector(".reading").textContent`
	requests, latency := strings.Replace(reading, "%", "requests", 1), strings.Replace(reading, "%", "latency", 1)
	summary := eval[string](tab, requests)
	tab.point(tab.spotIn("[data-plot]", 0.3, 0.5))
	tab.waitUntil("the values are read", func() bool {
		return strings.Contains(eval[string](tab, requests), "OK ") &&
			strings.Contains(eval[string](tab, latency), "p95 ")
	})
	tab.point(spot{5, 5})
	tab.waitUntil("the summary is back", func() bool { return eval[string](tab, requests) == summary })

	tab.drag(tab.spotIn("[data-plot]", 0.2, 0.5), tab.spotIn("[data-plot]", 0.4, 0.5))
	tab.waitUntil("zoomed in", func() bool { return strings.Contains(eval[string](tab, `location.search`), "&to=") })
	tab.waitUntil("the times are a fifth", func() bool {
		length := eval[float64](tab,
			`(d => d ? d.step * d.steps / 1e9 / 60 : 0)(document.querySelector("[data-plot]")?.dataset)`)
		return length > 10 && length < 20
	})
	tab.press("Escape")
	tab.waitUntil("zoomed out", func() bool { return eval[string](tab, `location.pathname + location.search`) == path })
	for _, complaint := range tab.complained() {
		t.Error(complaint)
	}
}

// TestPages_Keys navigates the pages with only the keyboard.
func TestPages_Keys(t *testing.T) {
	s := serve(t, tracegen.Traces(1, 40, time.Now()))
	tab := open(t, s.origin, look{width: 1280})
	at := func(path string) func() bool {
		return func() bool {
			return eval[string](tab, `document.readyState === "complete" ? location.pathname : ""`) == path
		}
	}
	tab.visit("/traces")
	tab.press("?")
	tab.waitUntil("the keys are listed", func() bool { return eval[bool](tab, `document.querySelector("#keys").open`) })
	tab.press("Escape")
	tab.waitUntil("and put away", func() bool { return !eval[bool](tab, `document.querySelector("#keys").open`) })

	tab.press("g")
	tab.press("s")
	tab.waitUntil("the services", at("/services"))
	tab.press("/")
	tab.waitUntil("the filter has the focus",
		func() bool { return eval[string](tab, `document.activeElement.id`) == "query" })
	tab.press("p") // which pauses nothing here
	tab.press("Escape")
	if said := eval[string](tab,
		`document.querySelector("[data-live]").textContent + document.querySelector("#query").value`); said != "Livep" {
		t.Errorf("what is typed into a field is no key, and stays: %s", said)
	}
	tab.waitUntil("live", func() bool { return !eval[bool](tab, `document.querySelector("[data-live]").hidden`) })
	tab.press("p")
	if eval[string](tab, `document.querySelector("[data-live]").textContent`) != "Paused" {
		t.Error("p does not pause")
	}
	for _, key := range []string{"j", "j", "k"} {
		tab.press(key)
	}
	second := eval[string](tab, `document.activeElement.getAttribute("href")`)
	if first := eval[string](tab, `document.querySelector("main a.row").getAttribute("href")`); second != first {
		t.Errorf("j j k leads to %s, want %s", second, first)
	}
	tab.press("Enter")
	tab.waitUntil("a service", at("/service"))
	for _, complaint := range tab.complained() {
		t.Error(complaint)
	}
}
