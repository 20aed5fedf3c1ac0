package pages

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"thinker/shared/apm/tracegen"
)

// Targets.
const (
	firstPaint   = 200 * time.Millisecond // of any page
	dataComplete = 300 * time.Millisecond // of any page, at the 95th percentile
	largeOpen    = time.Second            // of a trace of 40,000 spans
)

// loads is the number of times that each page is opened.
const loads = 20

// BenchmarkPages opens each page of an apm with a million spans. It measures the time until
// something is painted, and until the data is complete: the document is parsed, its scripts
// have run, the first element with data exists, and two frames have been drawn since.
func BenchmarkPages(b *testing.B) {
	s := million(b)
	tab := open(b, s.origin, look{width: 1280})
	call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: stopwatch})
	for b.Loop() {
		var rows []row
		for _, target := range s.targets() {
			painted, complete := row{name: target.name, what: "first paint", target: firstPaint},
				row{name: target.name, what: "data complete", target: dataComplete}
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

// stopwatch records when a page's data is complete, in milliseconds since its request.
const stopwatch = `window.complete = new Promise((done) => {
	const look = () => {
		if (!document.querySelector("main :is(tbody tr, .rows li, [data-flame], svg[role=img], pre, .empty)")) return requestAnimationFrame(look);
		requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
	};
	addEventListener("DOMContentLoaded", look);
})`

// time opens a page and returns how long that took.
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

// A row is a repeated measurement, with the target for its 95th percentile.
type row struct {
	name, what string
	target     time.Duration
	took       []time.Duration
}

// at returns the quantile q, from 0 to 1.
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
		fmt.Fprintf(table, "%.0f\t%.0f\t%.0f\t%s\t  %s: %s\n", inMS(p50), inMS(p95), inMS(r.target), verdict, r.name,
			r.what)
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

// BenchmarkFlameGraph zooms and drags the flame graph of 40,000 spans, and reports the frames
// per second. The target is 30.
func BenchmarkFlameGraph(b *testing.B) {
	now := time.Now()
	s := serve(b, tracegen.Large(40_000, now))
	tab := open(b, s.origin, look{width: 1280})
	for b.Loop() {
		tab.visit(fmt.Sprintf("/trace/%d", tracegen.LargeID))
		if !eval[bool](tab, `document.querySelector("[data-flame]") !== null`) {
			b.Skip("the page of a trace has no flame graph")
		}
		middle := tab.spotIn("[data-flame]", 0.5, 0.3)
		mouse := func(p input.DispatchMouseEventParams) { call(tab, input.DispatchMouseEvent, p) }
		// The browser needs both deltas of a wheel event, and the client omits a 0.
		zoomed := tab.countFrames(func(i int) {
			delta := -60.0
			if i%40 >= 20 {
				delta = 60
			}
			mouse(input.DispatchMouseEventParams{Type: chromedp.MouseWheel, X: middle.X, Y: middle.Y, DeltaX: 0.01,
				DeltaY: delta})
		})
		for range 10 {
			mouse(input.DispatchMouseEventParams{Type: chromedp.MouseWheel, X: middle.X, Y: middle.Y, DeltaX: 0.01,
				DeltaY: -100})
		}
		mouse(input.DispatchMouseEventParams{Type: chromedp.MousePressed, X: middle.X, Y: middle.Y,
			Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
		dragged := tab.countFrames(func(i int) {
			mouse(input.DispatchMouseEventParams{Type: chromedp.MouseMoved, X: middle.X + float64(i*7%300) - 150,
				Y: middle.Y, Button: input.MouseButtonLeft, Buttons: 1})
		})
		mouse(input.DispatchMouseEventParams{Type: chromedp.MouseReleased, X: middle.X, Y: middle.Y,
			Button: input.MouseButtonLeft, ClickCount: 1})
		b.ReportMetric(zoomed, "fps-zooming")
		b.ReportMetric(dragged, "fps-dragging")
		b.ReportMetric(0, "ns/op") // leaves it out
		b.Logf("zooming %.0f, dragging %.0f frames a second; to reach: 30", zoomed, dragged)
	}
}

// countFrames repeats an action for two seconds, and returns the frames per second.
func (tab *tab) countFrames(does func(i int)) float64 {
	tab.t.Helper()
	eval[any](tab,
		`window.drawn = 0; (function count() { window.drawn++; window.counting = requestAnimationFrame(count); })(); 0`)
	began := time.Now()
	for i := 0; time.Since(began) < 2*time.Second; i++ {
		does(i)
	}
	frames := eval[float64](tab, `cancelAnimationFrame(window.counting); window.drawn`)
	return frames / time.Since(began).Seconds()
}

// million starts apm as a process and sends it a million spans of the last hour, and those of
// a busy system.
func million(b *testing.B) *site {
	b.Helper()
	dir := b.TempDir()
	program := filepath.Join(dir, "apm")
	if output,
		err := exec.Command("go", "build", "-o", program, "thinker/shared/apm/cmd/apm").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, output)
	}
	process := exec.Command(program, "--addr", "localhost:0", "--db", filepath.Join(dir, "traces"))
	output, err := process.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = process.Process.Kill() // an error means that it has ended
		_ = process.Wait()         // by a signal
	})
	lines := bufio.NewReader(output)
	line, err := lines.ReadString('\n')
	_, rest, listens := strings.Cut(line, "apm is listening on ")
	if !listens {
		b.Fatalf("apm does not listen: %q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // until it ends

	origin := strings.TrimSpace(rest)
	s := &site{t: b, origin: origin}
	if _, err := tracegen.Load(b.Context(),
		tracegen.LoadConfig{URL: origin, Spans: 1_000_000, Spread: time.Hour}); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	s.spans = append(tracegen.Large(40_000, now.Add(-time.Minute)), tracegen.Traces(1, 400, now)...)
	s.send(s.spans)
	return s
}
