package pages

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/chromedp/cdproto/page"

	"thinker/shared/apm/busy"
)

// What is to be reached.
const (
	firstPaint   = 200 * time.Millisecond // of any page
	dataComplete = 300 * time.Millisecond // of any page, at the 95th percentile
	arrival      = 500 * time.Millisecond // until a trace is on an open page
	largeOpen    = time.Second            // of a trace of 40,000 spans
)

// loads is how often each page is opened.
const loads = 20

// BenchmarkPages opens each page of an apm that holds a million spans: how soon
// something is painted, and how soon its data is complete. That is when the
// document has been read and its scripts have run, the first element that holds
// data is there, and two frames have been drawn since.
func BenchmarkPages(b *testing.B) {
	s := million(b)
	tab := open(b, s.origin, look{width: 1280})
	call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: stopwatch})
	for b.Loop() {
		var rows []row
		for _, target := range s.targets() {
			painted, complete := row{name: target.name, what: "first paint", target: firstPaint}, row{name: target.name, what: "data complete", target: dataComplete}
			if target.large() {
				complete.target = largeOpen
			}
			for range loads {
				first, whole := tab.time(target.path)
				painted.took, complete.took = append(painted.took, first), append(complete.took, whole)
			}
			rows = append(rows, painted, complete)
		}
		report(b, rows)
	}
}

// stopwatch notes when a page's data is complete, in milliseconds since it was
// asked for.
const stopwatch = `window.complete = new Promise((done) => {
	const look = () => {
		if (!document.querySelector("main :is(tbody tr, .rows li, [data-flame], svg[role=img], pre, .empty)")) return requestAnimationFrame(look);
		requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
	};
	addEventListener("DOMContentLoaded", look);
})`

// time opens a page and is how long it took.
func (tab *tab) time(path string) (painted, complete time.Duration) {
	tab.t.Helper()
	tab.visit(path)
	type times struct{ Painted, Complete float64 }
	took := eval[times](tab, `(async () => ({
		complete: await window.complete,
		painted: await new Promise((done) => new PerformanceObserver((list) => done(list.getEntries()[0].startTime)).observe({ type: "paint", buffered: true })),
	}))()`)
	return milliseconds(took.Painted), milliseconds(took.Complete)
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// BenchmarkArrival has traces arrive while the list of traces is open: how long
// each takes from its sending until its row is there.
func BenchmarkArrival(b *testing.B) {
	s := million(b)
	tab := open(b, s.origin, look{width: 1280})
	tab.visit("/traces")
	tab.waitUntil("the page is live", func() bool { return eval[bool](tab, `!document.querySelector("[data-live]").hidden`) })
	for b.Loop() {
		arrived := row{name: "traces", what: "a trace arrives", target: arrival}
		for i := range loads {
			spans := busy.Traces(uint64(1000+i), 1, time.Now())
			shown := make(chan float64)
			eval[any](tab, fmt.Sprintf(`window.shown = new Promise((done) => {
				const row = () => document.querySelector("tr[data-trace='%d']");
				const watch = new MutationObserver(() => { if (row()) { watch.disconnect(); done(performance.timeOrigin + performance.now()); } });
				watch.observe(document.body, { childList: true, subtree: true });
			}); 0`, spans[0].TraceID))
			go func() { shown <- eval[float64](tab, `window.shown`) }()
			sent := time.Now()
			s.send(spans)
			at := time.UnixMicro(int64(<-shown * 1000))
			arrived.took = append(arrived.took, at.Sub(sent))
		}
		report(b, []row{arrived})
	}
}

// A row is something that was measured several times, and what is to be reached
// at the 95th percentile.
type row struct {
	name, what string
	target     time.Duration
	took       []time.Duration
}

// at is what q of all, from 0 to 1, did not exceed.
func (r row) at(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(r.took))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// report prints a table, and reports the slowest of each kind.
func report(b *testing.B, rows []row) {
	b.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "p50 ms\tp95 ms\tto reach\t\t\n")
	slowest := map[string]float64{}
	for _, r := range rows {
		p50, p95, verdict := r.at(0.5), r.at(0.95), ""
		if p95 > r.target {
			verdict = "missed"
		}
		fmt.Fprintf(table, "%.0f\t%.0f\t%.0f\t%s\t  %s: %s\n", inMS(p50), inMS(p95), inMS(r.target), verdict, r.name, r.what)
		metric := "ms-" + strings.ReplaceAll(r.what, " ", "-") + "-slowest-p95"
		slowest[metric] = max(slowest[metric], inMS(p95))
	}
	_ = table.Flush() // a Builder takes everything
	b.Log("\n" + text.String())
	for metric, value := range slowest {
		b.ReportMetric(value, metric)
	}
	b.ReportMetric(0, "ns/op") // leaves it out
}

func inMS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
