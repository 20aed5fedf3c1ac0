package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/internal/stats"
)

// A histogram is a graph of the distribution of latency on a logarithmic axis, with
// percentiles marked, and a table of the same figures.
type histogram struct {
	Bars    []histogramBar
	Marks   []percentileMark
	Ticks   []tick
	Y       []mark
	Summary string
}

type histogramBar struct {
	X, Y, Width, Height string // in percent
	From, To            string
	Requests            string
	Title               string // the hover text
	URL                 string // of the traces of these requests; may be empty
}

// A percentileMark is a line at a percentile.
type percentileMark struct {
	X, Y, Label, Anchor string
}

// A latencyAxis divides latencies evenly by their logarithm.
type latencyAxis struct {
	lowest, highest float64 // nanoseconds
	bins            int
}

// newLatencyAxis covers all the latencies. It is no finer than they are known,
// which is to 1 %.
func newLatencyAxis(all ...[]stats.Latency) latencyAxis {
	const bins, finest = 48, 1.025
	lowest, highest := math.Inf(1), 0.0
	for _, latencies := range all {
		for _, l := range latencies {
			lowest, highest = min(lowest, float64(max(1, l.Duration))), max(highest, float64(max(1, l.Duration)))
		}
	}
	if highest == 0 {
		lowest, highest = float64(time.Millisecond), float64(time.Second)
	}
	lowest, highest = lowest/1.05, highest*1.05
	if least := math.Pow(finest, bins); highest/lowest < least {
		middle := math.Sqrt(lowest * highest)
		lowest, highest = middle/math.Sqrt(least), middle*math.Sqrt(least)
	}
	return latencyAxis{lowest, highest, bins}
}

// at is where a latency stands on the axis, in percent.
func (a latencyAxis) at(d time.Duration) float64 {
	x := math.Log(max(1, float64(d))/a.lowest) / math.Log(a.highest/a.lowest)
	return 100 * min(1, max(0, x))
}

// edge is the latency with which a bin begins, to four digits.
func (a latencyAxis) edge(bin int) time.Duration {
	exact := a.lowest * math.Pow(a.highest/a.lowest, float64(bin)/float64(a.bins))
	unit := math.Max(1, math.Pow(10, math.Floor(math.Log10(exact))-3))
	return time.Duration(min(math.Round(exact/unit)*unit, math.Nextafter(math.MaxInt64, 0)))
}

// count puts latencies into the axis' bins.
func (a latencyAxis) count(latencies []stats.Latency) []int {
	counts := make([]int, a.bins)
	bin := 0
	for _, l := range latencies { // the shortest first
		for bin < a.bins-1 && l.Duration >= a.edge(bin+1) {
			bin++
		}
		counts[bin] += l.Requests
	}
	return counts
}

// ticks marks the axis at round latencies, at most about ten.
func (a latencyAxis) ticks() (ticks []tick) {
	decades := math.Log10(a.highest / a.lowest)
	for unit := math.Pow(10, math.Floor(math.Log10(a.lowest))); unit < a.highest; unit *= 10 {
		for _, n := range []float64{1, 2, 5} {
			d := time.Duration(n * unit)
			if float64(d) < a.lowest || float64(d) > a.highest || decades > 3 && n != 1 {
				continue
			}
			t := tick{X: coordinate(a.at(d)), Label: format.Duration(d), Anchor: "middle", Minor: n == 2}
			if a.at(d) > 96 {
				t.Anchor = "end"
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// bar is a bin's, of n requests, from y on downwards, in percent. url gives the
// address of the traces whose requests took from and less than to; as latencies
// are known to 1 % only, it is asked for a little more than the bar shows.
func (a latencyAxis) bar(bin, n int, y, height float64, url func(from, to time.Duration) string) histogramBar {
	from, to := a.edge(bin), a.edge(bin+1)
	title := format.Duration(from) + " – " + format.Duration(to) + ": " + format.Count(n, "request", "requests")
	return histogramBar{
		Title: title,
		X:     coordinate(100 * (float64(bin) + .06) / float64(a.bins)), Width: coordinate(100 * .88 / float64(a.bins)),
		Y: coordinate(y), Height: coordinate(height),
		From: format.Duration(from), To: format.Duration(to), Requests: format.Number(n), URL: url(from-from/100, to+to/100),
	}
}

// newHistogram draws latencies. url gives the address of a bar's traces.
func newHistogram(latencies []stats.Latency, f stats.Figures, url func(from, to time.Duration) string) *histogram {
	along := newLatencyAxis(latencies)
	h := &histogram{Ticks: along.ticks()}
	counts := along.count(latencies)
	var top float64
	h.Y, top = axis(float64(slices.Max(counts)), countText)
	for i, n := range counts {
		if n == 0 {
			continue
		}
		height := max(1.5, 100*float64(n)/top)
		h.Bars = append(h.Bars, along.bar(i, n, 100-height, height, url))
	}
	h.Marks = along.percentiles(f)
	h.Summary = fmt.Sprintf("%s · p50 %s · p95 %s · p99 %s · max %s",
		format.Count(f.Requests, "request", "requests"), format.Duration(f.P50), format.Duration(f.P95), format.Duration(f.P99), format.Duration(f.Max))
	return h
}

// percentiles marks them on the axis.
func (a latencyAxis) percentiles(f stats.Figures) (marks []percentileMark) {
	for i, p := range []struct {
		name string
		at   time.Duration
	}{{"p50", f.P50}, {"p95", f.P95}, {"p99", f.P99}} {
		m := percentileMark{X: coordinate(a.at(p.at)), Y: strconv.Itoa(10 + 12*i), Label: p.name, Anchor: "start"}
		if a.at(p.at) > 94 {
			m.Anchor = "end"
		}
		marks = append(marks, m)
	}
	return marks
}
