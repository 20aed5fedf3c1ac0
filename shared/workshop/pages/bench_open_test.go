package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"

	"thinker/shared/apm/busy"
)

// BenchmarkFlameGraph zooms and drags the flame graph of 40,000 spans: how many
// frames are drawn in a second. To reach: 30.
func BenchmarkFlameGraph(b *testing.B) {
	now := time.Now()
	s := serve(b, busy.Large(40_000, now))
	tab := open(b, s.origin, look{width: 1280})
	for b.Loop() {
		tab.visit(fmt.Sprintf("/trace/%d", busy.LargeID))
		if !eval[bool](tab, `document.querySelector("[data-flame]") !== null`) {
			b.Skip("the page of a trace has no flame graph")
		}
		middle := tab.spotIn("[data-flame]", 0.5, 0.3)
		mouse := func(p input.DispatchMouseEventParams) { call(tab, input.DispatchMouseEvent, p) }
		// Of a wheel the browser wants both deltas, and the client leaves out what is 0.
		zoomed := tab.countFrames(func(i int) {
			delta := -60.0
			if i%40 >= 20 {
				delta = 60
			}
			mouse(input.DispatchMouseEventParams{Type: chromedp.MouseWheel, X: middle.X, Y: middle.Y, DeltaX: 0.01, DeltaY: delta})
		})
		for range 10 {
			mouse(input.DispatchMouseEventParams{Type: chromedp.MouseWheel, X: middle.X, Y: middle.Y, DeltaX: 0.01, DeltaY: -100})
		}
		mouse(input.DispatchMouseEventParams{Type: chromedp.MousePressed, X: middle.X, Y: middle.Y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
		dragged := tab.countFrames(func(i int) {
			mouse(input.DispatchMouseEventParams{Type: chromedp.MouseMoved, X: middle.X + float64(i*7%300) - 150, Y: middle.Y, Button: input.MouseButtonLeft, Buttons: 1})
		})
		mouse(input.DispatchMouseEventParams{Type: chromedp.MouseReleased, X: middle.X, Y: middle.Y, Button: input.MouseButtonLeft, ClickCount: 1})
		b.ReportMetric(zoomed, "fps-zooming")
		b.ReportMetric(dragged, "fps-dragging")
		b.ReportMetric(0, "ns/op") // leaves it out
		b.Logf("zooming %.0f, dragging %.0f frames a second; to reach: 30", zoomed, dragged)
	}
}

// countFrames does something again and again for two seconds, and is how many
// frames were drawn in each.
func (tab *tab) countFrames(does func(i int)) float64 {
	tab.t.Helper()
	eval[any](tab, `window.drawn = 0; (function count() { window.drawn++; window.counting = requestAnimationFrame(count); })(); 0`)
	began := time.Now()
	for i := 0; time.Since(began) < 2*time.Second; i++ {
		does(i)
	}
	frames := eval[float64](tab, `cancelAnimationFrame(window.counting); window.drawn`)
	return frames / time.Since(began).Seconds()
}

// BenchmarkOpenExplorer has the list of traces open while 1,000 traces a second
// come in, for half a minute: what memory it takes, how long its longest task
// blocks it, and how long a click waits. To reach: 200 MB, and no click that
// waits for longer than 100 ms at the 95th percentile.
func BenchmarkOpenExplorer(b *testing.B) {
	s := million(b)
	tab := open(b, s.origin, look{width: 1280})
	call(tab, performance.Enable, performance.EnableParams{})
	for b.Loop() {
		tab.visit("/traces")
		eval[any](tab, `(() => {
			window.tasks = [];
			window.clicks = [];
			new PerformanceObserver((list) => { for (const e of list.getEntries()) tasks.push(e.duration); }).observe({ type: "longtask" });
			addEventListener("click", (e) => clicks.push(performance.now() - e.timeStamp), { capture: true });
		})()`)
		before := tab.memory()
		stop := s.underLoad(1000)
		clicked := row{name: "traces", what: "click until it is handled", target: 100 * time.Millisecond}
		heading := tab.spotIn("main h1", 0.5, 0.5)
		pace := time.NewTicker(200 * time.Millisecond)
		for began := time.Now(); time.Since(began) < 30*time.Second; <-pace.C {
			for _, kind := range []input.DispatchMouseEventType{chromedp.MousePressed, chromedp.MouseReleased} {
				call(tab, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: heading.X, Y: heading.Y, Button: input.MouseButtonLeft, ClickCount: 1})
			}
		}
		pace.Stop()
		after := tab.memory()
		came := stop()
		for _, waited := range eval[[]float64](tab, `clicks`) {
			clicked.took = append(clicked.took, milliseconds(waited))
		}
		report(b, []row{clicked})
		longest := eval[float64](tab, `Math.max(0, ...tasks)`)
		rows := eval[int](tab, `document.querySelectorAll("tr[data-trace]").length`)
		b.ReportMetric(longest, "ms-longest-task")
		b.ReportMetric(after.heap, "MB-heap")
		b.ReportMetric(after.process, "MB-process")
		b.Logf("%.0f traces a second came. Memory before %.0f MB of scripts, %.0f MB in all; after %.0f and %.0f; to reach: 200. Longest task %.0f ms, %d of more than 50 ms; %d rows",
			came, before.heap, before.process, after.heap, after.process, longest, eval[int](tab, `tasks.length`), rows)
	}
}

// A memory is how much a page takes, in MB: its scripts, and the process that
// draws it, which Linux alone tells.
type memory struct{ heap, process float64 }

func (tab *tab) memory() memory {
	tab.t.Helper()
	var m memory
	for _, metric := range call(tab, performance.GetMetrics, cdp.Empty{}).Metrics {
		if metric.Name == "JSHeapUsedSize" {
			m.heap = metric.Value / 1e6
		}
	}
	processes, err := chromedp.CallBrowser(tab.ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		tab.t.Fatal(err)
	}
	for _, process := range processes.ProcessInfo {
		if process.Type == "renderer" {
			m.process = max(m.process, footprint(process.ID))
		}
	}
	return m
}

// footprint is the memory that a process has for itself, in MB: the browser's own
// code, which its processes share, is not a page's.
func footprint(process int64) (megabytes float64) {
	parts, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(process), "smaps_rollup"))
	if err != nil {
		return 0 // no Linux, or it has ended
	}
	for line := range strings.Lines(string(parts)) {
		var kilobytes float64
		for _, kind := range []string{"Private_Clean:", "Private_Dirty:"} {
			if n, _ := fmt.Sscanf(line, kind+" %f kB", &kilobytes); n == 1 {
				megabytes += kilobytes * 1024 / 1e6
			}
		}
	}
	return megabytes
}
